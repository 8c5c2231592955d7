// The result as tables: sorted, copied, compared with the page.

import {$, el, percent, plural, say} from "./dom.js";

const LOW = 0.8, VERY_LOW = 0.5; // confidences that are tinted
const collator = new Intl.Collator(undefined, {numeric: true, sensitivity: "base"});

const OUTCOMES = {
    success: ["Everything was read", "good"],
    partial_success: ["Something was empty", "fair"],
    no_match: ["Nothing was found", "poor"],
};

const READERS = {text: "from the PDF's own text", tesseract: "by Tesseract", documentai: "by Document AI",
    gemini: "by Gemini"};

// 0 -> A, 25 -> Z, 26 -> AA
const letters = (n) => (n < 26 ? "" : letters(Math.floor(n / 26) - 1)) + String.fromCharCode(65 + n % 26);

const number = (text) => (/^[-+]?[\d.,\s]*\d\s*%?$/.test(text) ? Number(text.replace(/[,\s%]/g, "")) : NaN);

function compare(a, b) {
    const [x, y] = [number(a), number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? collator.compare(a, b) : x - y;
}

function tint(cell) {
    if (!cell || cell.text === "" && cell.verified !== false)
        return "";
    return cell.confidence < VERY_LOW ? "very-low" : cell.confidence < LOW ? "low" : "";
}

// A table of any kind here: {title, page, columns, rows}. A row is {header, cells}; a cell is
// {text, bbox, confidence, engine, row_span, col_span} or null where another one covers its place.
function tableOf(region, index) {
    const {rows, cols} = region.tables[index];
    const grid = Array.from({length: rows}, () => ({header: false, cells: Array(cols).fill(undefined)}));
    for (const cell of region.cells.filter((c) => c.table === index)) {
        for (let r = cell.row; r < cell.row + cell.row_span; r++)
            for (let c = cell.col; c < cell.col + cell.col_span; c++)
                grid[r].cells[c] = null;
        grid[cell.row].cells[cell.col] = cell;
        grid[cell.row].header ||= cell.header;
    }
    return {page: region.page, columns: Array.from({length: cols}, (_, i) => letters(i)), rows: grid};
}

function tableOfFields(region) {
    return {page: region.page, columns: ["Name", "Value"],
        rows: region.structured_data.form_fields.map((f) => ({header: false,
            cells: [{text: f.name, confidence: 1}, {...f, text: f.value}]}))};
}

class ResultTable {
    #sorted = null; // {column, down}

    constructor(view, table, title) {
        Object.assign(this, {view, table, title});
        this.body = el("tbody");
        this.heads = table.columns.map((name, i) => el("th", {scope: "col"},
            el("button", {type: "button", class: "sort", onclick: () => this.#sort(i)}, name)));
        const grid = el("table", {onkeydown: (e) => this.#key(e)},
            el("caption", {class: "hidden-text"}, title),
            el("thead", {}, el("tr", {}, el("td", {class: "corner"}), ...this.heads)), this.body);
        this.node = el("div", {class: "table-scroll", role: "region", tabindex: "0", "aria-label": title}, grid);
        this.#show();
    }

    #order() {
        const rows = this.table.rows.map((row, i) => ({...row, number: i + 1}));
        if (!this.#sorted)
            return rows;
        const {column, down} = this.#sorted;
        const first = rows.findIndex((row) => !row.header);
        const head = rows.slice(0, Math.max(first, 0)), rest = rows.slice(Math.max(first, 0));
        const text = (row) => row.cells[column]?.text ?? "";
        // Empty ones last, whichever way.
        rest.sort((a, b) => (text(a) === "") - (text(b) === "") ||
            (down ? compare(text(b), text(a)) : compare(text(a), text(b))));
        return [...head, ...rest];
    }

    #sort(column) {
        const s = this.#sorted;
        this.#sorted = !s || s.column !== column ? {column, down: false} : s.down ? null : {column, down: true};
        this.heads.forEach((head, i) => {
            const on = this.#sorted?.column === i;
            head.classList.toggle("down", on && this.#sorted.down);
            if (on)
                head.setAttribute("aria-sort", this.#sorted.down ? "descending" : "ascending");
            else
                head.removeAttribute("aria-sort");
        });
        this.#show();
    }

    #show() {
        this.view.forget(this);
        this.body.replaceChildren(...this.#order().map((row) => el("tr", {},
            el("th", {scope: "row", class: "row-number"}, String(row.number)),
            ...row.cells.map((cell) => this.#cell(cell, row.header)))));
        this.body.querySelector("td, th:not(.row-number)")?.setAttribute("tabindex", "0");
    }

    #cell(cell, header) {
        // A covered place is part of the cell that covers it, unless sorting has torn them apart.
        if (cell === null && !this.#sorted)
            return null;
        const spans = cell && !this.#sorted ? {rowspan: cell.row_span > 1 && cell.row_span,
            colspan: cell.col_span > 1 && cell.col_span} : {};
        const node = el(header ? "th" : "td", {tabindex: "-1", class: tint(cell), ...spans}, cell?.text ?? "");
        if (tint(cell)) {
            node.title = `${percent(cell.confidence)} sure`;
            node.append(el("span", {class: "hidden-text"}, ` (${percent(cell.confidence)} sure)`));
        }
        if (cell?.verified === false)
            node.title = "A value was proposed here that is not on the page; it was left out.";
        if (cell?.bbox)
            this.view.watch(this, node, this.table.page, cell.bbox);
        return node;
    }

    // Arrow keys go from cell to cell.
    #key(e) {
        const from = e.target.closest("td, th");
        const [down, right] = {ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1]}[e.key] ?? [];
        if (down === undefined || !this.body.contains(from))
            return;
        const row = [...this.body.rows].indexOf(from.parentNode) + down;
        const to = this.body.rows[row]?.cells[from.cellIndex + right];
        if (to && !to.classList.contains("row-number")) {
            this.body.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
            to.setAttribute("tabindex", "0");
            to.focus();
        }
        e.preventDefault();
    }

    // As it stands, for a spreadsheet.
    text() {
        return this.#order().map((row) => row.cells.map((cell) =>
            (cell?.text ?? "").replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n");
    }
}

// Dispatches "point" with {page, box, go}: the place of a cell is to be lit up; box null: none.
export class ResultView extends EventTarget {
    #cells = []; // {table, node, page, box}
    #lit = null;

    watch(table, node, page, box) {
        this.#cells.push({table, node, page, box});
        const point = (go) => this.dispatchEvent(new CustomEvent("point", {detail: {page, box, go}}));
        const leave = () => this.dispatchEvent(new CustomEvent("point", {detail: {page, box: null}}));
        node.addEventListener("mouseenter", () => point(false));
        node.addEventListener("mouseleave", leave);
        node.addEventListener("focus", () => point(true));
        node.addEventListener("blur", leave);
    }

    forget(table) {
        this.#cells = this.#cells.filter((c) => c.table !== table);
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
        this.#cells = [];
        $("tables").replaceChildren();
        $("result").hidden = true;
        $("workspace").classList.remove("has-result");
    }

    // result is the JSON, or null where the job kept none.
    show(job, result) {
        this.hide();
        const [text, mood] = OUTCOMES[job.outcome] ?? [job.outcome, "fair"];
        $("outcome").textContent = text;
        $("outcome").dataset.mood = mood;
        $("result-text").textContent = this.#summary(job, result);
        $("tables").replaceChildren(...(result?.regions ?? []).map((region) => this.#region(region)));
        $("legend").hidden = !$("tables").querySelector(".low, .very-low");
        $("result").hidden = false;
        $("workspace").classList.add("has-result");
    }

    #summary(job, result) {
        if (!result)
            return "This job kept no cells to show here. Download its result, or extract again.";
        if (job.outcome === "no_match")
            return "No table or form was found. Draw around what you need, then extract the regions.";
        const {regions, tables, form_fields: fields, pages_read: pages} = result.summary;
        return [plural(regions, "region"), tables ? plural(tables, "table") : "", fields ? plural(fields, "field") : "",
            plural(pages, "page") + " read"].filter(Boolean).join(", ") + ".";
    }

    #region(region) {
        const title = `${region.region_id}, page ${region.page}`;
        const tables = region.tables.map((_, i) => tableOf(region, i));
        if (region.structured_data.form_fields.length > 0)
            tables.push(tableOfFields(region));
        const shown = tables.map((t, i) => new ResultTable(this, t, tables.length > 1 ? `${title}, table ${i + 1}` : title));
        const text = shown.length === 0 && region.text ? el("p", {class: "text"}, region.text) : null;
        const copy = () => this.#copy(shown.length > 0 ? shown.map((t) => t.text()).join("\n\n") : region.text);
        return el("article", {class: "result-region", "data-type": region.region_type},
            el("div", {class: "title-row"}, el("h3", {}, region.region_id),
                el("button", {type: "button", class: "quiet small", "aria-label": `Copy ${region.region_id}`, onclick: copy}, "Copy")),
            el("p", {class: "hint"}, `${region.region_type}, page ${region.page}, ${percent(region.confidence)} sure, read ${READERS[region.engine] ?? region.engine}`),
            region.warning ? el("p", {class: "warning"}, region.warning) : null,
            ...shown.map((t) => t.node), text);
    }

    async #copy(text) {
        try {
            await navigator.clipboard.writeText(text);
            say("Copied.");
            $("result-text").textContent = "Copied; paste it into a spreadsheet.";
        } catch {
            $("result-text").textContent = "The browser did not allow copying; download the result instead.";
        }
    }
}
