#include "extract/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/debug_graph.h"
#include "extract/detect.h"
#include "extract/form.h"
#include "extract/grid.h"
#include "extract/layout.h"
#include "extract/raster_rules.h"

#define PAD        0.05 /* white around a region that OCR gets to see */
#define FORM_SHARE 0.6  /* lines with a name that make an AUTO region a form */

struct run {
    const struct pipeline *p;
    const struct extraction_request *r;
    const struct checkpoint *c;
    struct job_progress *progress;
    struct page_reader *reader;
    enum engine_choice choice;
    struct extraction *x;
    struct debug_graph graph;
    struct buffer graph_text;
};

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

static enum err choose_engine(struct run *u, struct error *e)
{
    static const enum engine engines[CHOICE__MAX] = {[CHOICE_TESSERACT] = ENGINE_TESSERACT,
                                                     [CHOICE_DOCUMENTAI] = ENGINE_DOCUMENTAI,
                                                     [CHOICE_GEMINI] = ENGINE_GEMINI};
    u->choice = u->r->engine != CHOICE_AUTO ? u->r->engine : u->p->engine;
    if (u->choice == CHOICE_AUTO || u->choice == CHOICE_TEXT)
        return ERR_OK;
    if (u->p->ocr.ops != NULL && u->p->ocr.ops->engine == engines[u->choice])
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE, "The engine %s is not available here.",
                     engine_choice_names[u->choice]);
}

static struct box padded(struct box b)
{
    struct box p = {fmax(0, b.x - b.w * PAD), fmax(0, b.y - b.h * PAD), 0, 0};
    p.w = fmin(1, b.x + b.w * (1 + PAD)) - p.x;
    p.h = fmin(1, b.y + b.h * (1 + PAD)) - p.y;
    return p;
}

static struct box within(struct box part, struct box b)
{
    return (struct box){part.x + b.x * part.w, part.y + b.y * part.h, b.w * part.w, b.h * part.h};
}

/* Reads part of a page by OCR: its words and rules, in fractions of the page. */
static enum err read_by_ocr(struct run *u, const struct page_info *info, struct box region,
                            struct page_content *out, struct error *e)
{
    struct box part = padded(region);
    struct raster image = {0};
    struct ocr_result ocr = {0};
    memset(out, 0, sizeof *out);
    out->info = *info;
    enum err err = page_reader_raster(u->reader, info->number, part, u->p->ocr_dpi, &image, e);
    if (err == ERR_OK)
        err = u->p->ocr.ops->recognize(u->p->ocr.self, &image, u->c, &ocr, e);
    if (err == ERR_OK)
        err = raster_find_rules(&image, &out->rules, &out->n_rules, e);
    for (size_t i = 0; err == ERR_OK && i < ocr.words.n; i++)
        ocr.words.items[i].box = within(part, ocr.words.items[i].box);
    for (size_t i = 0; err == ERR_OK && i < out->n_rules; i++)
        out->rules[i].box = within(part, out->rules[i].box);
    if (err == ERR_OK) {
        out->words = ocr.words;
        memset(&ocr.words, 0, sizeof ocr.words);
    }
    ocr_result_free(&ocr);
    raster_free(&image);
    if (err != ERR_OK)
        page_content_free(out);
    return err;
}

static bool may_ocr(const struct run *u)
{
    return u->p->ocr.ops != NULL && u->choice != CHOICE_TEXT;
}

static bool must_ocr(const struct run *u)
{
    return u->choice != CHOICE_AUTO && u->choice != CHOICE_TEXT;
}

static enum err copy_words(const struct layout *l, struct region_result *out, struct error *e)
{
    float sum = 0;
    for (size_t i = 0; i < l->n_items; i++) {
        const struct word *w = l->items[i].word;
        if (word_list_add(&out->words, w->box, w->text, strlen(w->text), w->confidence,
                          w->engine) != ERR_OK)
            return no_memory(e);
        sum += w->confidence;
        out->engine = w->engine;
    }
    out->confidence = l->n_items > 0 ? sum / (float)l->n_items : 0;
    return ERR_OK;
}

static enum err keep_table(struct region_result *out, struct table *t, struct error *e)
{
    out->tables = malloc(sizeof *out->tables);
    if (out->tables == NULL) {
        table_free(t);
        return no_memory(e);
    }
    out->tables[0] = *t;
    out->n_tables = 1;
    return ERR_OK;
}

/* Gives the region its structure; an AUTO region becomes what it looks like. */
static enum err structure(const struct layout *l, const struct page_content *page,
                          struct region_result *out, struct error *e)
{
    struct region *g = &out->region;
    bool found = false;
    enum err err = ERR_OK;
    if (g->type == REGION_AUTO && form_share(l) >= FORM_SHARE)
        g->type = REGION_FORM;
    if (g->type == REGION_FORM)
        return form_find(l, &page->info, &out->fields, &out->n_fields, e);
    if (g->type == REGION_TEXT)
        return ERR_OK;
    struct table t;
    err = grid_build(l, page->rules, page->n_rules, &page->info, g->box, &t, &found, e);
    if (err != ERR_OK)
        return err;
    /* One line in pieces, or running text in columns, is no table unless the user says so. */
    if (found && g->type == REGION_AUTO && t.rows < 2) {
        table_free(&t);
        found = false;
    }
    g->type = found || g->type == REGION_TABLE ? REGION_TABLE : REGION_TEXT;
    return found ? keep_table(out, &t, e) : ERR_OK;
}

static enum err extract_from(const struct page_content *page, struct region_result *out,
                             struct error *e)
{
    struct layout l;
    struct buffer text = BUFFER_INIT;
    enum err err = layout_build(&page->words, &page->info, out->region.box, &l, e);
    if (err != ERR_OK)
        return err;
    err = copy_words(&l, out, e);
    if (err == ERR_OK)
        err = structure(&l, page, out, e);
    if (err == ERR_OK)
        err = layout_text(&l, &text, e);
    if (err == ERR_OK && (out->text = buffer_take(&text)) == NULL)
        err = no_memory(e);
    if (err == ERR_OK && l.n_items == 0 &&
        (out->warning = strdup("Nothing was found in this region.")) == NULL)
        err = no_memory(e);
    if (out->region.type == REGION_AUTO)
        out->region.type = REGION_TEXT;
    buffer_free(&text);
    layout_free(&l);
    return err;
}

static bool has_words_in(const struct page_content *page, struct box b)
{
    for (size_t i = 0; i < page->words.n; i++) {
        struct box w = page->words.items[i].box;
        double x = w.x + w.w / 2, y = w.y + w.h / 2;
        if (x >= b.x && x <= b.x + b.w && y >= b.y && y <= b.y + b.h)
            return true;
    }
    return false;
}

static enum err extract_region(struct run *u, const struct page_content *page, bool page_is_ocr,
                               struct region_result *out, struct error *e)
{
    struct page_content seen = {0};
    const struct page_content *from = page;
    enum err err = checkpoint_pass(u->c, e);
    if (err != ERR_OK)
        return err;
    debug_graph_dispatch(&u->graph, &out->region);
    if (!page_is_ocr && may_ocr(u) && (must_ocr(u) || !has_words_in(page, out->region.box))) {
        err = read_by_ocr(u, &page->info, out->region.box, &seen, e);
        from = &seen;
    }
    if (err == ERR_OK)
        err = extract_from(from, out, e);
    page_content_free(&seen);
    if (err == ERR_OK) {
        debug_graph_done(&u->graph, out);
        u->progress->regions_done++;
    }
    return err;
}

static enum err read_page(struct run *u, int number, bool whole, struct page_content *out,
                          bool *by_ocr, struct error *e)
{
    static const struct box all = {0, 0, 1, 1};
    enum err err = checkpoint_pass(u->c, e);
    *by_ocr = false;
    if (err == ERR_OK)
        err = page_reader_page(u->reader, number, out, e);
    if (err == ERR_OK && whole && may_ocr(u) && (must_ocr(u) || out->words.n == 0)) {
        struct page_info info = out->info;
        page_content_free(out);
        err = read_by_ocr(u, &info, all, out, e);
        *by_ocr = true;
    }
    if (err == ERR_OK) {
        u->x->pages_read++;
        u->progress->pages_done++;
        debug_graph_page(&u->graph, out, *by_ocr ? u->p->ocr.ops->engine : ENGINE_TEXT);
    }
    return err;
}

/* --- regions that the user marked --- */

static enum err check_pages(const struct run *u, struct error *e)
{
    for (size_t i = 0; i < u->r->n_regions; i++)
        if (u->r->regions[i].page > u->x->pages_total)
            return error_set(
                e, ERR_UNPROCESSABLE, "Region %zu is on page %d, but the document has %d page%s.",
                i + 1, u->r->regions[i].page, u->x->pages_total, u->x->pages_total == 1 ? "" : "s");
    return ERR_OK;
}

/* Pages are read once each, whatever the order of the regions. */
static enum err run_marked(struct run *u, struct error *e)
{
    size_t n = u->r->n_regions;
    enum err err = check_pages(u, e);
    if (err != ERR_OK)
        return err;
    u->x->results = calloc(n, sizeof *u->x->results);
    if (u->x->results == NULL)
        return no_memory(e);
    u->x->n_results = n;
    for (size_t i = 0; i < n; i++)
        u->x->results[i].region = u->r->regions[i];
    bool *done = calloc(n, sizeof *done);
    if (done == NULL)
        return no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct page_content page = {0};
        int number = u->r->regions[i].page;
        bool by_ocr;
        if (done[i])
            continue;
        err = read_page(u, number, false, &page, &by_ocr, e);
        for (size_t k = i; err == ERR_OK && k < n; k++) {
            if (u->r->regions[k].page != number)
                continue;
            done[k] = true;
            err = extract_region(u, &page, by_ocr, &u->x->results[k], e);
        }
        page_content_free(&page);
    }
    free(done);
    return err;
}

/* --- regions that are found --- */

static bool page_wanted(const struct extraction_request *r, int number)
{
    bool wanted = r->n_pages == 0;
    for (size_t i = 0; i < r->n_pages; i++)
        wanted = wanted || (number >= r->pages[i].first &&
                            (r->pages[i].last == 0 || number <= r->pages[i].last));
    return wanted;
}

static enum err extract_found(struct run *u, const struct page_content *page, bool by_ocr,
                              const struct region *found, size_t n, struct error *e)
{
    struct extraction *x = u->x;
    enum err err = ERR_OK;
    struct region_result *grown = realloc(x->results, (x->n_results + n + 1) * sizeof *grown);
    if (grown == NULL)
        return no_memory(e);
    x->results = grown;
    u->progress->regions_total += (int)n;
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct region_result *out = &x->results[x->n_results];
        *out = (struct region_result){.region = found[i]};
        (void)snprintf(out->region.id, sizeof out->region.id, "region-%zu", x->n_results);
        x->n_results++;
        err = extract_region(u, page, by_ocr, out, e);
    }
    return err;
}

static enum err run_detected(struct run *u, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < u->r->n_pages; i++)
        if (u->r->pages[i].first > u->x->pages_total)
            return error_set(e, ERR_UNPROCESSABLE,
                             "Page %d does not exist: the document has %d "
                             "page%s.",
                             u->r->pages[i].first, u->x->pages_total,
                             u->x->pages_total == 1 ? "" : "s");
    for (int number = 1; err == ERR_OK && number <= u->x->pages_total; number++) {
        struct page_content page = {0};
        struct region *found = NULL;
        size_t n = 0;
        bool by_ocr;
        if (!page_wanted(u->r, number))
            continue;
        err = read_page(u, number, true, &page, &by_ocr, e);
        if (err == ERR_OK)
            err = detect_regions(&page, &found, &n, e);
        if (err == ERR_OK)
            err = extract_found(u, &page, by_ocr, found, n, e);
        free(found);
        page_content_free(&page);
    }
    return err;
}

static void judge(struct extraction *x)
{
    size_t full = 0;
    for (size_t i = 0; i < x->n_results; i++)
        full += x->results[i].warning == NULL;
    x->outcome = full == 0              ? OUTCOME_NO_MATCH
                 : full == x->n_results ? OUTCOME_SUCCESS
                                        : OUTCOME_PARTIAL_SUCCESS;
}

enum err pipeline_run(const struct pipeline *p, int pdf_fd, const struct extraction_request *r,
                      const struct checkpoint *c, struct job_progress *progress,
                      struct extraction *out, struct error *e)
{
    struct run u = {.p = p, .r = r, .c = c, .progress = progress, .x = out};
    u.graph.out = &u.graph_text;
    memset(out, 0, sizeof *out);
    memset(progress, 0, sizeof *progress);
    progress->regions_total = (int)r->n_regions;
    enum err err = choose_engine(&u, e);
    if (err == ERR_OK)
        err = page_reader_open(&p->reader, pdf_fd, c, &u.reader, &out->pages_total, e);
    if (err == ERR_OK) {
        for (int i = 1; i <= out->pages_total; i++)
            progress->pages_total += r->n_regions > 0 ? 0 : page_wanted(r, i);
        err = r->n_regions > 0 ? run_marked(&u, e) : run_detected(&u, e);
    }
    if (err == ERR_OK) {
        judge(out);
        if (r->agentic && (out->debug_graph_json = debug_graph_finish(&u.graph, out)) == NULL)
            err = no_memory(e);
    }
    if (r->n_regions > 0)
        progress->pages_total = progress->pages_done;
    buffer_free(&u.graph_text);
    page_reader_close(u.reader);
    return err;
}
