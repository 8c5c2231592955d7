// The dialog that asks for the password of an encrypted PDF.

import {el} from "./dom.js";

// Resolves to the password, or to null where somebody thinks better of it.
export function askPassword(why) {
    return new Promise((resolve) => {
        const input = el("input", {id: "pdf-password", type: "password", autocomplete: "off", required: true});
        const dialog = el("dialog", {id: "password-dialog", "aria-labelledby": "password-title"},
            el("form", {onsubmit: (e) => { e.preventDefault(); close(input.value); }},
                el("h2", {id: "password-title"}, "Password of the PDF"), el("p", {class: "muted"}, why),
                el("label", {for: "pdf-password"}, "Password"), input,
                el("p", {class: "hint"}, "It is used for this document and kept nowhere."),
                el("div", {class: "buttons"}, el("button", {type: "submit", class: "primary"}, "Open"),
                    el("button", {type: "button", class: "quiet", onclick: () => close(null)}, "Cancel"))));
        const close = (answer) => {
            dialog.remove();
            resolve(answer);
        };
        dialog.oncancel = () => close(null);
        document.body.append(dialog);
        dialog.showModal();
    });
}
