// A job from its start to its end.

import {$, el, percent, plural} from "./dom.js";
import {passing} from "./api.js";

const FIRST_WAIT = 300, MOST_WAIT = 2000; // ms between looks
const FINAL = ["completed", "failed", "cancelled"];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function describe(job) {
    const {regions_done: done, regions_total: total, pages_done: read, pages_total: pages} = job.progress;
    if (job.status === "queued")
        return job.attempts > 0 ? `It will be tried again: ${job.error_message ?? "the last try failed"}` : "Waiting for its turn";
    if (job.status !== "processing")
        return {completed: "Done", failed: "Failed", cancelled: "Cancelled"}[job.status];
    if (pages > 0)
        return `Page ${Math.min(read + 1, pages)} of ${pages}, ${plural(done, "region")} read`;
    if (total === 0)
        return "Starting";
    return `${done} of ${plural(total, "region")} read`;
}

function done(job) {
    const p = job.progress;
    const [part, all] = p.pages_total > p.pages_done || p.regions_total === 0 ? [p.pages_done, p.pages_total]
        : [p.regions_done, p.regions_total];
    return all > 0 ? part / all : 0;
}

export class JobWatch {
    id = null; // the job that is watched

    constructor(api) {
        this.api = api;
    }

    #show(job) {
        $("job").hidden = false;
        $("job-text").textContent = describe(job);
        const part = done(job);
        if (part > 0)
            $("job-bar").value = part;
        else
            $("job-bar").removeAttribute("value");
        $("job-bar").title = percent(part);
        const {regions_done: read, regions_total: total} = job.progress;
        $("job-regions").replaceChildren(...Array.from({length: Math.min(total, 60)}, (_, i) =>
            el("li", {class: i < read ? "done" : ""})));
    }

    stop() {
        this.id = null;
        $("job").hidden = true;
    }

    // Resolves to the ended job; to null when another one is watched, or none.
    async wait(id) {
        this.id = id;
        let etag = null, wait = FIRST_WAIT;
        while (this.id === id) {
            try {
                const [job, tag] = await this.api.job(id, etag);
                etag = tag;
                if (this.id !== id)
                    return null;
                if (job && FINAL.includes(job.status)) {
                    this.stop();
                    return job;
                }
                if (job)
                    this.#show(job);
            } catch (e) {
                if (!passing(e))
                    throw e;
                $("job").hidden = false;
                $("job-text").textContent = e.status === 0 ? "The connection is lost; the job goes on. Looking again…"
                    : `${e.title} The job goes on. Looking again…`;
                etag = null;
            }
            await pause(wait);
            wait = Math.min(wait * 1.3, MOST_WAIT);
        }
        return null;
    }
}
