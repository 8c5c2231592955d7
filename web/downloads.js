// Taking the result along: in a format, one table, each table as a file of a ZIP.

import {$, el, saveFile, showProblem} from "./dom.js";

const EXTENSIONS = {csv: "csv", tsv: "tsv", json: "json", markdown: "md", html: "html",
    xlsx: "xlsx", pdf: "pdf"}; // as pdf-ocr-api --formats lists them
const SHEETS = ["csv", "tsv"];
const DOCUMENT = "pdf"; // with its words: for that all pages are read, and edits do not change it

const NAMES = {markdown: "Markdown", xlsx: "Excel", pdf: "searchable PDF"}; // others are called by their letters

export const FORMATS = Object.keys(EXTENSIONS);

// What a job is asked for, or may have, beside the format that was chosen.
export const formatsWith = (chosen) => FORMATS.filter((f) => f === chosen || f !== DOCUMENT);

export const formatName = (format) => NAMES[format] ?? format.toUpperCase();

export class Downloads {
    #job = null;
    #name = "";

    constructor(api, edits) {
        this.api = api;
        this.edits = edits;
    }

    // Offers the formats that a job has; name: of the files, without an extension.
    offer(job, formats, name) {
        this.#job = job;
        this.#name = name;
        const button = (words, format, more) => el("button", {type: "button", onclick: () => this.save(format, more)}, words);
        // The format that was asked for comes first: it is the one that is wanted.
        const offered = [...formats].sort((a, b) => (b === job.output_format) - (a === job.output_format))
            .map((f) => button(`Download ${formatName(f)}`, f));
        if (formats.length > 0 && this.edits.tables.length > 1)
            offered.push(button("Download ZIP", "csv", {tables: "zip"}));
        $("downloads").replaceChildren(...offered);
    }

    // The file of the job, or one that is written anew, with what was changed.
    #fetch(format, more) {
        const path = `/jobs/${this.#job.job_id}/results/${format}`;
        if (format === DOCUMENT || (!this.edits.any && !more))
            return this.api.blob(path);
        const sheet = SHEETS.includes(format) ? {bom: $("bom").checked,
            ...($("merge").checked ? {tables: "merged"} : {}), ...more} : {};
        return this.api.blob(path, {...this.edits.body(), escape_formulas: $("escape").checked, ...sheet});
    }

    // more: what else the file is to be: {tables: "zip"}, {tables: "all", table: 2}.
    async save(format, more = null) {
        const part = more?.table ? `-${more.table}` : "", zip = more?.tables === "zip" ? ".zip" : "";
        try {
            saveFile(await this.#fetch(format, more), `${this.#name}${part}.${EXTENSIONS[format]}${zip}`);
        } catch (e) {
            showProblem(e, () => this.save(format, more));
        }
    }
}
