// A dialog that asks for one thing.

import {el} from "./dom.js";

// Resolves to what was typed, or to null where somebody thinks better of it.
//
// title: what it is about; why: a sentence on it; label: of the field; hint: a sentence below it;
// button: what goes on. attributes: of the field, its id with them. follow(typed, button), if
// there is one, is called while something is typed.
export function ask({title, why, label, hint, button, attributes, follow}) {
    return new Promise((resolve) => {
        const input = el("input", {required: true, autocomplete: "off", ...attributes});
        const go = el("button", {type: "submit", class: "primary"}, button);
        const dialog = el("dialog", {"aria-labelledby": "ask-title"},
            el("form", {onsubmit: (e) => { e.preventDefault(); close(input.value); }},
                el("h2", {id: "ask-title"}, title), el("p", {class: "muted"}, why),
                el("label", {for: input.id}, label), input, el("p", {class: "hint"}, hint),
                el("div", {class: "buttons"}, go,
                    el("button", {type: "button", class: "quiet", onclick: () => close(null)}, "Cancel"))));
        const close = (answer) => {
            dialog.close(); // the focus goes back to where it was
            dialog.remove();
            resolve(answer);
        };
        dialog.oncancel = () => close(null);
        if (follow) {
            input.oninput = () => follow(input.value, go);
            follow(input.value, go);
        }
        document.body.append(dialog);
        dialog.showModal();
        input.select();
    });
}
