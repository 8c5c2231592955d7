// Building what is shown. Text goes in as text only: nothing here or elsewhere parses HTML.

export const $ = (id) => document.getElementById(id);

// el("button", {class: "quiet", type: "button", onclick: f}, "Text", node, ...)
export function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on"))
            node.addEventListener(name.slice(2), value);
        else if (value === true)
            node.setAttribute(name, "");
        else if (value !== false && value !== null && value !== undefined)
            node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
}

export const percent = (part) => `${Math.round(part * 100)} %`;

export const plural = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

// Read out by screen readers; not shown.
export function say(text) {
    $("status").textContent = text;
}

// What has no title is a bug of this page; it is not hidden.
function words(problem) {
    if (problem.title)
        return problem;
    console.error(problem);
    return {title: "This page failed.", advice: `Reload it. (${problem.message})`};
}

// Shows what went wrong and what to do: a Problem of api.js; again is tried by a button.
export function showProblem(problem, again) {
    hideNotice();
    const {title, advice} = words(problem);
    const box = $("alert");
    const close = () => { box.hidden = true; };
    const buttons = [el("button", {type: "button", class: "quiet", onclick: close}, "Close")];
    if (again)
        buttons.unshift(el("button", {type: "button", onclick: () => { close(); again(); }}, "Try again"));
    box.replaceChildren(el("div", {}, el("strong", {}, title), " ", advice),
        el("div", {class: "buttons"}, ...buttons));
    box.hidden = false;
}

export function hideProblem() {
    $("alert").hidden = true;
}

// What is going on, until something else is.
export function showNotice(text) {
    $("notice").textContent = text;
    $("notice").hidden = false;
}

export function hideNotice() {
    $("notice").hidden = true;
}

export function saveFile(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = el("a", {href: url, download: name});
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
}
