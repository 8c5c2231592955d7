// The dialog that asks for the API key.

import {$, el} from "./dom.js";

let asking = null; // {promise, resolve} while the dialog is open

function close(got) {
    $("key-dialog").close();
    asking?.resolve(got);
    asking = null;
}

// Resolves to whether another key was given; who asks while it is open waits for the same answer.
export function askKey(api, why) {
    if (asking)
        return asking.promise;
    $("key-why").textContent = why;
    $("key").value = "";
    $("key-forget").hidden = !api.key;
    $("key-dialog").showModal();
    asking = {};
    asking.promise = new Promise((resolve) => { asking.resolve = resolve; });
    return asking.promise;
}

// Another tab has told its key.
export function keyCame() {
    if (asking)
        close(true);
}

function makeDialog() {
    return el("dialog", {id: "key-dialog", "aria-labelledby": "key-title"}, el("form", {id: "key-form"},
        el("h2", {id: "key-title"}, "API key"), el("p", {id: "key-why", class: "muted"}),
        el("label", {for: "key"}, "Key"),
        el("input", {id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true}),
        el("p", {class: "hint"}, "It stays in the open tabs of this page and is forgotten with the last of them."),
        el("div", {class: "buttons"}, el("button", {type: "submit", class: "primary"}, "Use this key"),
            el("button", {id: "key-forget", type: "button"}, "Forget the key"),
            el("button", {id: "key-cancel", type: "button", class: "quiet"}, "Cancel"))));
}

export function setUpKey(api) {
    document.body.append(makeDialog());
    $("key-button").onclick = () => askKey(api, api.key ? "A key is in use in this tab." : "No key is set in this tab.");
    $("key-form").onsubmit = (e) => {
        e.preventDefault();
        const key = $("key").value.trim();
        if (!/^[\x21-\x7e]+$/.test(key)) {
            $("key-why").textContent = "A key has only ASCII characters and no spaces.";
            return;
        }
        api.key = key;
        close(true);
    };
    $("key-forget").onclick = () => {
        sessionStorage.clear(); // what was done with the key goes with it
        close(false);
    };
    $("key-cancel").onclick = () => close(false);
    $("key-dialog").oncancel = () => close(false);
}
