// Calls of the service: the key, retries, and errors in plain words.

const BASE = "/api/v1";
const KEY = "api-key"; // in sessionStorage: gone with the tab
const TRIES = 3;
const DIRECT = 31 * 1024 * 1024; // larger files go by the upload link: Cloud Run ends a request's body at 32 MiB
const PASSING = [429, 502, 503, 504]; // worth another try

const ADVICE = {
    0: ["The service cannot be reached.", "Check your connection, then try again; nothing is lost."],
    401: ["An API key is needed.", "Enter one under “API key”."],
    403: ["This key is not accepted.", "Enter another one under “API key”."],
    404: ["This is not there.", ""],
    413: ["The file is too large.", "Split it, or ask the operator to raise the limit."],
    429: ["Too many requests.", "Wait a moment, then try again."],
    502: ["The service is being restarted.", "Try again in a moment."],
    503: ["The service is busy.", "Try again in a moment."],
    504: ["This took too long.", "Try again, with fewer pages if it stays so."],
    507: ["The service's disk is full.", "Tell the operator, and try again later."],
};

// "/pages: must be ..." tells a program where; a person is told of what.
function plain(detail) {
    const [, name, rest] = /^\/?([a-z_]+)[^:\s]*: (.*)$/s.exec(detail ?? "") ?? [];
    return name ? `${name[0].toUpperCase()}${name.slice(1).replaceAll("_", " ")}: ${rest}` : detail;
}

export class Problem extends Error {
    // said: what the service answered, {detail, code}.
    constructor(status, said = {}) {
        const detail = plain(said.detail);
        const [title, advice] = ADVICE[status] ||
            (status >= 500 ? ["Something went wrong in the service.", "Try again."]
                : ["This cannot be done.", ""]);
        super(detail || title);
        this.status = status;
        this.code = said.code;
        this.title = title;
        this.advice = [detail, advice].filter(Boolean).join(" ");
    }
}

export const passing = (e) => e instanceof Problem && (e.status === 0 || PASSING.includes(e.status));

// Not randomUUID(), which only a page that came over TLS has.
const randomId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// What is no JSON tells nothing; the status does.
function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return {};
    }
}

export class Api {
    // askKey(why) resolves to whether there is a new key; onWait(title, seconds) tells why and when
    // there is a retry, onAnswer() that the service has answered as it should.
    constructor({askKey, onWait, onAnswer}) {
        Object.assign(this, {askKey, onWait, onAnswer});
    }

    get key() {
        return sessionStorage.getItem(KEY) || "";
    }

    set key(value) {
        if (value)
            sessionStorage.setItem(KEY, value);
        else
            sessionStorage.removeItem(KEY);
    }

    pdfPassword = ""; // of the document that is open; nowhere but here

    headers(more = {}) {
        return this.key ? {...more, "X-API-Key": this.key} : more;
    }

    // One request as fetch() answers it; a network failure is a Problem of status 0.
    async send(method, path, {body, headers, signal} = {}) {
        try {
            return await fetch(BASE + path, {method, body, signal, cache: "no-cache",
                credentials: "omit", headers: this.headers(path.startsWith("/documents/") && this.pdfPassword
                    ? {...headers, "X-PDF-Password": encodeURIComponent(this.pdfPassword)} : headers)});
        } catch (e) {
            if (e.name === "AbortError")
                throw e;
            throw new Problem(0);
        }
    }

    // Whether a refusal of the key that was used has been answered by another key.
    async newKey(used, status, detail) {
        return (status === 401 || status === 403) && (this.key !== used ||
            await this.askKey(status === 401 ? "This service needs an API key." : detail));
    }

    // Tries again where that can help: only calls that may be repeated come here.
    async request(method, path, options = {}) {
        for (let go = 1; ; go++) {
            const used = this.key;
            const response = await this.send(method, path, {...options, headers: options.makeHeaders?.() ?? options.headers});
            options.onAnswer?.();
            if (response.ok || response.status === 304) {
                this.onAnswer();
                return response;
            }
            const said = parsed(await response.text());
            if (await this.newKey(used, response.status, said.detail))
                continue;
            if (go >= TRIES || !PASSING.includes(response.status))
                throw new Problem(response.status, said);
            const seconds = Math.min(Number(response.headers.get("Retry-After")) || go, 5);
            this.onWait(ADVICE[response.status][0], seconds);
            await pause(seconds * 1000);
        }
    }

    async json(method, path, value) {
        const options = value === undefined ? {} : {body: JSON.stringify(value),
            headers: {"Content-Type": "application/json"}};
        return (await this.request(method, path, options)).json();
    }

    // body: what to POST for it.
    async blob(path, body) {
        const response = body === undefined ? this.request("GET", path)
            : this.request("POST", path, {body: JSON.stringify(body), headers: {"Content-Type": "application/json"}});
        return (await response).blob();
    }

    // A start whose answer was lost is sent again with the same key, so that there is one job.
    #unanswered = null; // {body, key}

    async startJob(path, request) {
        const body = JSON.stringify(request);
        const makeHeaders = () => {
            if (this.#unanswered?.body !== body)
                this.#unanswered = {body, key: randomId()};
            return {"Content-Type": "application/json", "Idempotency-Key": this.#unanswered.key};
        };
        const response = await this.request("POST", path, {body, makeHeaders, onAnswer: () => { this.#unanswered = null; }});
        return response.json();
    }

    // The newest jobs; none where they cannot be had.
    async recentJobs(most) {
        try {
            const response = await this.send("GET", `/jobs?page_size=${most}`);
            return response.ok ? (await response.json()).jobs : [];
        } catch (e) {
            if (!passing(e))
                throw e;
            return [];
        }
    }

    // Whether a GET of it would give something.
    async has(path) {
        return (await this.send("HEAD", path)).ok;
    }

    // The job, or null when it is as it was at etag; [job, etag].
    async job(id, etag) {
        const response = await this.request("GET", `/extract/${encodeURIComponent(id)}`,
            {headers: etag ? {"If-None-Match": etag} : {}});
        return [response.status === 304 ? null : await response.json(), response.headers.get("ETag")];
    }

    // XMLHttpRequest, since fetch() does not tell how much has been sent.
    sendFile(method, url, headers, file, onProgress, signal) {
        return new Promise((resolve, reject) => {
            const x = new XMLHttpRequest();
            x.open(method, url);
            for (const [name, value] of Object.entries(headers))
                x.setRequestHeader(name, value);
            x.upload.onprogress = (e) => onProgress(e.loaded / Math.max(e.total, 1));
            x.onload = () => resolve(x);
            x.onerror = () => reject(new Problem(0));
            x.onabort = () => reject(new DOMException("cancelled", "AbortError"));
            signal.addEventListener("abort", () => x.abort());
            x.send(file);
        });
    }

    // To the store itself, which asks for no key: the link is signed.
    async uploadByLink(file, onProgress, signal) {
        const made = await this.json("POST", `/upload/generate-url?limit_size=true&file_name=${encodeURIComponent(file.name)}`);
        const x = await this.sendFile("PUT", made.upload_url, made.headers, file, onProgress, signal);
        if (x.status !== 200 && x.status !== 201)
            throw new Problem(x.responseText.includes("EntityTooLarge") ? 413 : x.status, parsed(x.responseText));
        return made;
    }

    async upload(file, onProgress, signal) {
        if (file.size > DIRECT)
            return this.uploadByLink(file, onProgress, signal);
        const form = new FormData(); // which tells the file's name
        form.append("file", file);
        for (;;) {
            const used = this.key;
            const x = await this.sendFile("POST", BASE + "/upload/documents", this.headers(), form, onProgress, signal);
            const answer = parsed(x.responseText);
            if (x.status === 200 || x.status === 201)
                return answer;
            if (!await this.newKey(used, x.status, answer.detail))
                throw new Problem(x.status, answer);
        }
    }
}
