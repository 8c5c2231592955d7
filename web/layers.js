// The regions on all pages: a layer each.

import {$, el} from "./dom.js";
import {Layer, place} from "./layer.js";

// Dispatches "hover" with {page, at}, as Layer does.
export class Layers extends EventTarget {
    drawing = true;
    light = el("div", {class: "light", hidden: true}); // a place that is pointed at elsewhere
    #layers = []; // of each page
    #near = new Set(); // those of pages that are in sight, or almost

    constructor(regions) {
        super();
        this.regions = regions;
        regions.addEventListener("change", () => this.#near.forEach((layer) => layer.show()));
    }

    // Gives the nodes of as many pages.
    open(pages) {
        this.#near.clear();
        this.#layers = Array.from({length: pages}, (_, i) => {
            const layer = new Layer(i + 1, this.regions, this);
            layer.addEventListener("hover", ({detail}) => this.dispatchEvent(new CustomEvent("hover", {detail})));
            return layer;
        });
        return this.#layers.map((layer) => layer.node);
    }

    // Whether a page is near: others show nothing.
    near(page, is) {
        const layer = this.#layers[page - 1];
        this.#near[is ? "add" : "delete"](layer);
        layer.show(is);
    }

    setDrawing(on) {
        this.drawing = on;
        $("stage").classList.toggle("drawing", on);
    }

    // page: on which one, of a region of every page.
    focus(region, page) {
        this.near(page, true);
        this.#layers[page - 1].focus(region);
    }

    // Lights a place up; box null: nothing.
    highlight(page, box) {
        this.light.hidden = box === null;
        if (box === null)
            return;
        this.#layers[page - 1].node.append(this.light);
        place(this.light, box);
    }
}
