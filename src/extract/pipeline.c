#include "extract/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu_yield.h"
#include "base/log.h"
#include "extract/debug_graph.h"
#include "extract/detect.h"
#include "extract/every_page.h"
#include "extract/join.h"
#include "extract/page_ocr.h"
#include "extract/proposals.h"
#include "extract/region.h"
#include "extract/repeats.h"
#include "extract/searchable.h"
#include "extract/upright.h"

#define PROPOSE_BATCH 8 /* regions shown to the structurer at once */
#define PROPOSE_WORDS 4 /* fewer make no table */

static const struct box whole_page = {0, 0, 1, 1};

struct run {
    const struct pipeline *p;
    const struct extraction_request *r; /* each region once */
    struct extraction_request by_page;  /* its regions are of one page each */
    struct repeats repeats;
    const struct checkpoint *c;
    struct job_progress *progress;
    struct page_reader *reader;
    enum engine_choice choice;
    struct page_ocr ocr;
    struct extraction *x;
    struct around *around;       /* of each result */
    struct raster_batch unasked; /* what the structurer is to see; a tag is the index of a result */
    struct debug_graph graph;
    struct buffer graph_text;
    struct buffer searchable; /* the pages of a searchable PDF */
};

/* The engine that reads for the choice; NULL: none does. */
static const struct ocr_engine *engine_for(const struct pipeline *p, enum engine_choice choice)
{
    for (size_t i = 0; i < p->n_ocr; i++) {
        const struct ocr_engine_ops *ops = p->ocr[i].ops;
        if (choice == CHOICE_TEXT)
            return NULL;
        if (choice == CHOICE_AUTO || choice_is_structurer(choice) ||
            strcmp(engine_names[ops->engine], engine_choice_names[choice]) == 0)
            return &p->ocr[i];
    }
    return NULL;
}

/* The first one that costs nothing. */
static const struct ocr_engine *free_engine(const struct pipeline *p)
{
    for (size_t i = 0; i < p->n_ocr; i++)
        if (!p->ocr[i].ops->paid)
            return &p->ocr[i];
    return NULL;
}

static bool choice_available(const struct run *u)
{
    if (choice_is_structurer(u->choice))
        return u->p->structurer.ops != NULL;
    return u->choice == CHOICE_AUTO || u->choice == CHOICE_TEXT || u->ocr.engine != NULL;
}

static enum err choose_engine(struct run *u, struct error *e)
{
    u->choice = u->r->engine != CHOICE_AUTO ? u->r->engine : u->p->engine;
    u->ocr.engine = engine_for(u->p, u->choice);
    u->ocr.fallback = free_engine(u->p);
    u->ocr.asked_for = choice_is_ocr(u->choice);
    if (choice_available(u))
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE, "The engine %s is not available here.",
                     engine_choice_names[u->choice]);
}

static bool needs_ocr(const struct run *u, const struct page_reading *s, struct box part)
{
    if (s->by_ocr || u->ocr.engine == NULL)
        return false;
    return choice_is_ocr(u->choice) || s->fault != LAYER_FITS || !page_reading_has_words(s, part);
}

/* --- the structurer --- */

static void region_done(struct run *u, size_t index)
{
    debug_graph_done(&u->graph, &u->x->results[index]);
    u->progress->regions_done++;
}

/* asked is the type before extraction. Who chose an engine that works here gets nothing sent
 * elsewhere. */
static bool needs_proposal(const struct run *u, const struct region_result *r,
                           enum region_type asked)
{
    if (u->p->structurer.ops == NULL || r->words.n == 0)
        return false;
    if (choice_is_structurer(u->choice))
        return asked == REGION_TABLE || (asked == REGION_AUTO && r->region.type != REGION_FORM);
    bool may_leave = u->choice == CHOICE_AUTO || choice_is_remote_ocr(u->choice);
    return may_leave && r->region.type == REGION_TABLE && r->n_tables == 0 &&
           r->words.n >= PROPOSE_WORDS;
}

/* A structurer that was not asked for by name may fail: what there is without it stays. */
static enum err tolerate(struct run *u, enum err failed, struct error *e)
{
    struct error why = *e;
    if (choice_is_structurer(u->choice) ||
        (!err_is_transient(failed) && failed != ERR_UNPROCESSABLE))
        return failed;
    enum err err = checkpoint_pass(u->c, e); /* it may be what failed */
    for (size_t i = 0; err == ERR_OK && i < u->unasked.n; i++)
        err = proposals_warn(&u->x->results[u->unasked.parts[i].tag], u->p->structurer.ops->engine,
                             &why, e);
    return err;
}

static enum err ask_structurer(struct run *u, struct error *e)
{
    if (u->unasked.n == 0)
        return ERR_OK;
    enum err err = proposals_apply(&u->unasked, &u->p->structurer, choice_is_structurer(u->choice),
                                   u->reader, u->ocr.recognizer, u->c, u->x->results, e);
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

static enum err extract_region(struct run *u, const struct page_reading *s, size_t index,
                               struct error *e)
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
    if (needs_proposal(u, out, asked))
        return ask_later(u, &s->content.info, index, e);
    region_done(u, index);
    return ERR_OK;
}

static enum err read_page(struct run *u, int number, struct page_reading *out, struct error *e)
{
    enum err err = checkpoint_pass(u->c, e);
    if (err == ERR_OK)
        err = page_reader_page(u->reader, number, &out->content, e);
    /* The layer is judged by the images, unless OCR reads all the same and nothing is left of it.
     */
    bool judged = u->ocr.engine == NULL || !choice_is_ocr(u->choice) || u->r->searchable;
    if (err == ERR_OK && judged && layer_asks_for_images(&out->content))
        err = page_reader_images(u->reader, number, &out->content.image_coverage, e);
    if (err != ERR_OK)
        page_content_free(&out->content);
    return err;
}

/* --- pages, as many at once as a batch has --- */

typedef enum err sight_fn(struct run *u, struct sight *page, struct error *e);

static const struct page_reading *reading_for(const struct run *u, const struct sight *page,
                                              struct box part)
{
    return page->ocr.by_ocr && needs_ocr(u, &page->layer, part) ? &page->ocr : &page->layer;
}

static bool page_selected(const struct extraction_request *r, int number)
{
    bool selected = (r->n_regions == 0 || r->searchable) && pages_have(r, number);
    for (size_t i = 0; !selected && i < r->n_regions; i++)
        selected = r->regions[i].page == number;
    return selected;
}

/* Whether anything on the page has to be read by OCR. */
static bool page_needs_ocr(const struct run *u, const struct page_reading *page)
{
    int number = page->content.info.number;
    bool needed = (u->r->n_regions == 0 && needs_ocr(u, page, whole_page)) ||
                  (u->r->searchable && u->ocr.engine != NULL && pages_have(u->r, number) &&
                   searchable_needs_ocr(page));
    for (size_t i = 0; i < u->r->n_regions; i++)
        needed =
            needed || (u->r->regions[i].page == number && needs_ocr(u, page, u->r->regions[i].box));
    return needed;
}

/* Takes a page over that an earlier task of the job has read, if one did. */
static enum err find_kept(const struct run *u, int number, struct sight *page, struct error *e)
{
    const struct page_journal *j = u->ocr.journal;
    struct buffer known = BUFFER_INIT;
    struct error why;
    enum err err = ERR_OK;
    if (j != NULL && u->ocr.engine != NULL)
        err = j->find(j->self, number, &known, e);
    if (err == ERR_OK && known.len > 0 && sight_parse(known.data, known.len, page, &why) != ERR_OK)
        log_error(LOG_NOTICE, "a page is read again", &why);
    buffer_free(&known);
    return err;
}

/* Reads the text layer of a page into its place; it waits for OCR when that does not do. */
static enum err look_at_page(struct run *u, int number, struct sight *window, size_t place,
                             struct error *e)
{
    struct page_reading *page = &window[place].layer;
    enum err err = find_kept(u, number, &window[place], e);
    if (err != ERR_OK || window[place].kept)
        return err;
    err = read_page(u, number, page, e);
    if (err == ERR_UNPROCESSABLE) {
        page->content.info.number = number;
        window[place].unread = true;
        return page_warn(&window[place], e->detail, e);
    }
    if (err == ERR_OK)
        page->fault = layer_assess(&page->content);
    if (err != ERR_OK || !page_needs_ocr(u, page))
        return err;
    if (raster_batch_full(&u->ocr.unread, &page->content.info, whole_page))
        err = page_ocr_read(&u->ocr, window, e);
    if (err == ERR_OK)
        raster_batch_add(&u->ocr.unread, &page->content.info, whole_page, place);
    return err;
}

static enum err page_done(struct run *u, const struct sight *page, struct error *e)
{
    const struct page_content *layer = &page->layer.content;
    const struct page_reading *reading = page->ocr.by_ocr ? &page->ocr : &page->layer;
    u->progress->pages_done++;
    if (u->r->searchable && pages_have(u->r, layer->info.number))
        searchable_add(page, &u->searchable);
    if (!page->unread) {
        u->x->pages_read++;
        debug_graph_page(&u->graph, &reading->content,
                         reading->by_ocr ? u->ocr.engine->ops->engine : ENGINE_TEXT);
    }
    if (layer->warning == NULL)
        return ERR_OK;
    debug_graph_problem(&u->graph, layer->info.number, layer->warning);
    return extraction_add_problem(u->x, layer->info.number, layer->warning, e);
}

/* Goes on from page *number with as many pages as a batch has. */
static enum err run_window(struct run *u, sight_fn *take, int *number, struct error *e)
{
    struct sight *window = calloc(u->ocr.unread.max, sizeof *window);
    size_t n = 0;
    enum err err = window != NULL ? ERR_OK : error_no_memory(e);
    for (; err == ERR_OK && n < u->ocr.unread.max && *number <= u->x->pages_total; ++*number)
        if (page_selected(u->r, *number))
            err = look_at_page(u, *number, window, n++, e);
    if (err == ERR_OK)
        err = page_ocr_read(&u->ocr, window, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        err = page_done(u, &window[i], e);
        if (err == ERR_OK)
            err = take(u, &window[i], e);
    }
    for (size_t i = 0; i < n; i++) {
        sight_free(&window[i]);
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
    const struct extraction_request *r = u->repeats.asked;
    for (size_t i = 0; i < r->n_regions; i++)
        if (r->regions[i].page > u->x->pages_total)
            return error_set(
                e, ERR_UNPROCESSABLE, "Region %zu is on page %d, but the document has %d page%s.",
                i + 1, r->regions[i].page, u->x->pages_total, u->x->pages_total == 1 ? "" : "s");
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

static enum err extract_found(struct run *u, const struct page_reading *page,
                              const struct region *found, size_t n, struct error *e)
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

static enum err detect_upright(struct run *u, const struct page_reading *reading, struct error *e)
{
    struct region *found = NULL;
    size_t n = 0;
    enum err err = detect_regions(&reading->content, u->c, &found, &n, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        found[i].box = pose_to_page(&reading->pose, found[i].box);
    if (err == ERR_OK)
        err = extract_found(u, reading, found, n, e);
    free(found);
    return err;
}

/* A page whose text layer stands turned is looked at upright. */
static enum err detect_page(struct run *u, struct sight *page, struct error *e)
{
    const struct page_reading *reading = reading_for(u, page, whole_page);
    struct page_reading turned;
    int quarters = reading->by_ocr ? 0 : upright_quarters(reading, whole_page);
    if (page->unread)
        return ERR_OK;
    if (quarters == 0)
        return detect_upright(u, reading, e);
    enum err err = upright_copy(reading, quarters, &turned, e);
    if (err != ERR_OK)
        return err;
    err = detect_upright(u, &turned, e);
    page_reading_free(&turned);
    return err;
}

/* Success is only what nothing is missing from. */
static void set_outcome(struct extraction *x)
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
    size_t max = u->ocr.engine != NULL ? u->ocr.engine->ops->batch : 1;
    int64_t pixels = p->reader.max_raster_pixels;
    enum err err = raster_batch_init(&u->ocr.unread, max, pixels, p->ocr_dpi, e);
    if (err == ERR_OK)
        err = raster_batch_init(&u->unasked, PROPOSE_BATCH, pixels, p->ocr_dpi, e);
    return err;
}

/* The regions that were asked for again. */
static enum err repeat_regions(struct run *u, struct error *e)
{
    enum err err = repeats_expand(&u->repeats, u->x, e);
    for (size_t i = 0; err == ERR_OK && i < u->x->n_results; i++) {
        if (!u->x->results[i].repeated)
            continue;
        debug_graph_dispatch(&u->graph, &u->x->results[i].region);
        region_done(u, i);
    }
    return err;
}

static enum err check_ranges(const struct run *u, struct error *e)
{
    for (size_t i = 0; i < u->r->n_pages; i++)
        if (u->r->pages[i].first > u->x->pages_total)
            return error_set(e, ERR_UNPROCESSABLE,
                             "Page %d does not exist: the document has %d "
                             "page%s.",
                             u->r->pages[i].first, u->x->pages_total,
                             u->x->pages_total == 1 ? "" : "s");
    return ERR_OK;
}

static enum err run_pages(struct run *u, struct error *e)
{
    bool marked = u->r->n_regions > 0;
    for (int i = 1; i <= u->x->pages_total; i++)
        u->progress->pages_total += page_selected(u->r, i);
    enum err err = !marked || u->r->searchable ? check_ranges(u, e) : ERR_OK;
    if (err == ERR_OK)
        err = marked ? run_marked(u, e) : run_windows(u, detect_page, e);
    if (err == ERR_OK && u->x->pages_read == 0 && u->x->n_problems > 0)
        return error_set(e, ERR_UNPROCESSABLE, "%s", u->x->problems[0].detail);
    if (err == ERR_OK)
        err = ask_structurer(u, e);
    if (err == ERR_OK && u->r->join_pages)
        err = join_tables(u->x, u->around, e);
    return err == ERR_OK && marked ? repeat_regions(u, e) : err;
}

static enum err write_document(struct run *u, struct error *e)
{
    struct extraction *x = u->x;
    if (!u->r->searchable)
        return ERR_OK;
    if (buffer_failed(&u->searchable))
        return error_no_memory(e);
    return page_reader_searchable(u->reader, &u->searchable, u->p->max_document_bytes, &x->document,
                                  &x->document_bytes, e);
}

static enum err finish(struct run *u, struct error *e)
{
    set_outcome(u->x);
    if (!u->r->agentic)
        return ERR_OK;
    u->x->debug_graph_json = debug_graph_finish(&u->graph, u->x);
    return u->x->debug_graph_json != NULL ? ERR_OK : error_no_memory(e);
}

enum err pipeline_run(const struct pipeline *p, int pdf_fd, const struct extraction_request *r,
                      const struct checkpoint *c, const struct page_journal *journal,
                      struct job_progress *progress, struct extraction *out, struct error *e)
{
    struct run u = {.p = p, .c = c, .progress = progress, .x = out};
    struct page_reader_limits limits = p->reader;
    if (r->password[0] != '\0')
        limits.password = r->password;
    u.ocr.recognizer = p->recognizer;
    u.ocr.languages = r->languages;
    u.ocr.c = c;
    u.ocr.journal = journal;
    u.graph.out = &u.graph_text;
    memset(out, 0, sizeof *out);
    memset(progress, 0, sizeof *progress);
    u.r = r;
    enum err err = choose_engine(&u, e);
    if (err == ERR_OK)
        err = make_batches(&u, e);
    if (err == ERR_OK)
        err = page_reader_open(&limits, pdf_fd, c, &u.reader, &out->pages_total, e);
    u.ocr.reader = u.reader;
    if (err == ERR_OK)
        err = every_page_expand(r, out->pages_total, &u.by_page, e);
    if (err == ERR_OK)
        err = repeats_find(&u.by_page, &u.repeats, e);
    progress->regions_total = (int)u.by_page.n_regions;
    u.r = &u.repeats.once;
    if (err == ERR_OK)
        err = run_pages(&u, e);
    if (err == ERR_OK)
        err = write_document(&u, e);
    if (err == ERR_OK)
        err = finish(&u, e);
    raster_batch_free(&u.ocr.unread);
    raster_batch_free(&u.unasked);
    free(u.around);
    repeats_free(&u.repeats);
    free(u.by_page.regions);
    buffer_free(&u.graph_text);
    buffer_free(&u.searchable);
    page_reader_close(u.reader);
    return err;
}
