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
#include "ocr/mend.h"
#include "ocr/pix.h"
#include "ocr/strip.h"

#define CHECK_INTERVAL_US (US_PER_S / 5)

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

/* The glyphs of a run whose middles are between two places: *n of them from the one returned. */
static const struct span *glyphs_between(const struct text_run *r, int x0, int x1, size_t *n)
{
    size_t first = 0;
    while (first < r->n && (r->glyphs[first].x0 + r->glyphs[first].x1) / 2 < x0)
        first++;
    *n = 0;
    while (first + *n < r->n && (r->glyphs[first + *n].x0 + r->glyphs[first + *n].x1) / 2 <= x1)
        ++*n;
    return &r->glyphs[first];
}

static struct span ink_of(const struct span *glyphs, size_t n)
{
    struct span s = glyphs[0];
    for (size_t i = 1; i < n; i++) {
        s.x0 = glyphs[i].x0 < s.x0 ? glyphs[i].x0 : s.x0;
        s.y0 = glyphs[i].y0 < s.y0 ? glyphs[i].y0 : s.y0;
        s.x1 = glyphs[i].x1 > s.x1 ? glyphs[i].x1 : s.x1;
        s.y1 = glyphs[i].y1 > s.y1 ? glyphs[i].y1 : s.y1;
    }
    return s;
}

static enum err add_word(const struct reading *r, struct buffer *text, int left, int right,
                         float confidence, struct error *e)
{
    size_t run, n;
    int x0 = strip_to_page(r->strip, r->line, (left + right) / 2, &run) - (right - left) / 2;
    const struct text_run *own = &r->line->runs[run];
    const struct span *glyphs = glyphs_between(own, x0, x0 + right - left, &n);
    struct span ink = {x0, own->box.y0, x0 + right - left, own->box.y1};
    if (n > 0)
        ink = ink_of(glyphs, n);
    if (!mend_word(text, glyphs, n, own, n == own->n))
        return ERR_OK;
    if (buffer_failed(text))
        return error_no_memory(e);
    double w = r->image->width, h = r->image->height;
    struct box b = {ink.x0 / w, ink.y0 / h, (ink.x1 - ink.x0) / w, (ink.y1 - ink.y0) / h};
    return word_list_add(&r->out->words, b, text->data, text->len, confidence, ENGINE_TESSERACT) ==
                   ERR_OK
               ? ERR_OK
               : error_no_memory(e);
}

/* The word at which the iterator stands, cut where it goes from one run to the next. */
static enum err take_word(const struct reading *r, TessResultIterator *it, struct error *e)
{
    const TessPageIterator *at = TessResultIteratorGetPageIteratorConst(it);
    float confidence = TessResultIteratorConfidence(it, RIL_WORD) / 100.0F;
    struct buffer text = BUFFER_INIT;
    int left = 0, right = 0;
    size_t run = 0;
    enum err err = ERR_OK;
    do {
        int x0, y0, x1, y1;
        size_t own;
        char *symbol = TessResultIteratorGetUTF8Text(it, RIL_SYMBOL);
        if (symbol == NULL || !TessPageIteratorBoundingBox(at, RIL_SYMBOL, &x0, &y0, &x1, &y1)) {
            TessDeleteText(symbol);
            continue;
        }
        (void)strip_to_page(r->strip, r->line, (x0 + x1) / 2, &own);
        if (text.len > 0 && own != run) {
            err = add_word(r, &text, left, right, confidence, e);
            buffer_reset(&text);
        }
        if (text.len == 0) {
            left = x0;
            right = x1;
        }
        run = own;
        right = x1 > right ? x1 : right;
        buffer_puts(&text, symbol);
        TessDeleteText(symbol);
    } while (err == ERR_OK && !TessPageIteratorIsAtFinalElement(at, RIL_WORD, RIL_SYMBOL) &&
             TessResultIteratorNext(it, RIL_SYMBOL));
    if (err == ERR_OK && text.len > 0 && strspn(text.data, " \n") < text.len)
        err = buffer_failed(&text) ? error_no_memory(e)
                                   : add_word(r, &text, left, right, confidence, e);
    buffer_free(&text);
    return err;
}

static enum err take_words(const struct reading *r, struct error *e)
{
    TessResultIterator *it = TessBaseAPIGetIterator(r->t->api);
    enum err err = ERR_OK;
    if (it == NULL) /* nothing was recognised */
        return ERR_OK;
    do
        err = take_word(r, it, e);
    while (err == ERR_OK && TessResultIteratorNext(it, RIL_SYMBOL));
    TessResultIteratorDelete(it);
    return err;
}

static enum err recognize_strip(const struct reading *r, struct error *e)
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

static enum err read_line(struct reading *r, PIX *page, const struct text_lines *all,
                          struct error *e)
{
    struct strip strip;
    if (!strip_cut(page, all, r->line, &strip))
        return error_no_memory(e);
    r->strip = &strip;
    enum err err = recognize_strip(r, e);
    if (err == ERR_OK)
        err = take_words(r, e);
    TessBaseAPIClear(r->t->api);
    strip_free(&strip);
    return err;
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
    for (size_t i = 0; err == ERR_OK && i < lines.n; i++) {
        r.line = &lines.lines[i];
        err = read_line(&r, page, &lines, e);
    }
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
    *out = (struct ocr_engine){&ops, t};
    // cppcheck-suppress memleak ; out owns it
    return ERR_OK;
}
