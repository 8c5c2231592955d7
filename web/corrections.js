// What was changed in the regions of a job, told to the service.

import {$, el, plural, say, showProblem} from "./dom.js";
import {keep, kept} from "./kept.js";
import {labelOf} from "./regions.js";

const ACTIONS = {delete: "removed", move: "moved", resize: "resized", retype: "retyped"};

export class Corrections {
    #jobId = null;
    #sent = ""; // what was sent last, so that it is not sent twice

    // onSent(corrections) makes the result follow.
    constructor(api, regions, onSent) {
        this.api = api;
        this.onSent = onSent;
        this.regions = regions;
        $("send-corrections").onclick = () => this.send();
        regions.addEventListener("settle", () => this.show());
    }

    // jobId null: there is nothing to correct.
    open(jobId) {
        this.#jobId = jobId;
        this.#sent = jobId === null ? "" : kept(`sent-${jobId}`) ?? "";
        $("corrections").hidden = jobId === null;
        $("feedback-counts").textContent = "";
        this.show();
        if (jobId !== null)
            this.#count();
    }

    #pending() {
        return JSON.stringify(this.regions.corrections()) === this.#sent ? [] : this.regions.corrections();
    }

    show() {
        if (this.#jobId === null)
            return;
        const list = this.#pending();
        $("correction-list").replaceChildren(...list.map((c) => this.#row(c)));
        $("send-corrections").hidden = list.length === 0;
        $("send-corrections").disabled = false;
        $("send-corrections").textContent = `Send ${plural(list.length, "correction")}`;
        $("correction-help").hidden = list.length > 0;
        $("correction-help").textContent = this.#sent ? "Sent. Thank you." :
            "Is a region wrong? Move, resize, retype or remove it, and tell the service.";
    }

    #row(c) {
        const removed = this.regions.removed.find((r) => r.job.id === c.region_id);
        const name = labelOf(c.region_id, (removed ?? this.regions.items.find((r) => r.job?.id === c.region_id)).job.type);
        const what = c.action === "retype" ? `is a ${c.new_region_type}` : ACTIONS[c.action];
        return el("li", {}, el("span", {}, `${name}: ${what}`),
            c.action === "delete" ? el("button", {type: "button", class: "quiet small",
                "aria-label": `Restore ${name}`, onclick: () => this.regions.bringBack(removed)}, "Restore") : null);
    }

    async send() {
        const corrections = this.#pending();
        $("send-corrections").disabled = true;
        try {
            await this.api.json("POST", "/feedback/corrections", {job_id: this.#jobId, corrections});
            this.#sent = JSON.stringify(corrections);
            keep(`sent-${this.#jobId}`, this.#sent);
            say("The corrections were sent.");
        } catch (e) {
            showProblem(e, () => this.send());
            return this.show();
        }
        this.show();
        await this.#count();
        await this.onSent(corrections);
    }

    async #count() {
        const jobId = this.#jobId;
        try {
            const [here, all] = await Promise.all([
                this.api.json("GET", `/feedback/corrections/${jobId}`), this.api.json("GET", "/feedback/stats")]);
            if (jobId !== this.#jobId)
                return;
            const kinds = Object.entries(all.by_action).filter(([, n]) => n > 0)
                .map(([action, n]) => `${n} ${ACTIONS[action]}`);
            $("feedback-counts").textContent = `Sent for this job: ${here.count}. ` +
                `In all: ${plural(all.corrections_count, "correction")} on ${plural(all.jobs_with_feedback, "job")}` +
                (kinds.length ? ` (${kinds.join(", ")}).` : ".");
        } catch { /* the counts are no reason to disturb */ }
    }
}
