// The main path by the types that openapi-typescript makes: upload, extract, poll, fetch.
import type {components, paths} from "./api.js";

declare const process: {env: Record<string, string>};
type Problem = components["schemas"]["Problem"];
type Job = components["schemas"]["Job"];
type Json<P extends keyof paths, M extends keyof paths[P], S extends number> =
    paths[P][M] extends {responses: Record<S, {content: {"application/json": infer T}}>} ? T : never;

const base = process.env.BASE!;
const headers = {"X-API-Key": process.env.KEY!, "Content-Type": "application/json"};

async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const r = await fetch(base + path, {method, headers, body: body && JSON.stringify(body)});
    if (!r.ok) {
        const problem = await r.json() as Problem;
        throw new Error(`${problem.code}: ${problem.detail}`);
    }
    return await r.json() as T;
}

type Made = Json<"/api/v1/upload/generate-url", "post", 200>;
const made = await call<Made>("POST", "/api/v1/upload/generate-url?file_name=a.pdf");
const pdf = await (await fetch(process.env.PDF!)).arrayBuffer();
const put = await fetch(made.upload_url, {method: "PUT", body: pdf, headers: {"Content-Type": "application/pdf"}});
if (!put.ok)
    throw new Error(`PUT: ${put.status}`);
const request: components["schemas"]["ExtractRequest"] = {pdf_id: made.pdf_id, output_format: "csv",
    regions: [{page: 1, x: 0.05, y: 0.13, width: 0.9, height: 0.8}]} as components["schemas"]["ExtractRequest"];
let job = await call<Job>("POST", "/api/v1/extract", request);
while (job.status === "queued" || job.status === "processing") {
    await new Promise((done) => setTimeout(done, 100));
    job = await call<Job>("GET", `/api/v1/jobs/${job.job_id}`);
}
if (job.status !== "completed" || job.result_url === null)
    throw new Error(job.error_message ?? job.status);
console.log(await (await fetch(job.result_url)).text());
