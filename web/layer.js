// The regions over a page's image: drawing, moving and resizing with mouse, touch and keyboard.

import {el, say} from "./dom.js";
import {SMALLEST, boxBetween, labelOf, movedBox, resizedBox} from "./regions.js";

const EDGES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const TAG_WIDTH = 82; // pixels
const STEP = 0.005, FINE = 0.001; // of the page, a key press
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

export function place(node, box) {
    node.style.left = `${box.x * 100}%`;
    node.style.top = `${box.y * 100}%`;
    node.style.width = `${box.w * 100}%`;
    node.style.height = `${box.h * 100}%`;
}

// Of one page. Dispatches "hover" with where the pointer is on it; null: it has left.
export class Layer extends EventTarget {
    #nodes = new Map(); // region -> its box on the page
    #drag = null;

    // mode: {drawing}, whether a drag on the page draws.
    constructor(page, regions, mode) {
        super();
        Object.assign(this, {page, regions, mode});
        this.rubber = el("div", {class: "rubber", hidden: true});
        const node = this.node = el("div", {class: "layer"}, this.rubber);
        node.addEventListener("pointerdown", (e) => this.#press(e));
        node.addEventListener("pointermove", (e) => this.#move(e));
        node.addEventListener("pointerup", (e) => this.#release(e));
        node.addEventListener("pointercancel", () => this.#cancel());
        node.addEventListener("pointerleave", () => this.#hover(null));
        node.addEventListener("keydown", (e) => this.#key(e));
        node.addEventListener("focusin", (e) => this.#focus(e));
    }

    #hover(at) {
        this.dispatchEvent(new CustomEvent("hover", {detail: {page: this.page, at}}));
    }

    // --- showing ---

    // is false: the page is far from sight, and what has the focus there is all that is kept.
    show(is = true) {
        const here = new Set(this.regions.onPage(this.page).filter((r) => is || this.#nodes.get(r) === document.activeElement));
        for (const [region, node] of this.#nodes) {
            if (here.has(region))
                continue;
            node.remove();
            this.#nodes.delete(region);
        }
        for (const region of here)
            this.#showRegion(region);
    }

    #showRegion(region) {
        let node = this.#nodes.get(region);
        if (!node) {
            node = el("div", {class: "region", role: "button", tabindex: "0",
                "aria-describedby": "region-keys"}, el("span", {class: "tag"}),
                ...EDGES.map((edge) => el("span", {class: `handle ${edge}`, "data-edge": edge})));
            node.region = region;
            this.#nodes.set(region, node);
            this.node.append(node);
        }
        place(node, region.box);
        // Its name stands in the margin, or where that is too narrow above it, or below it.
        node.classList.toggle("beside", region.box.x * this.node.clientWidth > TAG_WIDTH);
        node.classList.toggle("top", region.box.y < 0.03);
        node.dataset.type = region.type;
        node.classList.toggle("selected", this.regions.selected === region);
        node.setAttribute("aria-label", `${labelOf(region.id, region.type)}, ${region.type}`);
        node.firstChild.textContent = labelOf(region.id, region.type);
    }

    focus(region) {
        this.#nodes.get(region)?.focus();
    }

    // --- pointer ---

    point(e) {
        const r = this.node.getBoundingClientRect();
        return {x: (e.clientX - r.left) / r.width, y: (e.clientY - r.top) / r.height};
    }

    #press(e) {
        if (e.button !== 0 || this.#drag)
            return;
        const node = e.target.closest(".region");
        const was = this.regions.selected;
        if (node) {
            this.regions.select(node.region);
            node.focus({preventScroll: true});
            // A finger on a region that is not selected yet may be about to scroll.
            if (e.pointerType === "touch" && was !== node.region)
                return;
            this.#drag = {region: node.region, from: this.point(e), box: node.region.box,
                edge: e.target.dataset.edge};
        } else {
            this.regions.select(null);
            if (!this.mode.drawing)
                return;
            this.#drag = {from: this.point(e)};
        }
        this.node.setPointerCapture(e.pointerId);
        e.preventDefault();
    }

    #move(e) {
        const d = this.#drag;
        this.#hover(this.point(e));
        if (!d)
            return;
        const to = this.point(e), dx = to.x - d.from.x, dy = to.y - d.from.y;
        if (!d.region) {
            d.box = boxBetween(d.from, to);
            this.rubber.hidden = false;
            place(this.rubber, d.box);
        } else {
            this.regions.update(d.region, {box: d.edge ? resizedBox(d.box, d.edge, dx, dy)
                : movedBox(d.box, dx, dy)});
        }
    }

    #release() {
        const d = this.#drag;
        this.#cancel();
        if (d && !d.region && d.box && d.box.w > SMALLEST && d.box.h > SMALLEST)
            this.focus(this.regions.add(this.page, d.box));
    }

    #cancel() {
        this.#drag = null;
        this.rubber.hidden = true;
    }

    // --- keyboard ---

    #focus(e) {
        if (e.target.region)
            this.regions.select(e.target.region);
    }

    #key(e) {
        const region = e.target.region;
        if (!region)
            return;
        if (ARROWS[e.key]) {
            const [x, y] = ARROWS[e.key], step = e.altKey ? FINE : STEP;
            const change = e.shiftKey ? resizedBox(region.box, "se", x * step, y * step)
                : movedBox(region.box, x * step, y * step);
            this.regions.update(region, {box: change});
        } else if (e.key === "Delete" || e.key === "Backspace") {
            this.regions.remove(region);
            say(`${labelOf(region.id, region.type)} is removed.`);
            this.node.closest(".stage").focus();
        } else if (e.key === "Escape") {
            this.regions.select(null);
            this.node.closest(".stage").focus();
        } else {
            return;
        }
        e.preventDefault();
    }
}
