// The regions of the document: what is marked, what a job found, and what was changed since.

export const TYPES = ["auto", "table", "form", "text"];
const WORDS = {table: "Table", form: "Form", text: "Text", auto: "Region"};

export const EVERY_PAGE = "all"; // a region's page, as the service calls it

// What a person calls it: a name of the service's own (region-0) becomes "Table 1"; one of a region
// of every page (Total-page-2) "Total, page 2".
export function labelOf(id, type) {
    const [, name, page] = /^(.+?)(?:-page-(\d+))?$/s.exec(id);
    const own = /^region-(\d+)$/.exec(name);
    const label = own ? `${WORDS[type] ?? "Region"} ${Number(own[1]) + 1}` : name;
    return page ? `${label}, page ${page}` : label;
}

export const SMALLEST = 0.005; // of the page

const ID_BYTES = 64;
const round = (n) => Math.round(n * 1e5) / 1e5;
const within = (n, most) => Math.min(Math.max(n, 0), most);

const tidy = ({x, y, w, h}) => ({x: round(x), y: round(y), w: round(w), h: round(h)});

export const sameBox = (a, b) => ["x", "y", "w", "h"].every((k) => Math.abs(a[k] - b[k]) < 1e-4);

export const sameSize = (a, b) => ["w", "h"].every((k) => Math.abs(a[k] - b[k]) < 1e-4);

export function boxBetween(a, b) {
    const x = within(Math.min(a.x, b.x), 1), y = within(Math.min(a.y, b.y), 1);
    return tidy({x, y, w: within(Math.max(a.x, b.x), 1) - x, h: within(Math.max(a.y, b.y), 1) - y});
}

export const movedBox = (b, dx, dy) =>
    tidy({...b, x: within(b.x + dx, 1 - b.w), y: within(b.y + dy, 1 - b.h)});

// edge: which sides move, of "n", "s", "e", "w" and their pairs.
export function resizedBox(b, edge, dx, dy) {
    let [left, top, right, bottom] = [b.x, b.y, b.x + b.w, b.y + b.h];
    if (edge.includes("w"))
        left = within(Math.min(left + dx, right - SMALLEST), 1);
    if (edge.includes("e"))
        right = within(Math.max(right + dx, left + SMALLEST), 1);
    if (edge.includes("n"))
        top = within(Math.min(top + dy, bottom - SMALLEST), 1);
    if (edge.includes("s"))
        bottom = within(Math.max(bottom + dy, top + SMALLEST), 1);
    return tidy({x: left, y: top, w: right - left, h: bottom - top});
}

const bytes = (text) => new TextEncoder().encode(text).length;

// A region: {id, page, type, box, job}. page may be EVERY_PAGE. job is what the last job made of it ({id, page, type, box,
// confidence}), or null for one that is new. Every change dispatches "change" at once, and
// "settle" when the next frame is drawn: for what would be slow to follow a drag.
export class Regions extends EventTarget {
    #frame = 0;
    items = [];
    removed = []; // those of the job that were removed
    selected = null;

    changed() {
        this.dispatchEvent(new Event("change"));
        this.#frame ||= requestAnimationFrame(() => {
            this.#frame = 0;
            this.dispatchEvent(new Event("settle"));
        });
    }

    // The wanted name, made short enough and unlike the others'.
    freeId(wanted, except = null) {
        const taken = new Set([...this.items, ...this.removed].filter((r) => r !== except).map((r) => r.id));
        let base = wanted.trim();
        while (bytes(base) > ID_BYTES - 5)
            base = [...base].slice(0, -1).join("");
        if (base && !taken.has(base))
            return base;
        for (let n = base ? 2 : 1; ; n++) {
            const id = base ? `${base} ${n}` : `Region ${n}`;
            if (!taken.has(id))
                return id;
        }
    }

    add(page, box, type = "auto") {
        const region = {id: this.freeId(""), page, type, box: tidy(box), job: null};
        this.items.push(region);
        this.selected = region;
        this.changed();
        return region;
    }

    // One of a template, unless it is there already: the region, or null.
    take({region_id: id, page, region_type: type, x, y, width: w, height: h}) {
        const box = tidy({x, y, w, h});
        if (this.items.some((r) => r.page === page && r.type === type && sameBox(r.box, box)))
            return null;
        const region = {id: this.freeId(labelOf(id, type)), page, type, box, job: null};
        this.items.push(region);
        this.changed();
        return region;
    }

    // What a job worked on takes the place of what was there.
    takeOver(approved) {
        this.removed = [];
        this.selected = null;
        this.items = approved.map((r) => ({id: r.region_id, page: r.page, type: r.region_type,
            box: r.bbox, job: {id: r.region_id, page: r.page, type: r.region_type, box: r.bbox, confidence: r.confidence}}));
        this.changed();
    }

    // As JSON can keep it, and as that was.
    state() {
        return {items: this.items, removed: this.removed};
    }

    restore({items, removed}) {
        this.items = items;
        this.removed = removed;
        this.selected = null;
        this.changed();
    }

    update(region, change) {
        Object.assign(region, change);
        this.changed();
    }

    select(region) {
        if (this.selected === region)
            return;
        this.selected = region;
        this.changed();
    }

    remove(region) {
        this.items = this.items.filter((r) => r !== region);
        if (region.job)
            this.removed.push(region);
        if (this.selected === region)
            this.selected = null;
        this.changed();
    }

    bringBack(region) {
        this.removed = this.removed.filter((r) => r !== region);
        Object.assign(region, {type: region.job.type, box: region.job.box, page: region.job.page});
        if (!this.items.includes(region))
            this.items.push(region);
        this.changed();
    }

    clear() {
        for (const region of this.items.slice())
            this.remove(region);
    }

    // How many there are on each page.
    counts() {
        const counts = new Map();
        for (const r of this.items)
            counts.set(r.page, (counts.get(r.page) ?? 0) + 1);
        return counts;
    }

    onPage(page) {
        return this.items.filter((r) => r.page === page || r.page === EVERY_PAGE);
    }

    // As POST /extract takes them.
    request() {
        return this.items.map((r) => ({region_id: r.id, page: r.page, region_type: r.type, bbox: r.box}));
    }

    // As POST /feedback/corrections takes them: one for each thing that changed.
    corrections() {
        const list = this.removed.map((r) => ({action: "delete", region_id: r.job.id, page: r.job.page, bbox: r.job.box}));
        for (const r of this.items.filter((item) => item.job)) {
            const about = {region_id: r.job.id, page: r.job.page, bbox: r.job.box};
            if (!sameSize(r.box, r.job.box))
                list.push({action: "resize", ...about, new_bbox: r.box});
            else if (!sameBox(r.box, r.job.box))
                list.push({action: "move", ...about, new_bbox: r.box});
            if (r.type !== r.job.type)
                list.push({action: "retype", ...about, new_region_type: r.type});
        }
        return list;
    }
}
