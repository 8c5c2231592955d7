#include "extract/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu_yield.h"
#include "extract/debug_graph.h"
#include "extract/detect.h"
#include "extract/join.h"
#include "extract/ocr_batch.h"
#include "extract/proposals.h"
#include "extract/region.h"
#include "extract/upright.h"

#define PROPOSE_BATCH 8   /* regions shown to the structurer at once */
#define PROPOSE_WORDS 4   /* fewer make no table */
#define READABLE      0.6 /* mean confidence of OCR that is better than a layer that makes no sense */

static const struct box whole_page = {0, 0, 1, 1};

struct run {
    const struct pipeline *p;
    const struct extraction_request *r;
    const struct checkpoint *c;
    struct job_progress *progress;
    struct page_reader *reader;
    enum engine_choice choice;
    const struct ocr_engine *ocr; /* NULL: none for this run */
    struct extraction *x;
    struct around *around;       /* of each result */
    struct raster_batch unread;  /* what OCR is to read; a tag is the index of a result or page */
    struct raster_batch unasked; /* what the structurer is to see; a tag is the index of a result */
    struct debug_graph graph;
    struct buffer graph_text;
};

/* The engine that reads for the choice; NULL: none does. */
static const struct ocr_engine *engine_for(const struct pipeline *p, enum engine_choice choice)
{
    for (size_t i = 0; i < p->n_ocr; i++) {
        const struct ocr_engine_ops *ops = p->ocr[i].ops;
        if (choice == CHOICE_TEXT)
            return NULL;
        if (choice == CHOICE_AUTO || choice == CHOICE_GEMINI ||
            strcmp(engine_names[ops->engine], engine_choice_names[choice]) == 0)
            return &p->ocr[i];
    }
    return NULL;
}

static bool choice_available(const struct run *u)
{
    if (u->choice == CHOICE_GEMINI)
        return u->p->structurer.ops != NULL;
    return u->choice == CHOICE_AUTO || u->choice == CHOICE_TEXT || u->ocr != NULL;
}

static enum err choose_engine(struct run *u, struct error *e)
{
    u->choice = u->r->engine != CHOICE_AUTO ? u->r->engine : u->p->engine;
    u->ocr = engine_for(u->p, u->choice);
    if (choice_available(u))
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE, "The engine %s is not available here.",
                     engine_choice_names[u->choice]);
}

static bool ocr_asked_for(const struct run *u)
{
    return u->choice == CHOICE_TESSERACT || u->choice == CHOICE_DOCUMENTAI;
}

static bool needs_ocr(const struct run *u, const struct seen *s, struct box part)
{
    if (s->by_ocr || u->ocr == NULL)
        return false;
    return ocr_asked_for(u) || s->fault != LAYER_FITS || !seen_has_words(s, part);
}

/* --- the structurer --- */

static void region_done(struct run *u, size_t index)
{
    debug_graph_done(&u->graph, &u->x->results[index]);
    u->progress->regions_done++;
}

/* asked is the type before extraction. Who chose an engine that works here gets nothing sent
 * elsewhere. */
static bool wants_proposal(const struct run *u, const struct region_result *r,
                           enum region_type asked)
{
    if (u->p->structurer.ops == NULL || r->words.n == 0)
        return false;
    if (u->choice == CHOICE_GEMINI)
        return asked == REGION_TABLE || (asked == REGION_AUTO && r->region.type != REGION_FORM);
    bool may_leave = u->choice == CHOICE_AUTO || u->choice == CHOICE_DOCUMENTAI;
    return may_leave && r->region.type == REGION_TABLE && r->n_tables == 0 &&
           r->words.n >= PROPOSE_WORDS;
}

/* A structurer that was not asked for by name may fail: what there is without it stays. */
static enum err tolerate(struct run *u, enum err failed, struct error *e)
{
    struct error why = *e;
    if (u->choice == CHOICE_GEMINI || (!err_is_transient(failed) && failed != ERR_UNPROCESSABLE))
        return failed;
    enum err err = checkpoint_pass(u->c, e); /* it may be what failed */
    for (size_t i = 0; err == ERR_OK && i < u->unasked.n; i++)
        err = proposals_warn(&u->x->results[u->unasked.parts[i].tag], &why, e);
    return err;
}

static enum err ask_structurer(struct run *u, struct error *e)
{
    if (u->unasked.n == 0)
        return ERR_OK;
    enum err err = proposals_apply(&u->unasked, &u->p->structurer, u->choice == CHOICE_GEMINI,
                                   u->reader, u->c, u->x->results, e);
    if (err != ERR_OK)
        err = tolerate(u, err, e);
    for (size_t i = 0; err == ERR_OK && i < u->unasked.n; i++)
        region_done(u, u->unasked.parts[i].tag);
    raster_batch_clear(&u->unasked);
    return err;
}

static enum err ask_later(struct run *u, const struct page_info *info, size_t index,
                          struct error *e)
{
    struct box box = u->x->results[index].region.box;
    enum err err = raster_batch_full(&u->unasked, info, box) ? ask_structurer(u, e) : ERR_OK;
    if (err == ERR_OK)
        raster_batch_add(&u->unasked, info, box, index);
    return err;
}

/* --- a region, once its words are read --- */

/* What the checkpoint calls may sleep, which yielding would break off. */
static enum err pass_between(void *self, struct error *e)
{
    const struct run *u = self;
    cpu_yield_end();
    enum err err = checkpoint_pass(u->c, e);
    cpu_yield_begin();
    return err;
}

static enum err extract_region(struct run *u, const struct seen *s, size_t index, struct error *e)
{
    struct region_result *out = &u->x->results[index];
    const struct checkpoint between = {pass_between, u};
    enum region_type asked = out->region.type;
    enum err err = checkpoint_pass(u->c, e);
    if (err != ERR_OK)
        return err;
    cpu_yield_begin();
    err = region_extract(s, out, &between, e);
    cpu_yield_end();
    if (err != ERR_OK)
        return err;
    if (u->r->join_pages) {
        struct box box = out->n_tables > 0 ? out->tables[0].box : out->region.box;
        join_look(&s->content.words, pose_from_page(&s->pose, box), &u->around[index]);
    }
    if (wants_proposal(u, out, asked))
        return ask_later(u, &s->content.info, index, e);
    region_done(u, index);
    return ERR_OK;
}

static enum err read_page(struct run *u, int number, struct seen *out, struct error *e)
{
    enum err err = checkpoint_pass(u->c, e);
    /* The layer is judged by the images, unless OCR reads all the same. */
    bool images = u->ocr == NULL || !ocr_asked_for(u);
    return err == ERR_OK ? page_reader_page(u->reader, number, images, &out->content, e) : err;
}

/* --- pages, as many at once as a batch has --- */

/* A page by its text layer and, where something needs it, by OCR. */
struct sight {
    struct seen layer, ocr; /* layer.content.warning: what of the page could not be read */
    bool unread;            /* nothing of it could */
};

typedef enum err sight_fn(struct run *u, struct sight *page, struct error *e);

static const struct seen *reading_for(const struct run *u, const struct sight *page,
                                      struct box part)
{
    return page->ocr.by_ocr && needs_ocr(u, &page->layer, part) ? &page->ocr : &page->layer;
}

static bool page_wanted(const struct extraction_request *r, int number)
{
    bool wanted = r->n_pages == 0 && r->n_regions == 0;
    for (size_t i = 0; i < r->n_regions; i++)
        wanted = wanted || r->regions[i].page == number;
    for (size_t i = 0; r->n_regions == 0 && i < r->n_pages; i++)
        wanted = wanted || (number >= r->pages[i].first &&
                            (r->pages[i].last == 0 || number <= r->pages[i].last));
    return wanted;
}

/* Whether anything on the page has to be read by OCR. */
static bool page_needs_ocr(const struct run *u, const struct seen *page)
{
    bool needed = u->r->n_regions == 0 && needs_ocr(u, page, whole_page);
    for (size_t i = 0; i < u->r->n_regions; i++)
        needed = needed || (u->r->regions[i].page == page->content.info.number &&
                            needs_ocr(u, page, u->r->regions[i].box));
    return needed;
}

/* A layer of letters that nobody trained the engine for may look like rubbish: it stays when the
 * engine cannot read the page either. */
static void compare_readings(struct sight *page, const struct seen *ocr)
{
    page->ocr = *ocr;
    page->ocr.fault = page->layer.fault;
    if (page->layer.fault == LAYER_RUBBISH && word_list_confidence(&ocr->content.words) < READABLE)
        page->layer.fault = LAYER_FITS;
}

/* What is wrong with a page costs that page. */
static enum err warn(struct sight *page, const char *detail, struct error *e)
{
    struct page_content *content = &page->layer.content;
    if (content->warning == NULL && (content->warning = strdup(detail)) == NULL)
        return error_no_memory(e);
    return ERR_OK;
}

/* Where OCR cannot read a page its text layer stays. */
static enum err go_without_ocr(const struct run *u, struct sight *page, struct error *e)
{
    page->unread = ocr_asked_for(u) || page->layer.content.words.n == 0;
    return warn(page, e->detail, e);
}

/* Reads one of the pages that wait for OCR. */
static enum err read_alone(struct run *u, size_t i, struct sight *window, struct error *e)
{
    struct raster_batch one = u->unread;
    struct sight *page = &window[u->unread.parts[i].tag];
    struct seen seen;
    one.parts += i;
    one.n = 1;
    enum err err =
        ocr_batch_read(&one, u->ocr, u->p->recognizer, u->r->languages, u->reader, u->c, &seen, e);
    if (err == ERR_OK)
        compare_readings(page, &seen);
    return err == ERR_UNPROCESSABLE ? go_without_ocr(u, page, e) : err;
}

static enum err read_each_alone(struct run *u, struct sight *window, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < u->unread.n; i++)
        err = read_alone(u, i, window, e);
    return err;
}

/* Reads the pages that wait for OCR, each by itself when one of several cannot be read. */
static enum err read_pages(struct run *u, struct sight *window, struct error *e)
{
    size_t n = u->unread.n;
    struct seen *seen = calloc(n + 1, sizeof *seen);
    enum err err = seen != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK && n > 0)
        err = ocr_batch_read(&u->unread, u->ocr, u->p->recognizer, u->r->languages, u->reader, u->c,
                             seen, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        compare_readings(&window[u->unread.parts[i].tag], &seen[i]);
    if (err == ERR_UNPROCESSABLE && n == 1)
        err = go_without_ocr(u, &window[u->unread.parts[0].tag], e);
    else if (err == ERR_UNPROCESSABLE)
        err = read_each_alone(u, window, e);
    raster_batch_clear(&u->unread);
    free(seen);
    return err;
}

/* Reads the text layer of a page into its place; it waits for OCR when that does not do. */
static enum err look_at_page(struct run *u, int number, struct sight *window, size_t place,
                             struct error *e)
{
    struct seen *page = &window[place].layer;
    enum err err = read_page(u, number, page, e);
    if (err == ERR_UNPROCESSABLE) {
        page->content.info.number = number;
        window[place].unread = true;
        return warn(&window[place], e->detail, e);
    }
    if (err == ERR_OK)
        page->fault = layer_judge(&page->content);
    if (err != ERR_OK || !page_needs_ocr(u, page))
        return err;
    if (raster_batch_full(&u->unread, &page->content.info, whole_page))
        err = read_pages(u, window, e);
    if (err == ERR_OK)
        raster_batch_add(&u->unread, &page->content.info, whole_page, place);
    return err;
}

static enum err page_done(struct run *u, const struct sight *page, struct error *e)
{
    const struct page_content *layer = &page->layer.content;
    const struct seen *seen = page->ocr.by_ocr ? &page->ocr : &page->layer;
    u->progress->pages_done++;
    if (!page->unread) {
        u->x->pages_read++;
        debug_graph_page(&u->graph, &seen->content,
                         seen->by_ocr ? u->ocr->ops->engine : ENGINE_TEXT);
    }
    if (layer->warning == NULL)
        return ERR_OK;
    debug_graph_problem(&u->graph, layer->info.number, layer->warning);
    return extraction_add_problem(u->x, layer->info.number, layer->warning, e);
}

/* Goes on from page *number with as many pages as a batch has. */
static enum err run_window(struct run *u, sight_fn *take, int *number, struct error *e)
{
    struct sight *window = calloc(u->unread.max, sizeof *window);
    size_t n = 0;
    enum err err = window != NULL ? ERR_OK : error_no_memory(e);
    for (; err == ERR_OK && n < u->unread.max && *number <= u->x->pages_total; ++*number)
        if (page_wanted(u->r, *number))
            err = look_at_page(u, *number, window, n++, e);
    if (err == ERR_OK)
        err = read_pages(u, window, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        err = page_done(u, &window[i], e);
        if (err == ERR_OK)
            err = take(u, &window[i], e);
    }
    for (size_t i = 0; i < n; i++) {
        seen_free(&window[i].layer);
        seen_free(&window[i].ocr);
    }
    free(window);
    return err;
}

static enum err run_windows(struct run *u, sight_fn *take, struct error *e)
{
    enum err err = ERR_OK;
    for (int number = 1; err == ERR_OK && number <= u->x->pages_total;)
        err = run_window(u, take, &number, e);
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

/* A region of a page that could not be read is empty and says why. */
static enum err leave_empty(struct run *u, const char *why, size_t index, struct error *e)
{
    struct region_result *out = &u->x->results[index];
    if (out->region.type == REGION_AUTO)
        out->region.type = REGION_TEXT;
    out->text = strdup("");
    out->warning = strdup(why);
    if (out->text == NULL || out->warning == NULL)
        return error_no_memory(e);
    region_done(u, index);
    return ERR_OK;
}

/* The regions of a page, each from the reading that serves it. */
static enum err take_regions(struct run *u, struct sight *page, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < u->r->n_regions; i++) {
        if (u->r->regions[i].page != page->layer.content.info.number)
            continue;
        debug_graph_dispatch(&u->graph, &u->r->regions[i]);
        err = page->unread ? leave_empty(u, page->layer.content.warning, i, e)
                           : extract_region(u, reading_for(u, page, u->r->regions[i].box), i, e);
    }
    return err;
}

/* Pages are read once each, in the order of the document. */
static enum err run_marked(struct run *u, struct error *e)
{
    size_t n = u->r->n_regions;
    enum err err = check_pages(u, e);
    if (err != ERR_OK)
        return err;
    u->x->results = calloc(n, sizeof *u->x->results);
    u->around = calloc(n, sizeof *u->around);
    if (u->x->results == NULL || u->around == NULL)
        return error_no_memory(e);
    u->x->n_results = n;
    for (size_t i = 0; i < n; i++)
        u->x->results[i].region = u->r->regions[i];
    return run_windows(u, take_regions, e);
}

/* --- regions that are found --- */

static enum err extract_found(struct run *u, const struct seen *page, const struct region *found,
                              size_t n, struct error *e)
{
    struct extraction *x = u->x;
    enum err err = ERR_OK;
    struct region_result *grown = realloc(x->results, (x->n_results + n + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    x->results = grown;
    struct around *around = realloc(u->around, (x->n_results + n + 1) * sizeof *around);
    if (around == NULL)
        return error_no_memory(e);
    memset(around + x->n_results, 0, (n + 1) * sizeof *around);
    u->around = around;
    u->progress->regions_total += (int)n;
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct region_result *out = &x->results[x->n_results];
        *out = (struct region_result){.region = found[i]};
        (void)snprintf(out->region.id, sizeof out->region.id, "region-%zu", x->n_results);
        debug_graph_dispatch(&u->graph, &out->region);
        err = extract_region(u, page, x->n_results++, e);
    }
    return err;
}

static enum err detect_upright(struct run *u, const struct seen *seen, struct error *e)
{
    struct region *found = NULL;
    size_t n = 0;
    enum err err = detect_regions(&seen->content, u->c, &found, &n, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        found[i].box = pose_to_page(&seen->pose, found[i].box);
    if (err == ERR_OK)
        err = extract_found(u, seen, found, n, e);
    free(found);
    return err;
}

/* A page whose text layer stands turned is looked at upright. */
static enum err detect_page(struct run *u, struct sight *page, struct error *e)
{
    const struct seen *seen = reading_for(u, page, whole_page);
    struct seen turned;
    int quarters = seen->by_ocr ? 0 : upright_quarters(seen, whole_page);
    if (page->unread)
        return ERR_OK;
    if (quarters == 0)
        return detect_upright(u, seen, e);
    enum err err = upright_copy(seen, quarters, &turned, e);
    if (err != ERR_OK)
        return err;
    err = detect_upright(u, &turned, e);
    seen_free(&turned);
    return err;
}

static enum err run_detected(struct run *u, struct error *e)
{
    for (size_t i = 0; i < u->r->n_pages; i++)
        if (u->r->pages[i].first > u->x->pages_total)
            return error_set(e, ERR_UNPROCESSABLE,
                             "Page %d does not exist: the document has %d "
                             "page%s.",
                             u->r->pages[i].first, u->x->pages_total,
                             u->x->pages_total == 1 ? "" : "s");
    return run_windows(u, detect_page, e);
}

/* Success is only what nothing is missing from. */
static void judge(struct extraction *x)
{
    size_t full = 0;
    for (size_t i = 0; i < x->n_results; i++)
        full += x->results[i].words.n > 0;
    x->outcome = full == 0                                    ? OUTCOME_NO_MATCH
                 : full == x->n_results && x->n_problems == 0 ? OUTCOME_SUCCESS
                                                              : OUTCOME_PARTIAL_SUCCESS;
}

static enum err make_batches(struct run *u, struct error *e)
{
    const struct pipeline *p = u->p;
    size_t max = u->ocr != NULL ? u->ocr->ops->batch : 1;
    int64_t pixels = p->reader.max_raster_pixels;
    enum err err = raster_batch_init(&u->unread, max, pixels, p->ocr_dpi, e);
    if (err == ERR_OK)
        err = raster_batch_init(&u->unasked, PROPOSE_BATCH, pixels, p->ocr_dpi, e);
    return err;
}

static enum err run_pages(struct run *u, struct error *e)
{
    bool marked = u->r->n_regions > 0;
    for (int i = 1; i <= u->x->pages_total; i++)
        u->progress->pages_total += page_wanted(u->r, i);
    enum err err = marked ? run_marked(u, e) : run_detected(u, e);
    if (err == ERR_OK && u->x->pages_read == 0 && u->x->n_problems > 0)
        return error_set(e, ERR_UNPROCESSABLE, "%s", u->x->problems[0].detail);
    if (err == ERR_OK)
        err = ask_structurer(u, e);
    return err == ERR_OK && u->r->join_pages ? join_tables(u->x, u->around, e) : err;
}

static enum err finish(struct run *u, struct error *e)
{
    judge(u->x);
    if (!u->r->agentic)
        return ERR_OK;
    u->x->debug_graph_json = debug_graph_finish(&u->graph, u->x);
    return u->x->debug_graph_json != NULL ? ERR_OK : error_no_memory(e);
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
        err = make_batches(&u, e);
    if (err == ERR_OK)
        err = page_reader_open(&p->reader, pdf_fd, c, &u.reader, &out->pages_total, e);
    if (err == ERR_OK)
        err = run_pages(&u, e);
    if (err == ERR_OK)
        err = finish(&u, e);
    raster_batch_free(&u.unread);
    raster_batch_free(&u.unasked);
    free(u.around);
    buffer_free(&u.graph_text);
    page_reader_close(u.reader);
    return err;
}
