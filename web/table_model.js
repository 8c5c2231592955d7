// A table that can be changed. Every change gives a new table; none is changed in place, so that a
// table that was is one that can be gone back to.
//
// A table: {rows, cols, cells}. A cell: {row, col, row_span, col_span, header, text, ...}, with was,
// the row and column of the read cell that it comes from, and what is known of that. Every place of
// the table lies in one cell.

const inside = (cell, row, col) => row >= cell.row && row < cell.row + cell.row_span &&
    col >= cell.col && col < cell.col + cell.col_span;

export const cellAt = (table, row, col) => table.cells.find((c) => inside(c, row, col));

const empty = (row, col, header = false) => ({row, col, row_span: 1, col_span: 1, header, text: "", confidence: 1, edited: true});

// The table of a result's cells; a place that none covers gets an empty one.
export function tableOf(rows, cols, cells) {
    return complete({rows, cols, cells});
}

function complete({rows, cols, cells}) {
    const covered = new Uint8Array(rows * cols), heads = new Set();
    for (const c of cells) {
        for (let r = c.row; r < c.row + c.row_span; r++)
            covered.fill(1, r * cols + c.col, r * cols + c.col + c.col_span);
        if (c.header)
            heads.add(c.row);
    }
    const added = [];
    covered.forEach((there, i) => {
        if (!there)
            added.push(empty(Math.floor(i / cols), i % cols, heads.has(Math.floor(i / cols))));
    });
    return {rows, cols, cells: [...cells, ...added].sort((a, b) => a.row - b.row || a.col - b.col)};
}

// Which members tell of a line: rows or columns.
const ROW = {at: "row", span: "row_span", size: "rows"};
const COLUMN = {at: "col", span: "col_span", size: "cols"};

function insert(table, line, where) {
    const cells = table.cells.map((c) => (c[line.at] >= where ? {...c, [line.at]: c[line.at] + 1}
        : c[line.at] + c[line.span] > where ? {...c, [line.span]: c[line.span] + 1} : c));
    return complete({...table, [line.size]: table[line.size] + 1, cells});
}

// The last line stays: a table has at least one.
function remove(table, line, where) {
    if (table[line.size] === 1)
        return table;
    const cells = table.cells.filter((c) => c[line.at] !== where || c[line.span] > 1).map((c) => {
        if (c[line.at] > where)
            return {...c, [line.at]: c[line.at] - 1};
        return c[line.at] + c[line.span] > where ? {...c, [line.span]: c[line.span] - 1} : c;
    });
    return complete({...table, [line.size]: table[line.size] - 1, cells});
}

export const insertRow = (table, row) => insert(table, ROW, row);
export const insertColumn = (table, col) => insert(table, COLUMN, col);
export const removeRow = (table, row) => remove(table, ROW, row);
export const removeColumn = (table, col) => remove(table, COLUMN, col);

const swap = (table, old, ...cells) => complete({...table, cells: [...table.cells.filter((c) => !old.includes(c)), ...cells]});

export function setText(table, row, col, text) {
    const cell = cellAt(table, row, col);
    return cell.text === text ? table : swap(table, [cell], {...cell, text, confidence: 1, edited: true, verified: null});
}

export function setHeader(table, row, header) {
    return {...table, cells: table.cells.map((c) => (c.row === row ? {...c, header} : c))};
}

export const isHeader = (table, row) => table.cells.some((c) => c.row === row && c.header);

// The least block {top, left, bottom, right} (the last two inclusive) with both places that cuts no cell.
export function blockOf(table, a, b) {
    const block = {top: Math.min(a.row, b.row), left: Math.min(a.col, b.col), bottom: Math.max(a.row, b.row), right: Math.max(a.col, b.col)};
    for (let grown = true; grown;) {
        grown = false;
        for (const c of cellsIn(table, block)) {
            const wide = {top: Math.min(block.top, c.row), left: Math.min(block.left, c.col),
                bottom: Math.max(block.bottom, c.row + c.row_span - 1), right: Math.max(block.right, c.col + c.col_span - 1)};
            grown ||= JSON.stringify(wide) !== JSON.stringify(block);
            Object.assign(block, wide);
        }
    }
    return block;
}

export const cellsIn = (table, {top, left, bottom, right}) => table.cells.filter((c) =>
    c.row <= bottom && c.row + c.row_span > top && c.col <= right && c.col + c.col_span > left);

export function merge(table, block) {
    const old = cellsIn(table, block);
    if (old.length < 2)
        return table;
    const [first] = old, text = old.map((c) => c.text).filter(Boolean).join(" ");
    return swap(table, old, {...first, text, row: block.top, col: block.left, row_span: block.bottom - block.top + 1,
        col_span: block.right - block.left + 1, confidence: 1, edited: true});
}

export function split(table, row, col) {
    const cell = cellAt(table, row, col);
    return cell.row_span * cell.col_span === 1 ? table : swap(table, [cell], {...cell, row_span: 1, col_span: 1});
}

// The table of a form's fields: a row each, its name and its value.
export const formOf = (fields) => tableOf(fields.length, 2, fields.flatMap((field, row) => {
    const place = (col) => ({row, col, row_span: 1, col_span: 1, header: false, was: [row, col]});
    return [{...place(0), text: field.name, confidence: 1}, {...field, ...place(1), text: field.value}];
}));

// The fields of such a table, as POST /jobs/{id}/results/{format} takes them.
export const fieldsOf = (table) => Array.from({length: table.rows}, (_, row) => {
    const [name, value] = [cellAt(table, row, 0), cellAt(table, row, 1)];
    return {name: name.text, value: value.text, ...(value.was ? {was: value.was[0]} : {})};
});

// The table that such fields make of the one that was read.
export const editedForm = (read, fields) => edited(read, {rows: fields.length, cols: 2,
    cells: fields.flatMap(({name, value, was}, row) => [name, value].map((text, col) => (
        {row, col, row_span: 1, col_span: 1, header: false, text, ...(was === undefined ? {} : {was: [was, col]})})))});

// As POST /jobs/{id}/results/{format} takes it.
export const editOf = (table) => ({rows: table.rows, cols: table.cols,
    cells: table.cells.map(({row, col, row_span, col_span, header, text, was}) => ({row, col, row_span, col_span, header, text, ...(was ? {was} : {})}))});

// The table that such an edit makes of the one that was read.
export function edited(read, {rows, cols, cells}) {
    return tableOf(rows, cols, cells.map((c) => {
        const from = c.was && read.cells.find((r) => r.row === c.was[0] && r.col === c.was[1]);
        return {...from, ...c, ...(from?.text === c.text ? {} : {confidence: 1, edited: true, verified: null})};
    }));
}
