// The page: upload, mark, extract, check, correct.

import {$, el, hideProblem, percent, plural, saveFile, say, showProblem} from "./dom.js";
import {Api, Problem} from "./api.js";
import {Corrections} from "./corrections.js";
import {JobWatch} from "./job.js";
import {askKey, setUpKey} from "./key.js";
import {Layer} from "./layer.js";
import {RegionList} from "./region_list.js";
import {Regions} from "./regions.js";
import {ResultView} from "./results.js";
import {Viewer} from "./viewer.js";

const EXTENSIONS = {csv: "csv", tsv: "tsv", json: "json", markdown: "md", html: "html",
    xlsx: "xlsx"}; // as pdf-ocr-api --formats lists them
const FORMATS = Object.keys(EXTENSIONS);
const HEADER_WINDOW = 1024; // readers look for %PDF- this far

const api = new Api({askKey: (why) => askKey(api, why),
    onWait: (s) => say(`The service is busy; trying again in ${s} seconds.`)});
const regions = new Regions();
const viewer = new Viewer(api);
const layer = new Layer($("layer"), regions);
const list = new RegionList(regions, (region) => reveal(region));
const results = new ResultView();
const corrections = new Corrections(api, regions);
const watch = new JobWatch(api);

let pdf = null; // {id, name}
let job = null; // the one whose result is shown
let upload = null; // AbortController

// --- opening a document ---

function show(what) {
    $("welcome").hidden = what !== "welcome";
    $("workspace").hidden = what !== "workspace";
    $("open-another").hidden = what === "welcome";
    document.body.dataset.view = what;
}

async function check(file) {
    if (file.size === 0)
        throw new Problem(422, "The file is empty.");
    const head = new Uint8Array(await file.slice(0, HEADER_WINDOW).arrayBuffer());
    if (!String.fromCharCode(...head).includes("%PDF-"))
        throw new Problem(422, "The file is not a PDF; choose one that ends in .pdf.");
}

function showUpload(on, name = "") {
    $("drop").hidden = on;
    $("upload").hidden = !on;
    $("upload-label").textContent = `Uploading ${name}`;
    $("upload-bar").value = 0;
}

async function openFile(file) {
    hideProblem();
    upload?.abort();
    const mine = upload = new AbortController();
    reset();
    show("welcome");
    showUpload(true, file.name);
    try {
        await check(file);
        const stored = await api.upload(file, (part) => {
            $("upload-bar").value = part;
            $("upload-label").textContent = part < 1 ? `Uploading ${file.name}, ${percent(part)}` : `Reading ${file.name}`;
        }, mine.signal);
        if (upload === mine)
            await openDocument(stored.pdf_id, file.name);
    } catch (e) {
        if (upload === mine)
            show("welcome");
        if (e.name !== "AbortError")
            showProblem(e, [413, 422].includes(e.status) ? null : () => openFile(file));
    } finally {
        if (upload === mine)
            showUpload(false);
    }
}

async function openDocument(id, name) {
    const {pages} = await api.json("GET", `/documents/${id}`);
    pdf = {id, name};
    $("file-name").textContent = name;
    show("workspace");
    viewer.open(id, pages);
    $("pages-option").hidden = $("pages-help").hidden = pages.length === 1;
    $("main").focus();
    say(`The document has ${plural(pages.length, "page")}.`);
}

function reset() {
    pdf = job = null;
    watch.stop();
    regions.takeOver([]);
    results.hide();
    corrections.open(null);
    $("file-name").textContent = "";
    history.replaceState(null, "", location.pathname);
}

// --- extracting ---

function busy(on) {
    for (const id of ["find", "extract"])
        $(id).disabled = on || (id === "extract" && regions.items.length === 0);
    $("workspace").setAttribute("aria-busy", String(on));
}

// Does the work with the buttons off; a failure is shown, and again() offered.
async function attempt(work, again) {
    hideProblem();
    busy(true);
    try {
        return await work();
    } catch (e) {
        showProblem(e, again);
        return null;
    } finally {
        busy(false);
    }
}

const resume = (id) => attempt(() => follow(id), () => resume(id));

async function run(path, request) {
    const format = $("format").value, opened = pdf;
    const started = await attempt(() => api.startJob(path, {pdf_id: pdf.id, output_format: format,
        also_formats: FORMATS.filter((f) => f !== format), escape_formulas: $("escape").checked, ...request}),
    () => run(path, request));
    if (!started || pdf !== opened)
        return;
    history.pushState(null, "", `#job=${started.job_id}`);
    await resume(started.job_id);
}

function find() {
    const pages = $("pages").value.trim();
    return run("/extract/agentic", {regions: [], ...(pages && viewer.pages.length > 1 ? {pages} : {})});
}

const extract = () => run("/extract", {regions: regions.request()});

async function follow(id) {
    const ended = await watch.wait(id);
    if (ended?.pdf_id !== pdf?.id) // another document was opened
        return;
    if (ended?.status === "completed")
        await showResult(ended);
    else if (ended?.status === "failed")
        showProblem(new Problem(422, `The extraction failed: ${ended.error_message ?? "no more is known"}`),
            () => retry(id));
    else if (ended)
        say("The job was cancelled.");
}

async function retry(id) {
    if (await attempt(() => api.json("POST", `/jobs/${id}/retry`), () => retry(id)))
        await resume(id);
}

async function cancel() {
    try {
        await api.request("DELETE", `/jobs/${watch.id}`);
    } catch (e) {
        showProblem(e);
    }
}

// The JSON, or null where the job was not asked for it.
async function resultOf(id) {
    try {
        return await api.json("GET", `/jobs/${id}/results/json`);
    } catch (e) {
        if (e.status === 404)
            return null;
        throw e;
    }
}

// A job of another client may have been asked for one format only.
async function formatsOf({job_id: id, output_format: own}) {
    const there = await Promise.all(FORMATS.map((f) => f === own || api.has(`/jobs/${id}/results/${f}`)));
    return FORMATS.filter((_, i) => there[i]);
}

async function showResult(ended) {
    const result = await resultOf(ended.job_id);
    const formats = await formatsOf(ended);
    job = ended;
    regions.takeOver(ended.approved_regions);
    results.show(ended, result);
    $("downloads").replaceChildren(...formats.map((format) =>
        el("button", {type: "button", class: format === ended.output_format ? "primary" : "",
            onclick: () => download(format)}, `Download ${format.toUpperCase()}`)));
    corrections.open(ended.job_id);
    const first = ended.approved_regions[0];
    if (first && regions.onPage(viewer.page).length === 0)
        viewer.go(first.page);
    $("result").scrollIntoView({block: "start"});
    say(`${$("outcome").textContent}. ${$("result-text").textContent}`);
}

async function download(format) {
    try {
        const blob = await api.blob(`/jobs/${job.job_id}/results/${format}`);
        saveFile(blob, `${(pdf.name || job.job_id).replace(/\.pdf$/i, "")}.${EXTENSIONS[format]}`);
    } catch (e) {
        showProblem(e, () => download(format));
    }
}

// --- #job=ID ---

async function openLink() {
    const id = new URLSearchParams(location.hash.slice(1)).get("job");
    if (!id || id === job?.job_id)
        return;
    hideProblem();
    try {
        const [linked] = await api.job(id, null);
        if (pdf?.id !== linked.pdf_id)
            await openDocument(linked.pdf_id, "");
        $("format").value = linked.output_format;
        await resume(id);
    } catch (e) {
        if (e.status === 404)
            e.advice = `${e.message} It may have expired, or belong to another key.`;
        showProblem(e, e.status === 404 ? null : openLink);
    }
}

// --- wiring ---

function reveal(region) {
    viewer.go(region.page);
    regions.select(region);
    layer.focus(region);
}

function wireUpload() {
    const drop = $("drop");
    $("choose").onclick = () => $("file").click();
    $("file").onchange = () => {
        if ($("file").files[0])
            openFile($("file").files[0]);
        $("file").value = "";
    };
    $("upload-cancel").onclick = () => upload?.abort();
    $("open-another").onclick = () => { reset(); show("welcome"); $("choose").focus(); };
    addEventListener("dragover", (e) => { e.preventDefault(); drop.classList.add("over"); });
    addEventListener("dragleave", () => drop.classList.remove("over"));
    addEventListener("drop", (e) => {
        e.preventDefault();
        drop.classList.remove("over");
        if (e.dataTransfer.files[0])
            openFile(e.dataTransfer.files[0]);
    });
}

function setDrawing(on) {
    layer.setDrawing(on);
    $("draw").setAttribute("aria-pressed", String(on));
}

function wirePage() {
    setDrawing(matchMedia("(pointer: fine)").matches);
    $("draw").onclick = () => setDrawing(!layer.drawing);
    $("add").onclick = () => layer.focus(regions.add(viewer.page, {x: 0.25, y: 0.35, w: 0.5, h: 0.2}));
    viewer.addEventListener("page", () => {
        layer.page = viewer.page;
        layer.show();
        layer.highlight(null);
    });
    regions.addEventListener("settle", () => {
        viewer.showCounts(regions.counts());
        $("extract").disabled = regions.items.length === 0 || $("workspace").getAttribute("aria-busy") === "true";
        $("extract").classList.toggle("primary", regions.items.length > 0);
        $("find").classList.toggle("primary", regions.items.length === 0);
        $("extract").textContent = regions.items.length === 1 ? "Extract the region" : `Extract ${regions.items.length || ""} regions`.replace("  ", " ");
    });
    results.addEventListener("point", ({detail: {page, box, go}}) => {
        if (go)
            viewer.go(page);
        layer.highlight(page === viewer.page ? box : null);
        if (go && box)
            layer.light.scrollIntoView({block: "nearest", inline: "nearest"});
    });
    $("layer").addEventListener("pointermove", (e) => results.light(viewer.page, layer.point(e)));
    $("layer").addEventListener("pointerleave", () => results.light(viewer.page, null));
}

$("format").append(...FORMATS.map((format) => el("option", {value: format}, format.toUpperCase())));
wireUpload();
wirePage();
setUpKey(api);
$("find").onclick = find;
$("extract").onclick = extract;
$("cancel").onclick = cancel;
addEventListener("hashchange", openLink);
list.show();
show("welcome");
openLink();
