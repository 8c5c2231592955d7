// Regions that are saved under a name, to be used on the next document.

import {$, el, plural, say, showProblem} from "./dom.js";
import {Problem} from "./api.js";
import {ask} from "./ask.js";

const MOST = 200; // more than a key may have

const pathOf = (template) => `/templates/${template.template_id}`;

export class Templates {
    #all = []; // as the service tells them, in the order of their names
    #undo = null; // takes back what was done last

    // pages(): how many the document has. onUsed(first) brings what was marked into view.
    constructor(api, regions, pages, onUsed) {
        Object.assign(this, {api, regions, pages, onUsed});
        $("template-use").onclick = () => this.#use(this.#chosen);
        $("template-save").onclick = () => this.#attempt(() => this.#save());
        $("template-rename").onclick = () => this.#attempt(() => this.#rename(this.#chosen));
        $("template-delete").onclick = () => this.#attempt(() => this.#remove(this.#chosen));
        $("template-undo").onclick = () => this.#attempt(() => this.#goBack());
        regions.addEventListener("settle", () => this.#showButtons());
    }

    // Where the service cannot tell them, those that are known stay.
    async load() {
        try {
            this.#all = (await this.api.json("GET", `/templates?page_size=${MOST}`)).templates;
        } catch (e) {
            if (!(e instanceof Problem))
                throw e;
        }
        this.#show(this.#chosen?.name);
        this.#tell("", null);
    }

    get #chosen() {
        return this.#named($("template").value);
    }

    #named(name) {
        return this.#all.find((t) => t.name === name);
    }

    async #attempt(work) {
        try {
            await work();
        } catch (e) {
            showProblem(e);
        }
    }

    // --- showing ---

    #show(chosen) {
        this.#all.sort((a, b) => a.name.localeCompare(b.name));
        $("template").replaceChildren(...this.#all.map(({name}) => el("option", {value: name, selected: name === chosen}, name)));
        $("template-row").hidden = this.#all.length === 0;
        this.#showButtons();
    }

    #showButtons() {
        $("template-save").hidden = this.regions.items.length === 0;
        $("templates").hidden = this.#all.length === 0 && this.regions.items.length === 0;
    }

    #tell(words, undo) {
        $("template-told").textContent = words;
        $("template-undo").hidden = undo === null;
        this.#undo = undo;
        if (words)
            say(words);
    }

    // --- doing ---

    #use({name, regions}) {
        const last = this.pages(), fit = regions.filter(({page}) => page === "all" || page <= last);
        const marked = fit.map((saved) => this.regions.take(saved)).filter(Boolean);
        this.#tell(`${plural(marked.length, "region")} marked.`, () => { marked.forEach((r) => this.regions.remove(r)); });
        if (marked.length > 0)
            this.onUsed(marked[0]);
        const lacks = [...new Set(regions.filter((r) => !fit.includes(r)).map((r) => r.page))].join(", ");
        if (lacks)
            showProblem(new Problem(422, {detail: `“${name}” marks page ${lacks}, but the document has ${plural(last, "page")}.`}));
    }

    async #save() {
        const {items} = this.regions, regions = this.regions.request();
        const typed = await ask({title: "Save as a template", label: "Name", button: "Save",
            why: `${plural(items.length, "region")} to be marked on other documents.`,
            hint: "A template of the same name is replaced.",
            attributes: {id: "template-name", maxlength: "100", value: this.#chosen?.name ?? ""},
            follow: (name, button) => { button.textContent = this.#named(name.trim()) ? "Replace" : "Save"; }});
        const name = typed?.trim(), old = this.#named(name);
        if (!name)
            return;
        const made = old ? await this.#put(old, regions) : await this.#create(name, regions);
        this.#tell(old ? `“${name}” is replaced.` : `“${name}” is saved.`,
            () => (old ? this.#put(made, old.regions) : this.#forget(made)));
    }

    async #rename(old) {
        const typed = await ask({title: "Rename the template", label: "Name", button: "Rename",
            why: `“${old.name}” gets another name.`, hint: "Programs that use it by its name need the new one.",
            attributes: {id: "template-name", maxlength: "100", value: old.name}});
        const name = typed?.trim();
        if (!name || name === old.name)
            return;
        const made = await this.#create(name, old.regions);
        await this.#forget(old, name);
        this.#tell(`“${old.name}” is called “${name}” now.`, async () => {
            await this.#create(old.name, old.regions);
            await this.#forget(made, old.name);
        });
    }

    async #remove(old) {
        await this.#forget(old);
        this.#tell(`“${old.name}” is deleted.`, () => this.#create(old.name, old.regions));
    }

    async #goBack() {
        const undo = this.#undo;
        this.#tell("", null);
        await undo();
    }

    // --- telling the service, and following ---

    async #create(name, regions) {
        const made = await this.api.json("POST", "/templates", {name, regions});
        this.#all.push(made);
        this.#show(name);
        return made;
    }

    async #put(old, regions) {
        const made = await this.api.json("PUT", pathOf(old), {regions});
        this.#all[this.#all.findIndex((t) => t.template_id === old.template_id)] = made;
        this.#show(made.name);
        return made;
    }

    async #forget(old, chosen) {
        await this.api.request("DELETE", pathOf(old));
        this.#all = this.#all.filter((t) => t !== old);
        this.#show(chosen);
    }
}
