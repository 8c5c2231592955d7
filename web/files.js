// Several files at once: each is sent and its tables are found, and a list tells how far each is.

import {$, el, percent, say} from "./dom.js";
import {passing} from "./api.js";
import {STATES} from "./history.js";
import {keep, kept} from "./kept.js";

const KEPT = "files"; // the list, for a reload
const LOOK_MS = 2000; // between looks at a job
const ENDED = ["completed", "failed", "cancelled"];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// A line of the list: its file's name, a link once there is something to open, and how far it is.
class Line {
    pdf = null; // the ids of what there is of it
    job = null;
    ended = null; // the words it ended with

    constructor(name) {
        this.name = name;
        this.words = el("span", {class: "muted"});
        this.title = el("span", {}, name);
        this.node = el("li", {}, this.title, this.words);
        this.tell("waiting to be sent");
    }

    // As JSON can keep it, and as that was.
    state() {
        const {name, pdf, job, ended} = this;
        return {name, pdf, job, ended};
    }

    static from({name, pdf, job, ended}) {
        const line = new Line(name);
        Object.assign(line, {pdf, job, ended});
        line.link();
        line.tell(ended ?? "asking");
        return line;
    }

    tell(words) {
        this.words.textContent = ` ${words}`;
    }

    link() {
        const to = this.job ? `#job=${this.job}` : this.pdf ? `#document=${this.pdf}` : null;
        const title = to ? el("a", {href: to}, this.name) : this.title;
        this.title.replaceWith(title);
        this.title = title;
    }
}

export class FileList {
    #lines = [];

    // check(file): throws where it will not do. start(id): starts the job of a document, gives it.
    constructor(api, check, start) {
        Object.assign(this, {api, check, start});
        $("files-clear").onclick = () => this.#show(this.#lines.filter((line) => line.ended === null));
        addEventListener("beforeunload", (e) => {
            if (this.#lines.some((line) => line.pdf === null && line.ended === null))
                e.preventDefault(); // the browser asks whether to leave
        });
    }

    // Takes up the list that a reload has broken off. A file that had not been sent is not known any more.
    restore() {
        this.#show((kept(KEPT) ?? []).map(Line.from));
        for (const line of this.#lines.filter(({ended}) => ended === null)) {
            if (line.pdf)
                this.#attempt(line, () => this.#goOn(line));
            else
                this.#end(line, "not sent, since the page was left: choose it again");
        }
    }

    async #goOn(line) {
        if (line.job === null)
            await this.#start(line);
        await this.#follow(line);
    }

    // One is sent after the other; the jobs run side by side.
    async add(files) {
        const lines = files.map((file) => new Line(file.name));
        this.#show([...this.#lines, ...lines]);
        for (const [i, file] of files.entries())
            await this.#attempt(lines[i], () => this.#send(file, lines[i]));
    }

    #show(lines) {
        this.#lines = lines;
        $("files").hidden = lines.length === 0;
        $("file-list").replaceChildren(...lines.map((line) => line.node));
        this.#keep();
    }

    #keep() {
        keep(KEPT, this.#lines.length > 0 ? this.#lines.map((line) => line.state()) : null);
    }

    #end(line, words) {
        line.ended = words;
        line.tell(words);
        this.#keep();
        say(`${line.name}: ${words}`);
    }

    async #attempt(line, work) {
        try {
            await work();
        } catch (e) {
            this.#end(line, `failed: ${e.title} ${e.advice}`);
        }
    }

    async #send(file, line) {
        await this.check(file);
        line.tell("sending");
        const {pdf_id: id} = await this.api.upload(file, (part) => line.tell(`sending, ${percent(part)}`),
            new AbortController().signal);
        keep(`name-${id}`, file.name);
        line.pdf = id;
        line.link();
        this.#keep();
        await this.#start(line);
        this.#attempt(line, () => this.#follow(line));
    }

    async #start(line) {
        ({job_id: line.job} = await this.start(line.pdf));
        line.link();
        this.#keep();
    }

    async #follow(line) {
        for (;;) {
            try {
                const [job] = await this.api.job(line.job, null);
                if (ENDED.includes(job.status))
                    return this.#end(line, job.status === "failed" ? `failed: ${job.error_message}` : STATES[job.status]);
                line.tell(STATES[job.status]);
            } catch (e) {
                if (!passing(e))
                    throw e;
            }
            await pause(LOOK_MS);
        }
    }
}
