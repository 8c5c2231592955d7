// Several files at once: each is sent and its tables are found, and a list tells how far each is.

import {$, el, percent, say} from "./dom.js";
import {passing} from "./api.js";
import {STATES} from "./history.js";
import {keep} from "./kept.js";

const LOOK_MS = 2000; // between looks at a job
const ENDED = ["completed", "failed", "cancelled"];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// A line of the list: its file's name, a link once there is something to open, and its state.
class Line {
    constructor(name) {
        this.name = name;
        this.words = el("span", {class: "muted"}, " waiting to be sent");
        this.title = el("span", {}, name);
        this.node = el("li", {}, this.title, this.words);
    }

    tell(words) {
        this.words.textContent = ` ${words}`;
    }

    link(to) {
        const link = el("a", {href: to}, this.name);
        this.title.replaceWith(link);
        this.title = link;
    }

    end(words) {
        this.tell(words);
        say(`${this.name}: ${words}`);
    }
}

export class FileList {
    // check(file): throws where it will not do. start(id): starts the job of a document, gives it.
    constructor(api, check, start) {
        Object.assign(this, {api, check, start});
    }

    // One is sent after the other; the jobs run side by side.
    async add(files) {
        const lines = files.map((file) => new Line(file.name));
        $("files").hidden = false;
        $("file-list").append(...lines.map((line) => line.node));
        for (const [i, file] of files.entries())
            await this.#send(file, lines[i]);
    }

    async #send(file, line) {
        try {
            await this.check(file);
            const {pdf_id: id} = await this.api.upload(file, (part) => line.tell(`sending, ${percent(part)}`),
                new AbortController().signal);
            keep(`name-${id}`, file.name);
            line.link(`#document=${id}`);
            const {job_id: job} = await this.start(id);
            line.link(`#job=${job}`);
            this.#follow(job, line);
        } catch (e) {
            line.end(`failed: ${e.title} ${e.advice}`);
        }
    }

    async #follow(id, line) {
        for (;;) {
            try {
                const [job] = await this.api.job(id, null);
                if (ENDED.includes(job.status))
                    return line.end(job.status === "failed" ? `failed: ${job.error_message}` : STATES[job.status]);
                line.tell(STATES[job.status]);
            } catch (e) {
                if (!passing(e))
                    return line.end(`failed: ${e.title} ${e.advice}`);
            }
            await pause(LOOK_MS);
        }
    }
}
