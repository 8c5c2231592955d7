// A table of the result: shown, gone through by keyboard, sorted, changed in place.

import {el, percent} from "./dom.js";
import * as model from "./table_model.js";

const LOW = 0.8, VERY_LOW = 0.5; // confidences that are tinted
const collator = new Intl.Collator(undefined, {numeric: true, sensitivity: "base"});

// 0 -> A, 25 -> Z, 26 -> AA
const letters = (n) => (n < 26 ? "" : letters(Math.floor(n / 26) - 1)) + String.fromCharCode(65 + n % 26);

// An amount, with its currency, or a share: what else has digits is a name.
const AMOUNT = /^[-+−(]?\s?\p{Sc}?\s?\d[\d.,\s'’]*\)?\s?(%|\p{Sc})?$/u;

const number = (text) => (AMOUNT.test(text) ? Number(text.replace(/[−(]/g, "-").replace(/[^\d.-]/g, "")) : NaN);

const isNumber = (text) => !Number.isNaN(number(text));

function compare(a, b) {
    const [x, y] = [number(a), number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? collator.compare(a, b) : x - y;
}

export const isLow = (confidence) => confidence < LOW;

export function tint(cell) {
    if (!cell || cell.text === "" && cell.verified !== false)
        return "";
    return cell.confidence < VERY_LOW ? "very-low" : cell.confidence < LOW ? "low" : "";
}

const ARROWS = {ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1]};

export class ResultTable {
    #sorted = null; // {column, down}
    #at = null; // {row, col}: the place that was gone to last
    #to = null; // the other corner of what is marked
    #nodes = new Map(); // "row,col" of a cell -> its node

    // table: one of Edits; columns: their names, of a form.
    // view: {watch(owner, node, page, box), forget(owner, node), change(table, after), chosen(resultTable)}.
    constructor(view, table, title, page, columns = null) {
        Object.assign(this, {view, table, title, page, columns});
        this.head = el("thead");
        this.body = el("tbody");
        const grid = el("table", {onkeydown: (e) => this.#key(e), onfocusin: (e) => this.#focused(e),
            ondblclick: (e) => this.#edit(e.target.closest("td, th"))},
        el("caption", {class: "hidden-text"}, title), this.head, this.body);
        this.node = el("div", {class: "table-scroll", role: "region", tabindex: "0", "aria-label": title}, grid);
        this.show();
    }

    // --- showing ---

    // The places of rows, in the order in which they are shown.
    #order() {
        const rows = Array.from({length: this.table.now.rows}, (_, i) => i);
        if (!this.#sorted)
            return rows;
        const {column, down} = this.#sorted, texts = new Map(), heads = new Set();
        for (const c of this.table.now.cells) {
            if (c.header)
                heads.add(c.row);
            if (c.col === column)
                texts.set(c.row, c.text);
        }
        const first = rows.findIndex((row) => !heads.has(row));
        const head = rows.slice(0, Math.max(first, 0)), rest = rows.slice(Math.max(first, 0));
        const text = (row) => texts.get(row) ?? "";
        // Empty ones last, whichever way.
        rest.sort((a, b) => (text(a) === "") - (text(b) === "") ||
            (down ? compare(text(b), text(a)) : compare(text(a), text(b))));
        return [...head, ...rest];
    }

    #sort(column) {
        const s = this.#sorted;
        this.#sorted = !s || s.column !== column ? {column, down: false} : s.down ? null : {column, down: true};
        this.show();
        this.head.querySelectorAll("button")[column].focus();
    }

    #showHead() {
        const heads = Array.from({length: this.table.now.cols}, (_, i) => {
            const on = this.#sorted?.column === i;
            return el("th", {scope: "col", class: on && this.#sorted.down ? "down" : "",
                "aria-sort": on ? (this.#sorted.down ? "descending" : "ascending") : null},
            el("button", {type: "button", class: "sort", onclick: () => this.#sort(i)}, this.columns?.[i] ?? letters(i)));
        });
        this.head.replaceChildren(el("tr", {}, el("td", {class: "corner"}), ...heads));
    }

    show() {
        if (this.#sorted && this.#sorted.column >= this.table.now.cols)
            this.#sorted = null;
        this.view.forget(this);
        this.#nodes.clear();
        this.#showHead();
        const rows = Array.from({length: this.table.now.rows}, () => []);
        for (const cell of this.table.now.cells)
            rows[cell.row].push(cell);
        this.body.replaceChildren(...this.#order().map((row) => el("tr", {},
            el("th", {scope: "row", class: "row-number"}, String(row + 1)), ...this.#row(row, rows[row]))));
        (this.#node(this.#at) ?? this.body.querySelector("td, th:not(.row-number)"))?.setAttribute("tabindex", "0");
        this.#mark();
    }

    // A covered place is part of the cell that covers it, unless sorting has torn them apart.
    #row(row, cells) {
        if (!this.#sorted)
            return cells.map((cell) => this.#cell(cell, true));
        const nodes = Array.from({length: this.table.now.cols}, () => el("td", {tabindex: "-1"}));
        for (const cell of cells)
            nodes[cell.col] = this.#cell(cell, false);
        return nodes;
    }

    #cell(cell, spans) {
        const classes = [tint(cell), cell.edited ? "edited" : "", isNumber(cell.text) ? "number" : ""].filter(Boolean).join(" ");
        const node = el(cell.header ? "th" : "td", {tabindex: "-1", class: classes,
            rowspan: spans && cell.row_span > 1 && cell.row_span, colspan: spans && cell.col_span > 1 && cell.col_span}, cell.text);
        node.cell = cell;
        this.#nodes.set(`${cell.row},${cell.col}`, node);
        if (tint(cell)) {
            node.title = `${percent(cell.confidence)} sure`;
            node.append(el("span", {class: "hidden-text"}, ` (${percent(cell.confidence)} sure)`));
        }
        if (cell.verified === false)
            node.title = "A value was proposed here that is not on the page; it was left out.";
        if (cell.bbox)
            this.view.watch(this, node, cell.page ?? this.page, cell.bbox);
        return node;
    }

    // --- where somebody is ---

    #node(at) {
        const cell = at && model.cellAt(this.table.now, at.row, at.col);
        return cell ? this.#nodes.get(`${cell.row},${cell.col}`) : null;
    }

    // What is marked, as model.blockOf() gives it, or null.
    get block() {
        return this.#at && this.#node(this.#at) ? model.blockOf(this.table.now, this.#at, this.#to ?? this.#at) : null;
    }

    // Shows what has changed; where that is the words of cells only, no other node is touched.
    refresh() {
        const cells = this.table.now.cells, node = (c) => this.#nodes.get(`${c.row},${c.col}`);
        const same = (a, b) => ["row", "col", "row_span", "col_span"].every((k) => a[k] === b[k]);
        if (this.#sorted || cells.length !== this.#nodes.size || !cells.every((c) => node(c) && same(c, node(c).cell)))
            return this.show();
        cells.filter((c) => node(c).cell !== c).forEach((c) => this.#replace(c));
    }

    #replace(cell) {
        const old = this.#nodes.get(`${cell.row},${cell.col}`);
        this.view.forget(this, old);
        const node = this.#cell(cell, !this.#sorted);
        node.setAttribute("tabindex", old.getAttribute("tabindex"));
        old.replaceWith(node);
    }

    #mark() {
        const block = this.#to ? this.block : null;
        const marked = new Set(block ? model.cellsIn(this.table.now, block) : []);
        for (const node of this.#nodes.values())
            node.classList.toggle("marked", marked.has(node.cell));
    }

    #focused(e) {
        const node = e.target.closest("td, th");
        if (!node?.cell || e.target !== node)
            return;
        this.body.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
        node.setAttribute("tabindex", "0");
        if (!this.#to || !model.cellsIn(this.table.now, this.block).includes(node.cell)) {
            this.#at = {row: node.cell.row, col: node.cell.col};
            this.#to = null;
        }
        this.#mark();
        this.view.chosen(this);
    }

    focus() {
        (this.#node(this.#at) ?? this.body.querySelector("[tabindex='0']"))?.focus();
    }

    #key(e) {
        const from = e.target.closest("td, th");
        if (!this.body.contains(from) || e.target !== from || e.altKey)
            return;
        const command = e.ctrlKey || e.metaKey;
        if (ARROWS[e.key] && e.shiftKey && from.cell)
            this.#stretch(...ARROWS[e.key]);
        else if (ARROWS[e.key] && !command)
            this.#step(from, ...ARROWS[e.key]);
        else if (e.key === "Home" || e.key === "End")
            this.#end(from, e.key === "End", command);
        else if ((e.key === "Enter" || e.key === "F2") && !command)
            this.#edit(from);
        else if (e.key === "Delete" && from.cell)
            this.change((t) => model.cellsIn(t, this.block).reduce((now, c) => model.setText(now, c.row, c.col, ""), t));
        else if (e.key.length === 1 && e.key !== " " && !command)
            this.#edit(from, e.key);
        else
            return;
        e.preventDefault();
    }

    #go(node) {
        this.#to = null;
        if (node && !node.classList.contains("row-number"))
            node.focus();
    }

    // From cell to cell, as they are shown.
    #step(from, down, right) {
        const rows = [...this.body.rows], cell = from.cell;
        if (!cell || this.#sorted)
            return this.#go(rows[rows.indexOf(from.parentNode) + down]?.cells[from.cellIndex + right]);
        const row = down > 0 ? cell.row + cell.row_span : cell.row + down;
        const col = right > 0 ? cell.col + cell.col_span : cell.col + right;
        return this.#go(this.#node({row, col}));
    }

    // To an end of the row; all: of the table.
    #end(from, last, all) {
        const rows = [...this.body.rows], row = all ? rows.at(last ? -1 : 0) : from.parentNode;
        this.#go([...row.cells].filter((c) => !c.classList.contains("row-number")).at(last ? -1 : 0));
    }

    #stretch(down, right) {
        const to = this.#to ?? this.#at, now = this.table.now;
        this.#to = {row: Math.min(Math.max(to.row + down, 0), now.rows - 1), col: Math.min(Math.max(to.col + right, 0), now.cols - 1)};
        this.#mark();
        this.view.chosen(this);
    }

    // --- changing ---

    // f: of table_model.js, from a table to another.
    change(f) {
        this.view.change(this.table, f(this.table.now));
        this.focus();
    }

    // start: what is typed already; without it the text is changed.
    #edit(node, start = null) {
        if (!node?.cell || node.querySelector("textarea"))
            return;
        const {row, col, text} = node.cell;
        const input = el("textarea", {rows: "1", "aria-label": this.columns ? `${this.columns[col]} of field ${row + 1}` : `Text of ${letters(col)}${row + 1}`, spellcheck: "false"});
        input.value = start ?? text;
        let open = true;
        const close = (keep, go = null) => {
            if (!open)
                return;
            open = false;
            this.#replace(node.cell);
            this.view.change(this.table, keep ? model.setText(this.table.now, row, col, input.value) : this.table.now);
            if (go) {
                this.#node(this.#at)?.focus();
                this.#step(this.#node(this.#at), ...go);
            }
        };
        input.onblur = () => close(true);
        input.onkeydown = (e) => {
            e.stopPropagation();
            if (e.key === "Escape")
                close(false, [0, 0]);
            else if (e.key === "Enter" && !e.shiftKey)
                close(true, [1, 0]);
            else if (e.key === "Tab")
                close(true, [0, e.shiftKey ? -1 : 1]);
            else
                return;
            e.preventDefault();
        };
        node.replaceChildren(input);
        input.focus();
        input.setSelectionRange(start === null ? 0 : input.value.length, input.value.length);
    }

    // --- taking it along ---

    // As it is shown: rows of cells, covered places empty.
    rows() {
        const rows = Array.from({length: this.table.now.rows}, () => Array(this.table.now.cols).fill(""));
        for (const c of this.table.now.cells)
            rows[c.row][c.col] = c.text;
        return this.#order().map((row) => rows[row]);
    }

    // For a spreadsheet.
    text() {
        return this.rows().map((row) => row.map((text) => text.replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n");
    }

    // For a document: spans and heads as they are.
    html() {
        const rows = Array.from({length: this.table.now.rows}, () => el("tr"));
        for (const c of this.table.now.cells)
            rows[c.row].append(el(c.header ? "th" : "td", {rowspan: c.row_span > 1 && c.row_span, colspan: c.col_span > 1 && c.col_span}, c.text));
        return new XMLSerializer().serializeToString(el("table", {}, ...this.#order().map((row) => rows[row])));
    }
}
