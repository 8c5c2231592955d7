// The regions as a list: name, type, page, removal.

import {$, el} from "./dom.js";
import {EVERY_PAGE, TYPES, labelOf} from "./regions.js";

const SURE = 0.8; // of a region that was found

export class RegionList {
    #rows = new Map();

    // onShow(region) brings a region's page into view; onEvery(region, on) marks it on every page, or
    // on one again.
    constructor(regions, onShow, onEvery) {
        Object.assign(this, {regions, onShow, onEvery});
        $("clear").onclick = () => regions.clear();
        regions.addEventListener("settle", () => this.show());
        this.show();
    }

    show() {
        const items = this.regions.items, there = new Set(items);
        for (const [region, row] of this.#rows) {
            if (there.has(region))
                continue;
            row.remove();
            this.#rows.delete(region);
        }
        for (const region of items)
            this.#showRow(region);
        $("no-regions").hidden = items.length > 0;
        $("clear").hidden = items.length === 0;
    }

    #showRow(region) {
        const row = this.#rows.get(region) ?? this.#makeRow(region);
        const {name, type, where, every} = row.parts;
        const label = labelOf(region.id, region.type);
        const state = JSON.stringify([region.id, region.type, region.page, this.regions.selected === region]);
        if (row.state === state)
            return;
        row.state = state;
        if (name !== document.activeElement)
            name.value = label;
        type.value = region.type;
        where.firstChild.textContent = region.page === EVERY_PAGE ? "" : `Page ${region.page}${region.job && region.job.confidence < 1 ? ", found" : ""}${region.job?.confidence < SURE ? ", unsure" : ""}`;
        every.checked = region.page === EVERY_PAGE;
        every.setAttribute("aria-label", `${label} on every page`);
        type.setAttribute("aria-label", `Type of ${label}`);
        row.parts.remove.setAttribute("aria-label", `Remove ${label}`);
        row.parts.show.setAttribute("aria-label", `Show ${label} on the page`);
        row.dataset.type = region.type;
        row.classList.toggle("selected", this.regions.selected === region);
    }

    #makeRow(region) {
        const name = el("input", {type: "text", maxlength: "60", "aria-label": "Name of the region",
            onchange: () => this.#rename(region, name)});
        const type = el("select", {onchange: () => this.regions.update(region, {type: type.value})},
            ...TYPES.map((t) => el("option", {value: t}, t)));
        const every = el("input", {type: "checkbox", onchange: () => this.onEvery(region, every.checked)});
        const where = el("span", {class: "where"}, el("span"),
            region.job ? null : el("label", {class: "check"}, every, "Every page"));
        const remove = el("button", {type: "button", class: "quiet small", onclick: () => this.regions.remove(region)}, "✕");
        const show = el("button", {type: "button", class: "quiet small swatch-button", onclick: () => this.onShow(region)});
        const row = el("li", {}, show, name, type, remove, where);
        row.parts = {name, type, where, every, remove, show};
        this.#rows.set(region, row);
        $("region-list").append(row);
        return row;
    }

    #rename(region, input) {
        if (input.value.trim() === labelOf(region.id, region.type))
            return;
        const id = this.regions.freeId(input.value, region);
        input.value = id;
        this.regions.update(region, {id});
    }
}
