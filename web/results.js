// The result: its tables, compared with the page, changed, copied.

import {$, el, plural, say} from "./dom.js";
import {editBar} from "./edit_bar.js";
import {labelOf} from "./regions.js";
import {ResultTable, isLow, tint} from "./result_table.js";
import {formOf, tableOf} from "./table_model.js";

const OUTCOMES = {
    success: ["Extracted", "good"],
    partial_success: ["Something was empty", "fair"],
    no_match: ["Nothing was found", "poor"],
};

const READERS = {text: "from the PDF's own text", tesseract: "by Tesseract", documentai: "by Document AI",
    gemini: "by Gemini"};

// What is not sure, counted: a share of the whole would hide it.
function doubts(region, tables) {
    const cells = tables.length > 0 ? tables.flatMap((t) => t.now.cells) : region.cells;
    const unsure = cells.filter(tint).length;
    const columns = region.tables.some((t) => isLow(t.confidence));
    return [unsure > 0 ? `, ${plural(unsure, "cell")} unsure` : "", columns ? ", columns unsure" : ""].join("");
}

function readTable(region, index) {
    const {rows, cols} = region.tables[index];
    return tableOf(rows, cols, region.cells.filter((c) => c.table === index).map((c) => ({...c, was: [c.row, c.col]})));
}

// Its tables and its form, as Edits takes them.
function readRegion(region, i) {
    const tables = region.tables.map((_, index) => ({region: i, index, read: readTable(region, index)}));
    const fields = region.structured_data.form_fields;
    const form = fields.length > 0 ? [{region: i, index: null, read: formOf(fields)}] : [];
    return [...tables, ...form].map((table) => ({...table, now: table.read}));
}

// Dispatches "point" with {page, box, go}: the place of a cell is to be lit up; box null: none. And
// "download" with the number of a table that is wanted alone.
export class ResultView extends EventTarget {
    #cells = []; // {owner, node, page, box}
    #lit = null;
    #result = null;
    #shown = []; // {table, view, bar, hint}, one for each of edits.tables that is there

    constructor(edits) {
        super();
        this.edits = edits;
        edits.addEventListener("change", ({detail: {table}}) => (table ? this.#refresh(table) : this.#render()));
    }

    watch(owner, node, page, box) {
        this.#cells.push({owner, node, page, box});
        const point = (go) => this.dispatchEvent(new CustomEvent("point", {detail: {page, box, go}}));
        const leave = () => this.dispatchEvent(new CustomEvent("point", {detail: {page, box: null}}));
        node.addEventListener("mouseenter", () => point(false));
        node.addEventListener("mouseleave", leave);
        node.addEventListener("focus", () => point(true));
        node.addEventListener("blur", leave);
    }

    // node null: all of an owner.
    forget(owner, node = null) {
        this.#cells = this.#cells.filter((c) => c.owner !== owner || (node && c.node !== node));
    }

    change(table, after) {
        this.edits.set(table, after);
    }

    chosen(view) {
        this.#shown.find((s) => s.view === view)?.bar.show();
    }

    // Brings a table into view that was changed from elsewhere; null: none was.
    goTo(table) {
        const shown = table && this.#shown.find((s) => s.table === table);
        shown?.view.focus();
    }

    // Marks the cell that lies at a point of a page.
    light(page, at) {
        const hit = at && this.#cells.find(({page: p, box: b}) => p === page && at.x >= b.x &&
            at.x <= b.x + b.w && at.y >= b.y && at.y <= b.y + b.h);
        if (this.#lit === (hit?.node ?? null))
            return;
        this.#lit?.classList.remove("lit");
        this.#lit = hit?.node ?? null;
        this.#lit?.classList.add("lit");
    }

    hide() {
        this.#result = null;
        this.edits.open([]);
        $("result").hidden = true;
        $("workspace").classList.remove("has-result");
    }

    // result is the JSON, or null where the job kept none; kept: what Edits.body() gave of it before.
    show(job, result, kept) {
        const [text, mood] = OUTCOMES[job.outcome] ?? [job.outcome, "fair"];
        $("outcome").textContent = text;
        $("outcome").dataset.mood = mood;
        $("result-text").textContent = this.#summary(job, result);
        this.#result = result;
        this.edits.open((result?.regions ?? []).flatMap(readRegion));
        if (kept)
            this.edits.restore(kept);
        $("result").hidden = false;
        $("workspace").classList.add("has-result");
    }

    #summary(job, result) {
        if (job.outcome === "no_match")
            return "No table or form was found. Draw around what you need, then extract the regions.";
        if (!result)
            return "This job kept no cells to show here. Download its result, or extract again.";
        const {regions, tables, form_fields: fields, pages_read: pages} = result.summary;
        return [plural(regions, "region"), tables ? plural(tables, "table") : "", fields ? plural(fields, "field") : "",
            plural(pages, "page") + " read"].filter(Boolean).join(", ") + ".";
    }

    // --- regions ---

    #render() {
        this.#cells = [];
        this.#shown = [];
        const all = this.#result?.regions ?? [], gone = this.edits.removed;
        $("tables").replaceChildren(...all.filter((region, i) => !gone.has(i) && !gone.has(region.joined_to))
            .map((region) => this.#region(region, all)));
        this.#follow();
    }

    #refresh(table) {
        const shown = this.#shown.find((s) => s.table === table);
        shown?.view.refresh();
        shown?.bar.show();
        this.#shown.forEach((s) => s.tell());
        this.#follow();
    }

    // What depends on all tables.
    #follow() {
        $("legend").hidden = !$("tables").querySelector(".low, .very-low");
        $("undo").disabled = !this.edits.canUndo;
        $("redo").disabled = !this.edits.canRedo;
        $("changes").hidden = this.edits.tables.length === 0;
        $("original").hidden = $("changed").hidden = !this.edits.any;
    }

    #region(region, all) {
        const name = labelOf(region.region_id, region.region_type);
        const own = this.edits.tables.filter((t) => all[t.region] === region);
        const hint = el("p", {class: "hint"});
        const tell = () => {
            hint.textContent = `${region.region_type}, page ${region.page}, read ${READERS[region.engine] ?? `by ${region.engine}`}${doubts(region, own)}`;
        };
        tell();
        const called = ({index}) => (own.length === 1 ? name : index === null ? `${name}, fields` : `${name}, table ${index + 1}`);
        const parts = own.map((table) => this.#table(region, table, called(table), tell));
        const text = !parts.length && region.text && region.joined_to === undefined ? el("p", {class: "text"}, region.text) : null;
        return el("article", {class: "result-region", "data-type": region.region_type},
            el("div", {class: "title-row"}, el("h3", {}, name), own.length === 1 ? parts[0].tools
                : text ? el("button", {type: "button", class: "quiet small", "aria-label": `Copy ${name}`, onclick: () => this.#copy(region.text)}, "Copy") : null),
            hint,
            region.joined_to === undefined ? null
                : el("p", {class: "hint"}, `Its rows are part of the table in ${labelOf(all[region.joined_to].region_id, all[region.joined_to].region_type)}.`),
            region.warning ? el("p", {class: "warning"}, region.warning) : null,
            ...parts.flatMap((p) => (own.length > 1 ? [el("div", {class: "title-row"}, el("h4", {}, p.name), p.tools)] : []).concat(p.bar, p.node)),
            text);
    }

    #table(region, table, name, tell) {
        const isForm = table.index === null;
        const view = new ResultTable(this, table, `${name}, page ${region.page}`, region.page, isForm ? ["Name", "Value"] : null);
        const bar = editBar(view);
        bar.node.hidden = true;
        const edit = el("button", {type: "button", class: "quiet small", "aria-pressed": "false", "aria-label": `Edit ${name}`, onclick: () => {
            bar.node.hidden = !bar.node.hidden;
            edit.setAttribute("aria-pressed", String(!bar.node.hidden));
            if (!bar.node.hidden)
                view.focus();
        }}, "Edit");
        const button = (words, onclick) => el("button", {type: "button", class: "quiet small", "aria-label": `${words} ${name}`, onclick}, words);
        const tools = el("div", {class: "tools"}, edit, button("Copy", () => this.#copy(view.text(), view.html())),
            isForm ? null : button("Save", () => this.dispatchEvent(new CustomEvent("download", {detail: this.edits.numberOf(table)}))));
        this.#shown.push({table, view, bar, tell});
        return {name, tools, bar: bar.node, node: view.node};
    }

    // As text with tabs, and as HTML for who takes that.
    async #copy(text, html = null) {
        try {
            const of = (type, data) => ({[type]: new Blob([data], {type})});
            await navigator.clipboard.write([new ClipboardItem({...of("text/plain", text), ...(html ? of("text/html", html) : {})})]);
            say("Copied.");
            $("result-text").textContent = "Copied; paste it into a spreadsheet or a document.";
        } catch {
            $("result-text").textContent = "The browser did not allow copying; download the result instead.";
        }
    }
}
