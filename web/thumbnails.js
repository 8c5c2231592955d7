// The pages in small, to go to.

import {$, el} from "./dom.js";
import {passing} from "./api.js";
import {EVERY_PAGE} from "./regions.js";

const WIDTH = 200;
const RETRY_MS = 5000; // until one that did not come is asked for again

// As scrollIntoView() of the least way, but the window stays where it is.
function keepInSight(box, node) {
    const b = box.getBoundingClientRect(), n = node.getBoundingClientRect();
    box.scrollTop += Math.min(n.top - b.top, 0) + Math.max(n.bottom - b.bottom, 0);
    box.scrollLeft += Math.min(n.left - b.left, 0) + Math.max(n.right - b.right, 0);
}

export class Thumbnails {
    // onGo(page) is told which one is chosen.
    constructor(images, onGo) {
        Object.assign(this, {images, onGo});
        this.observer = new IntersectionObserver((entries) => this.#seen(entries), {rootMargin: "200px"});
    }

    open(pages) {
        this.observer.disconnect();
        for (const image of $("thumbnails").querySelectorAll("img"))
            this.images.drop(image);
        $("thumbnails").replaceChildren(...pages.map((p) => this.#make(p)));
    }

    #make({page, width, height}) {
        const image = el("img", {alt: ""});
        image.style.aspectRatio = `${width} / ${height}`;
        image.page = page;
        this.observer.observe(image);
        return el("button", {type: "button", "data-page": page, onclick: () => this.onGo(page)},
            image, el("span", {class: "number"}, el("span", {class: "hidden-text"}, "Page "), String(page)),
            el("span", {class: "count"}));
    }

    #seen(entries) {
        for (const {target: image} of entries.filter((e) => e.isIntersecting)) {
            this.observer.unobserve(image);
            this.images.want(image, image.page, WIDTH, {
                onFail: (e) => passing(e) && setTimeout(() => this.observer.observe(image), RETRY_MS)});
        }
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

    showPage(page) {
        $("thumbnails").querySelector("[aria-current]")?.removeAttribute("aria-current");
        const button = $("thumbnails").children[page - 1];
        button.setAttribute("aria-current", "page");
        keepInSight($("thumbnails"), button);
    }
}
