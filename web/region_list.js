// The regions as a list: name, type, page, removal.

import {$, el, percent} from "./dom.js";
import {TYPES} from "./regions.js";

export class RegionList {
    #rows = new Map();

    // onShow(region) brings a region's page into view.
    constructor(regions, onShow) {
        this.regions = regions;
        this.onShow = onShow;
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
        const {name, type, where} = row.parts;
        const state = JSON.stringify([region.id, region.type, region.page, this.regions.selected === region]);
        if (row.state === state)
            return;
        row.state = state;
        if (name !== document.activeElement)
            name.value = region.id;
        type.value = region.type;
        where.textContent = `Page ${region.page}${region.job && region.job.confidence < 1 ? `, found (${percent(region.job.confidence)})` : ""}`;
        type.setAttribute("aria-label", `Type of ${region.id}`);
        row.parts.remove.setAttribute("aria-label", `Remove ${region.id}`);
        row.parts.show.setAttribute("aria-label", `Show ${region.id} on the page`);
        row.dataset.type = region.type;
        row.classList.toggle("selected", this.regions.selected === region);
    }

    #makeRow(region) {
        const name = el("input", {type: "text", maxlength: "60", "aria-label": "Name of the region",
            onchange: () => this.#rename(region, name)});
        const type = el("select", {onchange: () => this.regions.update(region, {type: type.value})},
            ...TYPES.map((t) => el("option", {value: t}, t)));
        const where = el("span", {class: "where"});
        const remove = el("button", {type: "button", class: "quiet small", onclick: () => this.regions.remove(region)}, "✕");
        const show = el("button", {type: "button", class: "quiet small swatch-button", onclick: () => this.onShow(region)});
        const row = el("li", {}, show, name, type, remove, where);
        row.parts = {name, type, where, remove, show};
        this.#rows.set(region, row);
        $("region-list").append(row);
        return row;
    }

    #rename(region, input) {
        const id = this.regions.freeId(input.value, region);
        input.value = id;
        this.regions.update(region, {id});
    }
}
