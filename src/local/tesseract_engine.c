/* Tesseract in-process: loaded at the first image, then kept warm. */
#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <tesseract/capi.h>

#include "base/buffer.h"
#include "base/source.h"
#include "base/yielding.h"
#include "local/local.h"
#include "ocr/pix.h"
#include "ocr/strip.h"
#include "ocr/words.h"

#define CHECK_INTERVAL_US (US_PER_S / 5)
#define LINE_SURE         0.5F /* mean confidence of a line of text, at least */
#define DASH_SURE         0.9F /* confidence of a dash, which is told by its shape */

struct engine_state {
    char *tessdata_dir, *language;
    TessBaseAPI *api; /* NULL until the first image */
};

/* What Tesseract's cancel callback looks at; it is called for every word. */
struct watch {
    const struct checkpoint *c;
    struct error *e;
    enum err err;
    int64_t checked_us;
};

static bool should_stop(void *self, int words)
{
    struct watch *w = self;
    (void)words;
    int64_t t = monotonic_us();
    if (w->err == ERR_OK && t - w->checked_us > CHECK_INTERVAL_US) {
        w->checked_us = t;
        yielding_end();
        w->err = checkpoint_pass(w->c, w->e);
        yielding_begin();
    }
    return w->err != ERR_OK;
}

static enum err load(struct engine_state *t, struct error *e)
{
    if (t->api != NULL)
        return ERR_OK;
    /* One process a core is our parallelism; OpenMP's threads would only spin against it. Tesseract
     * asks for a number of threads in each region, which overrides omp_set_num_threads(). */
    omp_set_max_active_levels(0);
    if ((t->api = TessBaseAPICreate()) == NULL)
        return error_no_memory(e);
    if (TessBaseAPIInit2(t->api, t->tessdata_dir, t->language, OEM_LSTM_ONLY) == 0) {
        (void)TessBaseAPISetVariable(t->api, "debug_file", "/dev/null");
        return ERR_OK;
    }
    TessBaseAPIDelete(t->api);
    t->api = NULL;
    error_set(e, ERR_UNAVAILABLE, "The OCR engine is not available; tell the operator.");
    return error_cause(e,
                       "Tesseract has no data for \"%s\": install tesseract-ocr-%s or set "
                       "TESSDATA_PREFIX",
                       t->language, t->language);
}

/* --- a line --- */

struct reading {
    struct engine_state *t;
    const struct raster *image;
    const struct text_line *line;
    const struct strip *strip;
    struct watch *watch;
    struct ocr_result *out;
};

static enum err add_word(struct reading *r, const char *text, const struct span *s,
                         float confidence, struct error *e)
{
    double w = r->image->width, h = r->image->height;
    struct box b = {s->x0 / w, s->y0 / h, (s->x1 - s->x0) / w, (s->y1 - s->y0) / h};
    return word_list_add(&r->out->words, b, text, strlen(text), confidence, ENGINE_TESSERACT) ==
                   ERR_OK
               ? ERR_OK
               : error_no_memory(e);
}

static bool take_word(void *self, const struct ink_word *w)
{
    struct reading *r = self;
    struct error e;
    return add_word(r, w->text, &w->box, w->confidence, &e) == ERR_OK;
}

/* The symbol at which the iterator stands; false: there is none, or white space. */
static bool take_symbol(const struct reading *r, TessResultIterator *it, struct symbol *out)
{
    const TessPageIterator *at = TessResultIteratorGetPageIteratorConst(it);
    char *text = TessResultIteratorGetUTF8Text(it, RIL_SYMBOL);
    int x0, y0, x1, y1;
    bool ok = text != NULL && strspn(text, " \n") < strlen(text) && strlen(text) < SYMBOL_BYTES &&
              TessPageIteratorBoundingBox(at, RIL_SYMBOL, &x0, &y0, &x1, &y1);
    if (ok) {
        int middle = strip_to_page(r->strip, r->line, (x0 + x1) / 2, &out->run);
        out->x0 = middle - (x1 - x0) / 2;
        out->x1 = middle + (x1 - x0) / 2;
        out->starts = TessPageIteratorIsAtBeginningOf(at, RIL_WORD);
        out->confidence = TessResultIteratorConfidence(it, RIL_WORD) / 100.0F;
        (void)memcpy(out->text, text, strlen(text) + 1);
    }
    TessDeleteText(text);
    return ok;
}

static enum err take_symbols(const struct reading *r, TessResultIterator *it,
                             struct symbol **symbols, size_t *n, struct error *e)
{
    size_t room = 0;
    bool starts = false; /* of a word whose first symbol was not taken */
    do {
        if (*n == room) {
            room = room > 0 ? 2 * room : 128;
            struct symbol *grown = realloc(*symbols, room * sizeof *grown);
            if (grown == NULL)
                return error_no_memory(e);
            *symbols = grown;
        }
        struct symbol *s = &(*symbols)[*n];
        s->starts = false;
        if (take_symbol(r, it, s)) {
            s->starts = s->starts || starts;
            starts = false;
            ++*n;
        } else {
            starts = starts || TessPageIteratorIsAtBeginningOf(
                                   TessResultIteratorGetPageIteratorConst(it), RIL_WORD);
        }
    } while (TessResultIteratorNext(it, RIL_SYMBOL));
    return ERR_OK;
}

static enum err take_words(struct reading *r, struct error *e)
{
    TessResultIterator *it = TessBaseAPIGetIterator(r->t->api);
    struct symbol *symbols = NULL;
    size_t n = 0;
    if (it == NULL) /* nothing was recognised */
        return ERR_OK;
    enum err err = take_symbols(r, it, &symbols, &n, e);
    if (err == ERR_OK && !ink_words(r->line, symbols, n, take_word, r))
        err = error_no_memory(e);
    free(symbols);
    TessResultIteratorDelete(it);
    return err;
}

static enum err recognize_strip(struct reading *r, struct error *e)
{
    ETEXT_DESC *monitor = TessMonitorCreate();
    if (monitor == NULL)
        return error_no_memory(e);
    TessMonitorSetCancelFunc(monitor, should_stop);
    TessMonitorSetCancelThis(monitor, r->watch);
    TessBaseAPISetPageSegMode(r->t->api, PSM_SINGLE_LINE);
    TessBaseAPISetImage2(r->t->api, r->strip->image);
    TessBaseAPISetSourceResolution(r->t->api, r->image->dpi);
    int failed = TessBaseAPIRecognize(r->t->api, monitor);
    TessMonitorDelete(monitor);
    if (r->watch->err != ERR_OK)
        return r->watch->err;
    return failed == 0 ? ERR_OK
                       : error_set(e, ERR_INTERNAL, "The OCR engine could not read the region.");
}

/* A line that is not sure as a whole has no sure words. */
static float doubt_line(struct word_list *words, size_t first)
{
    const struct word_list own = {.items = words->items + first, .n = words->n - first};
    float sure = own.n > 0 ? (float)word_list_confidence(&own) : 0;
    for (size_t i = 0; sure < LINE_SURE && i < own.n; i++)
        if (own.items[i].confidence > sure)
            own.items[i].confidence = sure;
    return sure;
}

static enum err read_line(struct reading *r, PIX *page, struct text_lines *all, size_t index,
                          struct error *e)
{
    size_t first = r->out->words.n;
    struct strip strip;
    r->line = &all->lines[index];
    if (!strip_cut(page, all, r->line, &strip))
        return error_no_memory(e);
    r->strip = &strip;
    enum err err = recognize_strip(r, e);
    if (err == ERR_OK)
        err = take_words(r, e);
    all->lines[index].confidence = doubt_line(&r->out->words, first);
    TessBaseAPIClear(r->t->api);
    strip_free(&strip);
    r->strip = NULL;
    return err;
}

/* A dash is as sure as the line on which it stands. */
static enum err add_dash(struct reading *r, const struct text_lines *all, const struct dash *d,
                         struct error *e)
{
    float sure = all->lines[d->line].confidence;
    return add_word(r, "-", &d->box, sure < DASH_SURE ? sure : DASH_SURE, e);
}

static enum err read_one(struct engine_state *t, const struct raster *image,
                         const struct checkpoint *c, struct ocr_result *out, struct error *e)
{
    struct watch w = {c, e, ERR_OK, monotonic_us()};
    struct reading r = {.t = t, .image = image, .watch = &w, .out = out};
    struct text_lines lines = {0};
    yielding_begin();
    PIX *page = pix_of_raster(image);
    PIX *ink = page != NULL ? pixThresholdToBinary(page, 160) : NULL;
    enum err err = ink != NULL && lines_find(ink, image->dpi, &lines) ? ERR_OK : error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < lines.n; i++)
        err = read_line(&r, page, &lines, i, e);
    for (size_t i = 0; err == ERR_OK && i < lines.n_dashes; i++)
        err = add_dash(&r, &lines, &lines.dashes[i], e);
    lines_free(&lines);
    pixDestroy(&ink);
    pixDestroy(&page);
    yielding_end();
    return err;
}

static enum err engine_recognize(void *self, const struct raster *images, size_t n,
                                 const struct checkpoint *c, struct ocr_result *out,
                                 struct error *e)
{
    struct engine_state *t = self;
    memset(out, 0, n * sizeof *out);
    enum err err = load(t, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = read_one(t, &images[i], c, &out[i], e);
    for (size_t i = 0; err != ERR_OK && i < n; i++)
        ocr_result_free(&out[i]);
    return err;
}

static const char *engine_version(void *self)
{
    (void)self;
    return TessVersion();
}

static void engine_close(void *self)
{
    struct engine_state *t = self;
    if (t->api != NULL) {
        TessBaseAPIEnd(t->api);
        TessBaseAPIDelete(t->api);
    }
    free(t->tessdata_dir);
    free(t->language);
    free(t);
}

static const struct ocr_engine_ops ops = {
    .engine = ENGINE_TESSERACT,
    .batch = 1,
    .reads_text_only = true,
    .recognize = engine_recognize,
    .version = engine_version,
    .close = engine_close,
};

enum err tesseract_engine_open(const char *tessdata_dir, const char *language,
                               struct ocr_engine *out, struct error *e)
{
    struct engine_state *t = calloc(1, sizeof *t);
    if (t == NULL || (t->language = strdup(language)) == NULL ||
        (tessdata_dir != NULL && (t->tessdata_dir = strdup(tessdata_dir)) == NULL)) {
        if (t != NULL)
            engine_close(t);
        return error_no_memory(e);
    }
    (void)setMsgSeverity(L_SEVERITY_NONE); /* what Leptonica cannot do shows in what it returns */
    *out = (struct ocr_engine){&ops, t};
    // cppcheck-suppress memleak ; out owns it
    return ERR_OK;
}
