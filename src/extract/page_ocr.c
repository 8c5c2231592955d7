#include "extract/page_ocr.h"

#include <stdlib.h>
#include <string.h>

#include "extract/ocr_batch.h"

#define READABLE 0.6 /* mean confidence of OCR that is better than a layer that makes no sense */

/* A layer of letters that nobody trained the engine for may look like rubbish: it stays when the
 * engine cannot read the page either. */
static void compare_readings(struct sight *page, const struct page_reading *ocr)
{
    page->ocr = *ocr;
    page->ocr.fault = page->layer.fault;
    if (page->layer.fault == LAYER_RUBBISH && word_list_confidence(&ocr->content.words) < READABLE)
        page->layer.fault = LAYER_FITS;
}

enum err page_warn(struct sight *page, const char *detail, struct error *e)
{
    struct page_content *content = &page->layer.content;
    if (content->warning == NULL && (content->warning = strdup(detail)) == NULL)
        return error_no_memory(e);
    return ERR_OK;
}

/* Where OCR cannot read a page its text layer stays. */
static enum err go_without(const struct page_ocr *o, struct sight *page, struct error *e)
{
    page->unread = o->asked_for || page->layer.content.words.n == 0;
    return page_warn(page, e->detail, e);
}

/* --- engines --- */

/* Some of the pages that wait, as a batch of its own. */
struct part {
    struct raster_batch batch;
    struct page_reading *seen;
    bool refused; /* by a budget */
};

static enum err spend(const struct page_ocr *o, struct part *part, struct error *e)
{
    if (o->journal == NULL || !o->engine->ops->paid)
        return ERR_OK;
    enum err err = o->journal->spend(o->journal->self, (int)part->batch.n, e);
    part->refused = err == ERR_UNPROCESSABLE;
    return err;
}

static enum err read_by_engine(const struct page_ocr *o, struct part *part, struct error *e)
{
    enum err err = spend(o, part, e);
    return err == ERR_OK ? ocr_batch_read(&part->batch, o->engine, o->recognizer, o->languages,
                                          o->reader, o->c, part->seen, e)
                         : err;
}

/* Whether what failed is that the engine cannot be asked, now and in the tries that are left. */
static bool may_fall_back(const struct page_ocr *o, const struct part *part, enum err failed)
{
    const struct page_journal *j = o->journal;
    struct error ignored;
    return o->fallback != NULL && o->fallback != o->engine && j != NULL && j->may_fall_back &&
           (part->refused || (j->last_try && err_is_transient(failed))) &&
           checkpoint_pass(o->c, &ignored) == ERR_OK;
}

/* The engine that cannot be asked is not asked again for this document. */
static enum err read_part(struct page_ocr *o, struct part *part, struct error *e)
{
    enum err err = read_by_engine(o, part, e);
    if (err == ERR_OK || !may_fall_back(o, part, err))
        return err;
    text_format(o->why, sizeof o->why, "Read by %s instead of %s: %s",
                engine_names[o->fallback->ops->engine], engine_names[o->engine->ops->engine],
                e->detail);
    o->engine = o->fallback;
    part->refused = false;
    return read_by_engine(o, part, e);
}

/* --- pages --- */

static void keep(const struct page_ocr *o, const struct sight *page)
{
    struct buffer known = BUFFER_INIT;
    struct error e;
    if (o->journal != NULL && sight_write(page, &known, &e) == ERR_OK)
        o->journal->keep(o->journal->self, page->layer.content.info.number, &known);
    buffer_free(&known);
}

/* Takes over what was read of a page. */
static enum err take(const struct page_ocr *o, struct sight *page, const struct page_reading *seen,
                     struct error *e)
{
    compare_readings(page, seen);
    enum err err = o->why[0] != '\0' ? page_warn(page, o->why, e) : ERR_OK;
    if (err == ERR_OK)
        keep(o, page);
    return err;
}

/* What no budget was left for may be read another day. */
static enum err leave(const struct page_ocr *o, const struct part *part, struct sight *page,
                      struct error *e)
{
    enum err err = go_without(o, page, e);
    if (err == ERR_OK && !part->refused)
        keep(o, page);
    return err;
}

/* Reads one of the pages that wait. */
static enum err read_alone(struct page_ocr *o, size_t i, struct sight *window, struct error *e)
{
    struct page_reading seen;
    struct part one = {o->unread, &seen, false};
    struct sight *page = &window[o->unread.parts[i].tag];
    one.batch.parts += i;
    one.batch.n = 1;
    enum err err = read_part(o, &one, e);
    if (err == ERR_OK)
        return take(o, page, &seen, e);
    return err == ERR_UNPROCESSABLE ? leave(o, &one, page, e) : err;
}

/* Each by itself, when several together cannot be read. */
static enum err read_each_alone(struct page_ocr *o, struct sight *window, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < o->unread.n; i++)
        err = read_alone(o, i, window, e);
    return err;
}

static enum err read_all(struct page_ocr *o, struct sight *window, struct error *e)
{
    size_t n = o->unread.n;
    struct part all = {o->unread, calloc(n, sizeof *all.seen), false};
    enum err err = all.seen != NULL ? read_part(o, &all, e) : error_no_memory(e);
    if (err == ERR_UNPROCESSABLE && n == 1)
        err = leave(o, &all, &window[o->unread.parts[0].tag], e);
    else if (err == ERR_UNPROCESSABLE)
        err = read_each_alone(o, window, e);
    else
        for (size_t i = 0; err == ERR_OK && i < n; i++)
            err = take(o, &window[o->unread.parts[i].tag], &all.seen[i], e);
    free(all.seen);
    return err;
}

enum err page_ocr_read(struct page_ocr *o, struct sight *window, struct error *e)
{
    enum err err = ERR_OK;
    if (o->unread.n > 0 && o->journal != NULL)
        err = o->journal->go_on(o->journal->self, e);
    if (err == ERR_OK && o->unread.n > 0)
        err = read_all(o, window, e);
    raster_batch_clear(&o->unread);
    return err;
}
