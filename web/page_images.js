// The images of a document's pages: fetched a few at a time, what is looked at first.

const AT_ONCE = 3;

export class PageImages {
    #pdf = "";
    #waiting = []; // {image, page, width, onFail}
    #loading = 0;

    constructor(api) {
        this.api = api;
    }

    open(pdf) {
        this.#pdf = pdf;
        this.#waiting = [];
    }

    // Shows a page in an <img>; what it shows already stays until that has come. onFail(e) is told
    // where it does not come: it may be asked for again.
    want(image, page, width, {first = false, onFail}) {
        const key = `${this.#pdf}-${page}-${width}`;
        const waiting = this.#waiting.some((w) => w.image === image);
        if (image.dataset.wanted === key && !(first && waiting))
            return;
        image.dataset.wanted = key;
        this.#waiting = this.#waiting.filter((w) => w.image !== image);
        this.#waiting[first ? "unshift" : "push"]({image, page, width, onFail, key});
        this.#next();
    }

    // It is shown no more, and its memory is free.
    drop(image) {
        this.#waiting = this.#waiting.filter((w) => w.image !== image);
        delete image.dataset.wanted;
        this.#show(image, null);
    }

    #show(image, url) {
        if (image.src)
            URL.revokeObjectURL(image.src);
        if (url)
            image.src = url;
        else
            image.removeAttribute("src");
    }

    #next() {
        while (this.#loading < AT_ONCE && this.#waiting.length > 0)
            this.#load(this.#waiting.shift());
    }

    async #load({image, page, width, onFail, key}) {
        this.#loading++;
        try {
            const blob = await this.api.blob(`/documents/${this.#pdf}/pages/${page}.png?width=${width}`);
            if (image.dataset.wanted === key)
                this.#show(image, URL.createObjectURL(blob));
        } catch (e) {
            if (image.dataset.wanted !== key || !image.isConnected)
                return;
            delete image.dataset.wanted;
            onFail(e);
        } finally {
            this.#loading--;
            this.#next();
        }
    }
}
