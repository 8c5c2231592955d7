// The pages: thumbnails, the page that is shown, its size.

import {$, el, percent, showProblem} from "./dom.js";
import {passing} from "./api.js";
import {EVERY_PAGE} from "./regions.js";

const WIDTHS = [200, 400, 800, 1200, 1600, 2400]; // what the service draws
const THUMBNAIL = 200;
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
const AT_ONCE = 3; // thumbnails that are fetched
const PAUSE_MS = 200; // between two turns of the wheel that are meant as two
const RETRY_MS = 5000; // until one that did not come is asked for again

export class Viewer extends EventTarget {
    pages = []; // {page, width, height}
    page = 1;
    zoom = 1;
    #pdf = "";
    #urls = new Map(); // "page-width" -> blob URL
    #queue = [];
    #loading = 0;
    #wheeled = -Infinity; // when the wheel turned last, ms
    #generation = 0;

    constructor(api) {
        super();
        this.api = api;
        this.stage = $("stage");
        this.observer = new IntersectionObserver((entries) => this.#seen(entries), {rootMargin: "200px"});
        $("previous").onclick = () => this.go(this.page - 1);
        $("next").onclick = () => this.go(this.page + 1);
        $("page-number").onchange = () => this.#goTo(Number($("page-number").value));
        $("page-number").onfocus = () => $("page-number").select();
        this.stage.addEventListener("keydown", (e) => this.#key(e));
        this.stage.addEventListener("wheel", (e) => this.#wheel(e), {passive: false});
        $("zoom-in").onclick = () => this.setZoom(ZOOMS.find((z) => z > this.zoom) ?? this.zoom);
        $("zoom-out").onclick = () => this.setZoom(ZOOMS.findLast((z) => z < this.zoom) ?? this.zoom);
        $("zoom-fit").onclick = () => this.setZoom(1);
        new ResizeObserver(() => this.#fit()).observe(this.stage);
    }

    open(pdf, pages) {
        this.#generation++;
        for (const url of this.#urls.values())
            URL.revokeObjectURL(url);
        this.#urls.clear();
        this.#queue = [];
        this.#pdf = pdf;
        this.pages = pages;
        this.observer.disconnect();
        $("thumbnails").replaceChildren(...pages.map((p) => this.#thumbnail(p)));
        this.zoom = 1;
        this.page = 0;
        this.go(1);
    }

    #thumbnail({page, width, height}) {
        const image = el("img", {alt: ""});
        image.style.aspectRatio = `${width} / ${height}`;
        image.page = page;
        this.observer.observe(image);
        return el("button", {type: "button", "data-page": page, onclick: () => this.go(page)},
            image, el("span", {class: "number"}, el("span", {class: "hidden-text"}, "Page "), String(page)),
            el("span", {class: "count"}));
    }

    // counts: page, or EVERY_PAGE -> number of regions.
    showCounts(counts) {
        for (const button of $("thumbnails").children) {
            const n = (counts.get(Number(button.dataset.page)) ?? 0) + (counts.get(EVERY_PAGE) ?? 0);
            if (Number(button.dataset.count ?? 0) === n)
                continue;
            button.dataset.count = n;
            button.lastChild.replaceChildren(...(n ? [String(n), el("span", {class: "hidden-text"}, " marked")] : []));
        }
    }

    go(page) {
        if (page < 1 || page > this.pages.length || page === this.page)
            return;
        this.page = page;
        $("page-number").value = String(page);
        $("page-count").textContent = ` / ${this.pages.length}`;
        $("previous").disabled = page === 1;
        $("next").disabled = page === this.pages.length;
        for (const button of $("thumbnails").children) {
            const here = Number(button.dataset.page) === page;
            if (here) {
                button.setAttribute("aria-current", "page");
                button.scrollIntoView({block: "nearest", inline: "nearest"});
            } else {
                button.removeAttribute("aria-current");
            }
        }
        const image = $("page-image");
        image.removeAttribute("src");
        image.alt = `Page ${page}`;
        this.stage.scrollTo(0, 0);
        this.#fit();
        this.dispatchEvent(new Event("page"));
    }

    // Of what was typed: the page that is nearest.
    #goTo(wanted) {
        if (Number.isInteger(wanted))
            this.go(Math.min(Math.max(wanted, 1), this.pages.length));
        $("page-number").value = String(this.page);
    }

    #key(e) {
        const to = {PageUp: this.page - 1, PageDown: this.page + 1, Home: 1, End: this.pages.length}[e.key];
        if (to === undefined || e.target !== this.stage)
            return;
        this.go(to);
        e.preventDefault();
    }

    // A turn that begins at an end of the page goes on to the next; one that only arrives there does not.
    #wheel(e) {
        const begun = e.timeStamp - this.#wheeled > PAUSE_MS;
        this.#wheeled = e.timeStamp;
        const {scrollTop, scrollHeight, clientHeight} = this.stage, down = e.deltaY > 0;
        const ended = down ? scrollTop + clientHeight >= scrollHeight - 1 : scrollTop <= 0;
        const to = this.page + (down ? 1 : -1);
        if (!begun || !ended || e.deltaY === 0 || e.ctrlKey || to < 1 || to > this.pages.length)
            return;
        e.preventDefault();
        this.go(to);
        this.stage.scrollTo(0, down ? 0 : this.stage.scrollHeight);
    }

    setZoom(zoom) {
        this.zoom = zoom;
        this.#fit();
    }

    #fit() {
        const size = this.pages[this.page - 1];
        const style = getComputedStyle(this.stage);
        const room = this.stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        if (!size || room < 1)
            return;
        const width = Math.round(room * this.zoom);
        $("sheet").style.width = `${width}px`;
        $("sheet").style.aspectRatio = `${size.width} / ${size.height}`;
        $("zoom-fit").textContent = percent(this.zoom);
        $("zoom-fit").setAttribute("aria-label", `${percent(this.zoom)}, fit the page's width`);
        this.#show(this.page, WIDTHS.find((w) => w >= width * devicePixelRatio) ?? WIDTHS.at(-1));
    }

    // Shows the page's image; a smaller one stays in its place until it has come.
    async #show(page, width) {
        const image = $("page-image");
        const key = `${page}-${width}`;
        if (image.dataset.shown === key && image.src)
            return;
        image.dataset.wanted = key;
        $("sheet").classList.toggle("waiting", !image.src);
        try {
            const url = await this.#image(page, width);
            if (url && image.dataset.wanted === key) {
                image.src = url;
                image.dataset.shown = key;
            }
        } catch (e) {
            if (image.dataset.wanted === key)
                showProblem(e, () => this.#show(page, width));
        } finally {
            if (image.dataset.wanted === key)
                $("sheet").classList.remove("waiting");
        }
    }

    async #image(page, width) {
        const key = `${page}-${width}`, generation = this.#generation;
        if (!this.#urls.has(key)) {
            const blob = await this.api.blob(`/documents/${this.#pdf}/pages/${page}.png?width=${width}`);
            if (generation !== this.#generation)
                return null;
            this.#urls.set(key, URL.createObjectURL(blob));
        }
        return this.#urls.get(key);
    }

    #seen(entries) {
        for (const entry of entries.filter((e) => e.isIntersecting)) {
            this.observer.unobserve(entry.target);
            this.#queue.push(entry.target);
        }
        this.#loadNext();
    }

    async #loadNext() {
        while (this.#loading < AT_ONCE && this.#queue.length > 0) {
            const image = this.#queue.shift();
            this.#loading++;
            this.#image(image.page, THUMBNAIL)
                .then((url) => { if (url) image.src = url; })
                .catch((e) => passing(e) && setTimeout(() => this.observer.observe(image), RETRY_MS))
                .finally(() => { this.#loading--; this.#loadNext(); });
        }
    }
}
