// The jobs that this key made last, to go back to.

import {$, el} from "./dom.js";

const SHOWN = 10;
export const STATES = {queued: "waiting", processing: "at work", completed: "done", failed: "failed", cancelled: "cancelled"};

function row(job) {
    const when = new Date(job.created_at).toLocaleString(undefined, {dateStyle: "medium", timeStyle: "short"});
    return el("li", {}, el("a", {href: `#job=${job.job_id}`}, job.file_name || "Document"),
        el("span", {class: "muted"}, ` ${STATES[job.status]}, ${when}`));
}

// Nobody is asked for a key for this.
export async function showHistory(api) {
    const jobs = api.key ? await api.recentJobs(SHOWN) : [];
    $("history").hidden = jobs.length === 0;
    $("history-list").replaceChildren(...jobs.map(row));
}
