// The page: upload, mark, extract, check, correct.

import {$, el, hideNotice, hideProblem, percent, plural, say, showNotice, showProblem} from "./dom.js";
import {Api, Problem} from "./api.js";
import {Corrections} from "./corrections.js";
import {Downloads, FORMATS, formatName, formatsWith} from "./downloads.js";
import {Edits} from "./edits.js";
import {FileList} from "./files.js";
import {showHistory} from "./history.js";
import {JobWatch} from "./job.js";
import {keep, kept} from "./kept.js";
import {askKey, keyCame, setUpKey} from "./key.js";
import {Layers} from "./layers.js";
import {askPassword} from "./password.js";
import {RegionList} from "./region_list.js";
import {EVERY_PAGE, Regions} from "./regions.js";
import {ResultView} from "./results.js";
import {setUpSplitter} from "./splitter.js";
import {shareKey} from "./tabs.js";
import {Templates} from "./templates.js";
import {Viewer} from "./viewer.js";

const HEADER_WINDOW = 1024; // readers look for %PDF- this far
const PASSWORD = ["password_required", "password_wrong"]; // codes of problems
const SMALL = 500; // px of a window's lesser side
const IMAGES = ["\x89PNG", "\xff\xd8\xff", "II*\0", "MM\0*"]; // PNG, JPEG, TIFF of either byte order

const api = new Api({askKey: (why) => askKey(api, why), onAnswer: hideNotice,
    onWait: (title, s) => showNotice(`${title} Trying again in ${plural(s, "second")}…`)});
const regions = new Regions();
const layers = new Layers(regions);
const viewer = new Viewer(api, layers);
const list = new RegionList(regions, (region) => reveal(region),
    (region, on) => regions.update(region, {page: on ? EVERY_PAGE : viewer.page}));
const templates = new Templates(api, regions, () => viewer.pages.length, (region) => reveal(region));
const edits = new Edits();
const results = new ResultView(edits);
const downloads = new Downloads(api, edits);
const corrections = new Corrections(api, regions, applyCorrections);
const watch = new JobWatch(api);
const files = new FileList(api, check, (id) => api.startJob("/extract/agentic", {pdf_id: id, regions: [], ...options()}));

let pdf = null; // {id, name}
let job = null; // the one whose result is shown
let result = null; // its JSON, where there is one
let opening = null; // AbortController of what was opened last

// --- opening a document ---

// What is still being opened gives way to what is opened now.
function begin() {
    opening?.abort();
    showUpload(false);
    return opening = new AbortController();
}

function show(what) {
    $("welcome").hidden = what !== "welcome";
    $("workspace").hidden = what !== "workspace";
    $("open-another").hidden = what === "welcome";
    document.body.dataset.view = what;
    if (what === "welcome")
        showHistory(api);
}

async function check(file) {
    if (file.size === 0)
        throw new Problem(422, {detail: "The file is empty."});
    const head = String.fromCharCode(...new Uint8Array(await file.slice(0, HEADER_WINDOW).arrayBuffer()));
    if (!head.includes("%PDF-") && !IMAGES.some((start) => head.startsWith(start)))
        throw new Problem(422, {detail: "The file is not a PDF, nor an image as PNG, JPEG or TIFF; choose one that is."});
}

function showUpload(on, name = "") {
    $("drop").hidden = on;
    $("upload").hidden = !on;
    $("upload-label").textContent = `Uploading ${name}`;
    $("upload-bar").value = 0;
}

async function openFile(file) {
    hideProblem();
    const mine = begin();
    reset();
    show("welcome");
    showUpload(true, file.name);
    try {
        await check(file);
        const stored = await api.upload(file, (part) => {
            $("upload-bar").value = part;
            $("upload-label").textContent = part < 1 ? `Uploading ${file.name}, ${percent(part)}` : `Reading ${file.name}`;
        }, mine.signal);
        await openDocument(stored.pdf_id, file.name, mine.signal);
        history.pushState(null, "", `#document=${stored.pdf_id}`);
    } catch (e) {
        if (opening === mine)
            show("welcome");
        if (e.name !== "AbortError")
            showProblem(e, [413, 422].includes(e.status) ? null : () => openFile(file));
    } finally {
        if (opening === mine)
            showUpload(false);
    }
}

// Asks for the password as long as it is a wrong one.
async function pagesOf(id) {
    for (;;) {
        try {
            return (await api.json("GET", `/documents/${id}`)).pages;
        } catch (e) {
            const password = PASSWORD.includes(e.code) ? await askPassword(e.message) : null;
            if (password === null)
                throw e;
            api.pdfPassword = password;
        }
    }
}

async function openDocument(id, name, signal) {
    signal.throwIfAborted();
    const other = pdf?.id !== id; // the pages of the one that is open stay where they are
    if (other)
        api.pdfPassword = "";
    const pages = await pagesOf(id);
    signal.throwIfAborted();
    pdf = {id, name: name || kept(`name-${id}`) || ""};
    keep(`name-${id}`, pdf.name || null);
    $("file-name").textContent = pdf.name;
    document.title = pdf.name ? `${pdf.name} – Tables from PDFs` : "Tables from PDFs";
    show("workspace");
    if (other)
        viewer.open(id, pages);
    regions.restore(kept(regionsKey()) ?? {items: [], removed: []});
    $("pages-option").hidden = $("pages-help").hidden = $("join-option").hidden = pages.length === 1;
    $("main").focus();
    templates.load();
    say(`The document has ${plural(pages.length, "page")}.`);
}

function closeResult() {
    job = result = null;
    watch.stop();
    results.hide();
    corrections.open(null);
}

function reset() {
    pdf = null;
    closeResult();
    regions.takeOver([]);
    $("file-name").textContent = "";
    document.title = "Tables from PDFs";
}

// --- extracting ---

const isBusy = () => $("workspace").getAttribute("aria-busy") === "true";

// The buttons keep the focus while they do nothing.
function busy(on) {
    $("workspace").setAttribute("aria-busy", String(on));
    $("find").setAttribute("aria-disabled", String(on));
    $("extract").setAttribute("aria-disabled", String(on || regions.items.length === 0));
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

// As typed: "deu, eng"; nothing: the service's own.
function languages() {
    const typed = $("languages").value.split(/[\s,+]+/).filter(Boolean);
    return typed.length > 0 ? {languages: typed} : {};
}

// What every job is asked for.
function options() {
    const format = $("format").value;
    return {output_format: format, ...languages(), also_formats: formatsWith(format).filter((f) => f !== format),
        escape_formulas: $("escape").checked, tables: $("merge").checked ? "merged" : "all", bom: $("bom").checked};
}

async function run(path, request) {
    const opened = pdf;
    const started = await attempt(() => api.startJob(path, {pdf_id: pdf.id, ...options(),
        ...(api.pdfPassword ? {password: api.pdfPassword} : {}),
        ...($("join").checked && viewer.pages.length > 1 ? {join_pages: true} : {}), ...request}),
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
    const mine = opening;
    const ended = await watch.wait(id);
    if (opening !== mine)
        return;
    if (ended?.status === "completed")
        await showResult(ended, mine);
    else if (ended?.status === "failed")
        showProblem(new Problem(422, {detail: `The extraction failed: ${ended.error_message ?? "no more is known"}`}),
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
    const formats = formatsWith(own);
    const there = await Promise.all(formats.map((f) => f === own || api.has(`/jobs/${id}/results/${f}`)));
    return formats.filter((_, i) => there[i]);
}

async function showResult(ended, mine) {
    const [itsResult, formats] = await Promise.all([resultOf(ended.job_id), formatsOf(ended)]);
    if (opening !== mine)
        return;
    [job, result] = [ended, itsResult];
    // A long list is not in the job, but its result has the same.
    const worked = ended.approved_regions_url && result ? result.regions : ended.approved_regions;
    const before = kept(regionsKey());
    if (before)
        regions.restore(before);
    else
        regions.takeOver(worked);
    results.show(ended, result, kept(editsKey()));
    downloads.offer(ended, ended.outcome === "no_match" ? [] : formats, (pdf.name || ended.job_id).replace(/\.(pdf|png|jpe?g|tiff?)$/i, ""));
    corrections.open(ended.job_id);
    const first = regions.items[0];
    if (first && regions.onPage(viewer.page).length === 0)
        viewer.go(first.page);
    // On a phone and at 200 % the downloads alone would fill the window.
    (Math.min(innerWidth, innerHeight) < SMALL && $("tables").firstChild || $("result")).scrollIntoView({block: "start"});
    say(`${$("outcome").textContent}. ${$("result-text").textContent}`);
}

// --- what a reload must not lose ---

const regionsKey = () => `regions-${pdf.id}-${job?.job_id ?? ""}`;
const editsKey = () => `edits-${job.job_id}`;

function keepRegions() {
    if (pdf)
        keep(regionsKey(), job || regions.items.length > 0 ? regions.state() : null);
}

function keepEdits() {
    if (job)
        keep(editsKey(), edits.any ? edits.body() : null);
}

// --- changes ---

// What was sent is done: removed regions leave the result, others are extracted again.
async function applyCorrections(sent) {
    if (sent.some((c) => c.action !== "delete"))
        await extract();
    else if (result)
        edits.remove(result.regions.flatMap((r, i) => (sent.some((c) => c.region_id === r.region_id) ? [i] : [])));
}

const undo = () => results.goTo(edits.undo());
const redo = () => results.goTo(edits.redo());

function undoKey(e) {
    if (!(e.ctrlKey || e.metaKey) || e.altKey || $("changes").hidden || e.target.closest("input, textarea, dialog"))
        return;
    const key = e.key.toLowerCase();
    if (key !== "z" && key !== "y")
        return;
    e.preventDefault();
    if (key === "y" || e.shiftKey)
        redo();
    else
        undo();
}

// One button is the next step: what it is called for.
function showNextStep() {
    const changed = regions.corrections().length > 0 || regions.items.some((r) => !r.job);
    const next = job && !changed && $("downloads").firstChild ? $("downloads").firstChild
        : regions.items.length > 0 ? $("extract") : $("find");
    for (const button of [$("find"), $("extract"), ...$("downloads").children])
        button.classList.toggle("primary", button === next);
}

// --- #document=ID, #job=ID ---

async function openLink() {
    const link = new URLSearchParams(location.hash.slice(1)), id = link.get("job"), document_ = link.get("document");
    hideProblem();
    try {
        if (id)
            await openJob(id);
        else if (document_)
            await openLinked(document_);
        else
            leave();
    } catch (e) {
        if (e.name === "AbortError")
            return;
        if (e.status === 404)
            e.advice = `${e.message} It may have expired, or belong to another key.`;
        showProblem(e, e.status === 404 ? null : openLink);
    }
}

async function openJob(id) {
    if (id === job?.job_id || id === watch.id)
        return;
    const {signal} = begin();
    const [linked] = await api.job(id, null);
    signal.throwIfAborted();
    if (pdf?.id !== linked.pdf_id)
        await openDocument(linked.pdf_id, kept(`name-${linked.pdf_id}`) ?? linked.file_name, signal);
    $("format").value = linked.output_format;
    closeResult();
    await resume(id);
}

async function openLinked(id) {
    if (pdf?.id === id && !job && !watch.id)
        return;
    const {signal} = begin();
    closeResult();
    await openDocument(id, pdf?.id === id ? pdf.name : "", signal);
}

function leave() {
    begin();
    reset();
    show("welcome");
}

// --- wiring ---

function reveal(region) {
    if (region.page !== EVERY_PAGE)
        viewer.go(region.page);
    regions.select(region);
    layers.focus(region, viewer.page);
}

// One is opened; several are listed, to be opened when they are done.
function take(chosen) {
    if (chosen.length === 1)
        openFile(chosen[0]);
    if (chosen.length < 2)
        return;
    hideProblem();
    begin();
    if (pdf) {
        history.pushState(null, "", location.pathname);
        leave();
    }
    files.add([...chosen]);
}

function wireUpload() {
    const drop = $("drop");
    $("choose").onclick = () => $("file").click();
    $("file").onchange = () => {
        take([...$("file").files]);
        $("file").value = "";
    };
    $("upload-cancel").onclick = () => opening?.abort();
    $("open-another").onclick = () => {
        history.pushState(null, "", location.pathname);
        leave();
        $("choose").focus();
    };
    addEventListener("dragover", (e) => { e.preventDefault(); drop.classList.add("over"); });
    addEventListener("dragleave", () => drop.classList.remove("over"));
    addEventListener("drop", (e) => {
        e.preventDefault();
        drop.classList.remove("over");
        take([...e.dataTransfer.files]);
    });
}

function setDrawing(on) {
    layers.setDrawing(on);
    $("draw").setAttribute("aria-pressed", String(on));
}

function showRegions() {
    const n = regions.items.length;
    keepRegions();
    viewer.thumbnails.showCounts(regions.counts());
    busy(isBusy());
    showNextStep();
    $("extract").textContent = n === 1 ? "Extract the region" : n === 0 ? "Extract regions" : `Extract ${n} regions`;
}

function wirePage() {
    setDrawing(matchMedia("(pointer: fine)").matches);
    $("draw").onclick = () => setDrawing(!layers.drawing);
    $("add").onclick = () => layers.focus(regions.add(viewer.page, {x: 0.25, y: 0.35, w: 0.5, h: 0.2}), viewer.page);
    regions.addEventListener("settle", showRegions);
    results.addEventListener("point", ({detail: {page, box, go}}) => {
        if (go)
            viewer.go(page);
        layers.highlight(page, box);
        if (go && box)
            layers.light.scrollIntoView({block: "nearest", inline: "nearest"});
    });
    layers.addEventListener("hover", ({detail: {page, at}}) => results.light(page, at));
    setUpSplitter($("splitter"), $("workspace"));
}

function wireResult() {
    edits.addEventListener("change", keepEdits);
    $("undo").onclick = undo;
    $("redo").onclick = redo;
    $("original").onclick = () => { edits.reset(); $("result-title").focus(); };
    addEventListener("keydown", undoKey);
    results.addEventListener("download", ({detail: table}) => downloads.save("csv", {tables: "all", table}));
}

function wireExtraction() {
    const act = (f) => (e) => { if (e.currentTarget.getAttribute("aria-disabled") !== "true") f(); };
    $("format").append(...FORMATS.map((format) => el("option", {value: format}, formatName(format))));
    $("find").onclick = act(find);
    $("extract").onclick = act(extract);
    $("cancel").onclick = cancel;
}

wireUpload();
wirePage();
wireResult();
wireExtraction();
setUpKey(api);
shareKey(api, () => {
    keyCame();
    showHistory(api);
});
addEventListener("popstate", openLink);
list.show();
files.restore();
show("welcome");
openLink();
