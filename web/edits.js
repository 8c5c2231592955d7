// What was changed in the tables of a result: undo, redo, and what the service is told of it.

import {editOf, edited, editedForm, fieldsOf} from "./table_model.js";

const STEPS_MOST = 500;

// Dispatches "change" with {table}: which one has another state, null: all may have. A table here:
// {region, index, read, now}: of which region's tables it is, or, index null, that region's form; as
// it was read, as it is.
export class Edits extends EventTarget {
    tables = [];
    removed = new Set(); // indexes of regions that were corrected away
    #done = []; // {table, before, after}
    #undone = [];

    open(tables) {
        this.tables = tables;
        this.removed = new Set();
        this.#done = [];
        this.#undone = [];
        this.#changed(null);
    }

    #changed(table) {
        this.dispatchEvent(new CustomEvent("change", {detail: {table}}));
    }

    set(table, after) {
        if (after === table.now)
            return;
        this.#done.push({table, before: table.now, after});
        if (this.#done.length > STEPS_MOST)
            this.#done.shift();
        this.#undone = [];
        table.now = after;
        this.#changed(table);
    }

    get canUndo() {
        return this.#done.length > 0;
    }

    get canRedo() {
        return this.#undone.length > 0;
    }

    #step(from, to, state) {
        const step = from.pop();
        if (!step)
            return null;
        to.push(step);
        step.table.now = step[state];
        this.#changed(step.table);
        return step.table;
    }

    // The table that has changed, or null.
    undo() {
        return this.#step(this.#done, this.#undone, "before");
    }

    redo() {
        return this.#step(this.#undone, this.#done, "after");
    }

    // Back to what was read, of which there is no way back.
    reset() {
        this.tables.forEach((t) => { t.now = t.read; });
        this.open(this.tables);
    }

    remove(regions) {
        regions.forEach((region) => this.removed.add(region));
        this.#changed(null);
    }

    get any() {
        return this.removed.size > 0 || this.tables.some((t) => t.now !== t.read);
    }

    // As POST /jobs/{id}/results/{format} takes it.
    body() {
        const changed = this.tables.filter((t) => t.now !== t.read && !this.removed.has(t.region));
        return {edits: changed.filter((t) => t.index !== null)
            .map((t) => ({region_index: t.region, table: t.index, ...editOf(t.now)})),
        forms: changed.filter((t) => t.index === null).map((t) => ({region_index: t.region, fields: fieldsOf(t.now)})),
        removed: [...this.removed]};
    }

    // Takes such a body up again.
    restore({edits, forms = [], removed}) {
        const mend = (region, index, now) => {
            const table = this.tables.find((t) => t.region === region && t.index === index);
            if (table)
                table.now = now(table.read);
        };
        edits.forEach(({region_index: region, table, ...edit}) => mend(region, table, (read) => edited(read, edit)));
        forms.forEach(({region_index: region, fields}) => mend(region, null, (read) => editedForm(read, fields)));
        this.removed = new Set(removed);
        this.#changed(null);
    }

    // The number in the document of a table, as the service counts those that are there.
    numberOf(table) {
        return this.tables.filter((t) => t.index !== null && !this.removed.has(t.region)).indexOf(table) + 1;
    }
}
