// The pages, one below the other: which is looked at, and their size.

import {$, el, percent, showProblem} from "./dom.js";
import {passing} from "./api.js";
import {PageImages} from "./page_images.js";
import {Thumbnails} from "./thumbnails.js";

const WIDTHS = [200, 400, 800, 1200, 1600, 2400]; // what the service draws
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
const LOOKED_AT = 1 / 3; // of the stage's height: the page that is there
const RETRY_MS = 5000; // until a page that did not come is asked for again

export class Viewer {
    pages = []; // {page, width, height}
    page = 1; // the one that is looked at
    zoom = 1;
    #sheets = []; // the nodes of the pages
    #width = 0; // of a page, in pixels
    #aim = NaN; // where this has scrolled to, not somebody

    constructor(api, layers) {
        this.layers = layers;
        this.stage = $("stage");
        this.images = new PageImages(api);
        this.thumbnails = new Thumbnails(this.images, (page) => {
            this.go(page);
            this.#scrollTo(this.#sheets[page - 1].offsetTop);
        });
        this.observer = new IntersectionObserver((entries) => this.#near(entries), {root: this.stage, rootMargin: "100% 0px"});
        $("previous").onclick = () => this.go(this.page - 1);
        $("next").onclick = () => this.go(this.page + 1);
        $("page-number").onchange = () => this.#goTo(Number($("page-number").value));
        $("page-number").onfocus = () => $("page-number").select();
        this.stage.addEventListener("keydown", (e) => this.#key(e));
        this.stage.addEventListener("scroll", () => this.#scrolled());
        $("zoom-in").onclick = () => this.setZoom(ZOOMS.find((z) => z > this.zoom) ?? this.zoom);
        $("zoom-out").onclick = () => this.setZoom(ZOOMS.findLast((z) => z < this.zoom) ?? this.zoom);
        $("zoom-fit").onclick = () => this.setZoom(1);
        new ResizeObserver(() => this.#fit()).observe(this.stage);
    }

    open(pdf, pages) {
        this.observer.disconnect();
        for (const sheet of this.#sheets)
            this.images.drop(sheet.firstChild);
        this.pages = pages;
        this.images.open(pdf);
        this.thumbnails.open(pages);
        const layers = this.layers.open(pages.length);
        this.#sheets = pages.map((p, i) => this.#sheet(p, layers[i]));
        $("strip").replaceChildren(...this.#sheets);
        this.#sheets.forEach((sheet) => this.observer.observe(sheet));
        this.zoom = 1;
        this.page = 0;
        this.#fit();
        this.go(1);
    }

    #sheet({page, width, height}, layer) {
        const node = el("div", {class: "sheet", "data-page": page}, el("img", {class: "page-image", alt: `Page ${page}`}), layer);
        node.style.aspectRatio = `${width} / ${height}`;
        return node;
    }

    // --- which page ---

    go(page) {
        if (page < 1 || page > this.pages.length || page === this.page)
            return;
        this.#look(page);
        this.#scrollTo(this.#sheets[page - 1].offsetTop);
    }

    #look(page) {
        this.#sheets[this.page - 1]?.classList.remove("current");
        this.page = page;
        this.#sheets[page - 1].classList.add("current");
        $("page-number").value = String(page);
        $("page-count").textContent = ` / ${this.pages.length}`;
        $("previous").disabled = page === 1;
        $("next").disabled = page === this.pages.length;
        this.thumbnails.showPage(page);
        this.#show(page);
    }

    #scrollTo(top) {
        this.stage.scrollTop = top;
        this.#aim = this.stage.scrollTop;
    }

    // A short page at the end may be gone to without being where pages are looked at.
    #scrolled() {
        const {scrollTop, scrollHeight, clientHeight} = this.stage;
        if (this.#sheets.length === 0 || Math.abs(scrollTop - this.#aim) < 2)
            return;
        this.#aim = NaN;
        const line = scrollTop + clientHeight * LOOKED_AT, ended = scrollTop + clientHeight >= scrollHeight - 1;
        const there = ended ? -1 : this.#sheets.findIndex((s) => s.offsetTop + s.offsetHeight > line);
        const page = there < 0 ? this.#sheets.length : there + 1;
        if (page !== this.page)
            this.#look(page);
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

    // --- how large ---

    setZoom(zoom) {
        this.zoom = zoom;
        this.#fit();
    }

    // What is looked at stays where it is.
    #fit() {
        const style = getComputedStyle(this.stage);
        const room = this.stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        const width = Math.round(room * this.zoom), sheet = this.#sheets[this.page - 1];
        if (this.#sheets.length === 0 || room < 1)
            return;
        const part = sheet ? (this.stage.scrollTop - sheet.offsetTop) / sheet.offsetHeight : 0;
        this.#width = width;
        $("strip").style.width = `${width}px`;
        $("zoom-fit").textContent = percent(this.zoom);
        $("zoom-fit").setAttribute("aria-label", `${percent(this.zoom)}, fit the page's width`);
        if (sheet)
            this.#scrollTo(sheet.offsetTop + part * sheet.offsetHeight);
        this.#sheets.filter((s) => s.classList.contains("near")).forEach((s) => this.#show(Number(s.dataset.page)));
    }

    // --- their images ---

    // Those that are near have an image and regions; others are room for them.
    #near(entries) {
        for (const {target: sheet, isIntersecting: near} of entries) {
            const page = Number(sheet.dataset.page);
            sheet.classList.toggle("near", near);
            this.layers.near(page, near);
            if (near)
                this.#show(page);
            else
                this.images.drop(sheet.firstChild);
        }
    }

    #show(page) {
        const width = WIDTHS.find((w) => w >= this.#width * devicePixelRatio) ?? WIDTHS.at(-1);
        this.images.want(this.#sheets[page - 1].firstChild, page, width, {first: page === this.page, onFail: (e) => this.#failed(e, page)});
    }

    // What nobody looks at is asked for again when somebody does.
    #failed(e, page) {
        if (page === this.page)
            showProblem(e, () => this.#show(page));
        else if (passing(e))
            setTimeout(() => this.#sheets[page - 1]?.classList.contains("near") && this.#show(page), RETRY_MS);
    }
}
