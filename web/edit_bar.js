// The tools that change a table: rows, columns, merged cells, heads.

import {el} from "./dom.js";
import * as model from "./table_model.js";

const times = (n, f) => (table) => Array.from({length: n}).reduce(f, table);

// Each: its words, what it does to a table where block is marked, whether it can. Those of rows
// come first: a form has no others.
const TOOLS = [
    ["Row above", (b) => (t) => model.insertRow(t, b.top), () => true],
    ["Row below", (b) => (t) => model.insertRow(t, b.bottom + 1), () => true],
    ["Delete row", (b) => times(b.bottom - b.top + 1, (t) => model.removeRow(t, b.top)), (b, t) => b.bottom - b.top + 1 < t.rows],
    ["Column left", (b) => (t) => model.insertColumn(t, b.left), () => true],
    ["Column right", (b) => (t) => model.insertColumn(t, b.right + 1), () => true],
    ["Delete column", (b) => times(b.right - b.left + 1, (t) => model.removeColumn(t, b.left)), (b, t) => b.right - b.left + 1 < t.cols],
    ["Merge cells", (b) => (t) => model.merge(t, b), (b, t) => model.cellsIn(t, b).length > 1],
    ["Split cell", (b) => (t) => model.split(t, b.top, b.left),
        (b, t) => model.cellsIn(t, b).length === 1 && (b.top < b.bottom || b.left < b.right)],
    ["Header", (b) => (t) => model.setHeader(t, b.top, !model.isHeader(t, b.top)), () => true],
];

const ROW_TOOLS = 3;

// {node, show()} for a ResultTable; show() follows what is marked in it.
export function editBar(shown) {
    const buttons = TOOLS.slice(0, shown.columns ? ROW_TOOLS : TOOLS.length).map(([words, make]) => el("button", {type: "button", class: "small",
        onclick: () => shown.change(make(shown.block))}, words));
    const show = () => {
        const block = shown.block, table = shown.table.now;
        buttons.forEach((button, i) => { button.disabled = !block || !TOOLS[i][2](block, table); });
        if (!shown.columns)
            buttons.at(-1).setAttribute("aria-pressed", String(Boolean(block && model.isHeader(table, block.top))));
    };
    const node = el("div", {class: "edit-bar", role: "toolbar", "aria-label": `Change ${shown.title}`}, ...buttons,
        el("p", {class: "hint"}, "Double-click or type to change a cell. Shift and arrow keys mark several."));
    show();
    return {node, show};
}
