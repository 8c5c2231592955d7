// A real browser on the running service; every scenario gets a fresh one.
import assert from "node:assert/strict";
import fs from "node:fs";
import {createRequire} from "node:module";
import path from "node:path";

const modules = process.env.WEB_TEST_MODULES || new URL("node_modules", import.meta.url).pathname;
const require = createRequire(path.resolve(modules, "x.js"));
const {chromium} = require("playwright-core");

export const env = process.env;
export const base = env.BASE_URL;
export const sample = (name) => path.join(env.SAMPLES, `${name}.pdf`);
export const expected = (name) => fs.readFileSync(path.join(env.EXPECTED, name));

const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const PHONE = {viewport: {width: 390, height: 844}, hasTouch: true, isMobile: true};

export const FOR_AXE = {bypassCSP: true}; // Trusted Types would keep axe itself from working

// Nothing that axe-core finds, of whatever impact.
export async function accessible(page) {
    await page.evaluate(fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
    const {violations} = await page.evaluate(() => globalThis.axe.run(document));
    assert.deepEqual(violations.map((v) => `${v.impact} ${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), []);
}

// A call of the API beside the page, as another client would make it.
export async function call(context, method, where, {key = env.API_KEY, data} = {}) {
    return context.request.fetch(base + where, {method, data, headers: key ? {"X-API-Key": key} : {}});
}

// What must never happen on the page, whatever the scenario.
function guard(page, asked) {
    const wrong = [];
    page.on("pageerror", (e) => wrong.push(`error: ${e.message}`));
    page.on("dialog", (d) => {
        if (d.type() === "beforeunload")
            asked.push(d.type());
        else
            wrong.push(`dialog: ${d.message()}`);
        d.accept();
    });
    page.on("console", (m) => {
        if (m.text().includes("ERR_NETWORK_CHANGED"))
            console.log(m.text());
        if (m.type() === "error" && !m.text().startsWith("Failed to load resource"))
            wrong.push(`console: ${m.text()}`);
    });
    page.on("request", (r) => {
        if (!r.url().startsWith(base) && !r.url().startsWith("blob:"))
            wrong.push(`request to another origin: ${r.url()}`);
    });
    return () => assert.deepEqual(wrong, []);
}

export async function run(scenario) {
    const browser = await chromium.launch({executablePath: env.CHROMIUM, args: ARGS});
    const checks = [];
    try {
        await scenario(async (options = {}) => {
            const context = await browser.newContext({ignoreHTTPSErrors: true, acceptDownloads: true,
                viewport: {width: 1400, height: 900}, ...options});
            context.setDefaultTimeout(180000);
            const page = await context.newPage();
            const asked = []; // whether to leave the page
            checks.push(guard(page, asked));
            return {context, page, asked};
        });
        checks.forEach((check) => check());
    } finally {
        await browser.close();
    }
}

// --- steps that many scenarios take ---

export async function giveKey(page, key = env.API_KEY) {
    await page.locator("#key-dialog[open]").waitFor();
    await page.fill("#key", key);
    await page.keyboard.press("Enter");
}

export async function shown(page) {
    await page.locator("#workspace").waitFor();
    await page.waitForFunction(() => document.querySelector(".sheet.current .page-image")?.naturalWidth > 0);
}

// Opens a document: a path, or {name, mimeType, buffer}.
export async function open(page, file, key = env.API_KEY) {
    await page.goto(base + "/");
    await page.evaluate((k) => sessionStorage.setItem("api-key", k), key);
    await page.setInputFiles("#file", file);
    await shown(page);
}

export async function result(page) {
    await page.locator("#result").waitFor();
    return page.locator("#tables");
}

export async function findTables(page) {
    await page.click("#find");
    return result(page);
}

// What a button gives to save: {name, bytes}.
export async function downloaded(page, name) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", {name}).click()]);
    return {name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path())};
}

const NAMES = {markdown: "Markdown", xlsx: "Excel", pdf: "searchable PDF"};
export const saved = (page, format) => downloaded(page, `Download ${NAMES[format] ?? format.toUpperCase()}`);

// "2 / 7"
export const pageShown = async (page) => await page.inputValue("#page-number") + await page.textContent("#page-count");

export const jobId = (page) => new URL(page.url()).hash.replace("#job=", "");

// Rows as shown, without the row numbers.
export const rows = (table) => table.locator("tbody tr").evaluateAll((list) =>
    list.map((row) => [...row.querySelectorAll("td, th:not(.row-number)")].map((c) => c.firstChild?.data ?? "")));

// Drags by mouse between two points of the page, as fractions.
export async function drag(page, from, to, steps = 5) {
    const box = await page.locator(".sheet.current").boundingBox();
    await page.mouse.move(box.x + from[0] * box.width, box.y + from[1] * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + to[0] * box.width, box.y + to[1] * box.height, {steps});
    await page.mouse.up();
}

// Where a node lies on its page, as fractions.
export const placeOf = (page, locator) => locator.evaluate((node) => {
    const [a, b] = [node.getBoundingClientRect(), node.closest(".sheet").getBoundingClientRect()];
    return {x: (a.x - b.x) / b.width, y: (a.y - b.y) / b.height, w: a.width / b.width, h: a.height / b.height};
});

export function near(a, b, by = 0.012) {
    for (const k of ["x", "y", "w", "h"])
        assert.ok(Math.abs(a[k] - b[k]) < by, `${k}: ${a[k]} is not near ${b[k]}`);
}
