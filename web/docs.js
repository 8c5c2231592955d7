// The API page, made of openapi.json, with a form to try each call.

import {$, el, hideNotice, plural, showNotice, showProblem} from "./dom.js";
import {Api, Problem} from "./api.js";
import {askKey, setUpKey} from "./key.js";

const DEEPEST = 3; // levels of a schema that are shown in one table
const api = new Api({askKey: (why) => askKey(api, why), onAnswer: hideNotice,
    onWait: (title, s) => showNotice(`${title} Trying again in ${plural(s, "second")}…`)});
let spec = null;

const refName = (schema) => schema?.$ref?.split("/").pop();
const follow = (thing) => (thing?.$ref ? thing.$ref.split("/").slice(1).reduce((at, name) => at[name], spec) : thing) ?? {};

// Of several shapes the first is taken for examples; told are the members of all.
function resolve(schema) {
    const {oneOf, ...whole} = follow(schema);
    if (!oneOf)
        return whole;
    const shapes = oneOf.map(resolve);
    return {...shapes[0], ...whole, properties: Object.assign({}, ...shapes.map((s) => s.properties)),
        required: shapes[0].required.filter((name) => shapes.every((s) => s.required.includes(name)))};
}

// --- telling ---

function typeName(schema) {
    if (schema?.$ref)
        return refName(schema);
    if (schema?.oneOf)
        return schema.oneOf.map(typeName).join(" or ");
    if (schema?.enum)
        return schema.enum.map(String).join(" | ");
    if (schema?.type === "array")
        return `array of ${typeName(schema.items)}`;
    return [schema?.type ?? "any"].flat().join(" or ") + (schema?.format ? ` (${schema.format})` : "");
}

function limits(schema) {
    const told = {default: "default", minimum: "at least", maximum: "at most", minItems: "at least",
        maxItems: "at most", maxLength: "no longer than"};
    return [schema?.description, ...Object.entries(told).filter(([k]) => schema?.[k] !== undefined)
        .map(([k, words]) => `${words} ${schema[k]}`), schema?.examples ? `such as ${schema.examples[0]}` : ""]
        .filter(Boolean).join("; ");
}

const row = (name, required, schema, depth, note = "") => el("tr", {},
    el("th", {scope: "row", class: `deep-${depth}`}, el("code", {}, name), required ? " *" : ""),
    el("td", {}, typeName(schema)), el("td", {}, [note, limits(schema)].filter(Boolean).join("; ")));

function rowsOf(schema, depth = 0) {
    const whole = resolve(schema);
    if (whole.type === "array" && depth <= DEEPEST)
        return rowsOf(whole.items, depth);
    return Object.entries(whole.properties ?? {}).flatMap(([name, inner]) => [
        row(name, whole.required?.includes(name), inner, depth),
        ...(inner.$ref || inner.items?.$ref || depth >= DEEPEST ? [] : rowsOf(inner, depth + 1))]);
}

const fields = (rows, caption) => el("div", {class: "scroll"}, el("table", {class: "fields"},
    el("caption", {class: "hidden-text"}, caption),
    el("thead", {}, el("tr", {}, ...[caption, "Type", "Notes"].map((t) => el("th", {scope: "col"}, t)))),
    el("tbody", {}, ...rows)));

function bodyType(operation) {
    return Object.keys(operation.requestBody?.content ?? {})[0];
}

function describe(operation) {
    const parts = [];
    if (operation.parameters)
        parts.push(fields(operation.parameters.map((p) => row(p.name, p.required, p.schema, 0,
            [`in the ${p.in}`, p.description].filter(Boolean).join("; "))), "Parameter"));
    const type = bodyType(operation);
    if (type) {
        const schema = operation.requestBody.content[type].schema;
        parts.push(el("p", {}, "Body: ", el("code", {}, Object.keys(operation.requestBody.content).join(", "))));
        if (rowsOf(schema).length > 0)
            parts.push(fields(rowsOf(schema), "Member"));
    }
    parts.push(fields(Object.entries(operation.responses).map(([status, answer]) => {
        const r = follow(answer);
        const schema = Object.values(r.content ?? {})[0]?.schema;
        return row(status, false, schema ?? {type: Object.keys(r.content ?? {}).join(", ") || "nothing"}, 0, r.description);
    }), "Answer"));
    return parts;
}

// --- trying ---

// The least that is valid, as a start.
function example(schema, depth = 0) {
    const s = resolve(schema);
    if (s.default !== undefined || s.enum)
        return s.default ?? s.enum[0];
    if (s.type === "object" || s.properties)
        return Object.fromEntries(Object.entries(s.properties ?? {})
            .filter(([name]) => s.required?.includes(name) || (depth === 0 && name === "regions"))
            .map(([name, inner]) => [name, example(inner, depth + 1)]));
    if (s.type === "array")
        return refName(s.items) === "Region" ? [{page: 1, x: 0.05, y: 0.1, width: 0.9, height: 0.8}] : [example(s.items, depth + 1)];
    return {integer: s.minimum ?? 0, number: 0, boolean: false}[s.type] ?? "";
}

function address(path, operation, values) {
    const query = new URLSearchParams();
    for (const p of operation.parameters ?? []) {
        const value = values[p.name] ?? "";
        if (p.in === "path")
            path = path.replace(`{${p.name}}`, encodeURIComponent(value));
        else if (p.in === "query" && value !== "")
            query.set(p.name, value);
    }
    return path.replace("/api/v1", "") + (query.size > 0 ? `?${query}` : "");
}

async function showAnswer(response, out) {
    const type = response.headers.get("Content-Type") ?? "";
    const line = el("p", {}, el("strong", {}, `${response.status} `), type);
    if (type.startsWith("image/")) {
        out.replaceChildren(line, el("img", {src: URL.createObjectURL(await response.blob()), alt: "The answer"}));
        return;
    }
    let text = await response.text();
    if (type.includes("json")) {
        try {
            text = JSON.stringify(JSON.parse(text), null, 1);
        } catch { /* shown as it came */ }
    }
    out.replaceChildren(line, text ? el("pre", {tabindex: "0", "aria-label": "The answer"}, text) : "");
}

function input(p) {
    const attributes = {name: p.name, required: p.required};
    const {enum: choices} = resolve(p.schema);
    return el("label", {}, p.name, choices
        ? el("select", attributes, p.required ? null : el("option", {value: ""}, ""), ...choices.map((v) => el("option", {value: v}, String(v))))
        : el("input", {type: "text", autocomplete: "off", ...attributes}));
}

function tryForm(method, path, operation) {
    const out = el("div", {class: "answer", "aria-live": "polite"});
    const type = bodyType(operation);
    const body = !type ? null : type === "application/json"
        ? el("textarea", {"aria-label": "Body", spellcheck: "false"}, JSON.stringify(example(operation.requestBody.content[type].schema), null, 1))
        : el("input", {type: "file", "aria-label": "Body", required: true});
    const form = el("form", {class: "try", onsubmit: async (e) => {
        e.preventDefault();
        const values = Object.fromEntries(new FormData(form));
        const headers = type ? {"Content-Type": type} : {};
        for (const p of operation.parameters ?? [])
            if (p.in === "header" && values[p.name])
                headers[p.name] = values[p.name];
        try {
            await showAnswer(await api.send(method.toUpperCase(), address(path, operation, values),
                {headers, body: body?.files ? body.files[0] : body?.value}), out);
        } catch (error) {
            const p = error instanceof Problem ? error : new Problem(422, {detail: error.message});
            out.replaceChildren(el("p", {}, el("strong", {}, p.title), " ", p.advice));
        }
    }}, ...(operation.parameters ?? []).map(input), body,
        el("div", {class: "buttons"}, el("button", {type: "submit", class: "primary"}, "Send")), out);
    return el("details", {}, el("summary", {}, "Try it"), form);
}

// What a browser on this page cannot call: tasks are for the queue, metrics for this machine.
const callable = (path) => path.startsWith("/api/v1/") && !path.startsWith("/api/v1/tasks/");

function showOperation(method, path, operation) {
    const id = `${method}${path.replace(/[^a-z0-9]+/gi, "-")}`;
    const security = operation.security ?? [];
    const who = security.some((s) => s.ApiKey) ? "Needs a key." : security.some((s) => s.SignedUrl) ? "The link carries its own permission." : "Open to everybody.";
    return {id, node: el("article", {id, class: "operation"},
        el("h3", {}, el("span", {class: `method ${method}`}, method.toUpperCase()), el("code", {}, path)),
        el("p", {}, `${operation.summary}. `, el("span", {class: "muted"}, who)),
        ...describe(operation), callable(path) ? tryForm(method, path, operation) : null)};
}

const groupOf = (path) => path.replace("/api/v1/", "").replace(/^\//, "").split("/")[0];

function show() {
    $("title").textContent = `${spec.info.title} ${spec.info.version}`;
    $("description").textContent = spec.info.description;
    let group = null;
    for (const [path, methods] of Object.entries(spec.paths)) {
        if (groupOf(path) !== group) {
            group = groupOf(path);
            $("operations").append(el("h2", {}, group));
            $("contents").append(el("h2", {}, group));
        }
        for (const [method, operation] of Object.entries(methods)) {
            const {id, node} = showOperation(method, path, operation);
            $("operations").append(node);
            $("contents").append(el("a", {href: `#${id}`}, el("span", {class: `method ${method}`}, method.toUpperCase()),
                ` ${path.replace("/api/v1", "")}`));
        }
    }
    for (const [name, schema] of Object.entries(spec.components.schemas)) {
        const rows = rowsOf(schema);
        $("schemas").append(el("article", {id: name, class: "operation"}, el("h3", {}, name),
            rows.length > 0 ? fields(rows, "Member") : el("p", {}, [typeName(schema), limits(schema)].filter(Boolean).join("; "))));
    }
    if (location.hash)
        document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

async function start() {
    try {
        spec = await api.json("GET", "/openapi.json");
        show();
    } catch (e) {
        showProblem(e, start);
    }
}

setUpKey(api);
start();
