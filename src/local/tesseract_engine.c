/* Tesseract in-process: loaded at the first image, then kept warm. */
#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <tesseract/capi.h>

#include "base/source.h"
#include "base/yielding.h"
#include "local/local.h"

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

static enum err read_words(TessBaseAPI *api, const struct raster *image, struct ocr_result *out,
                           struct error *e)
{
    TessResultIterator *it = TessBaseAPIGetIterator(api);
    enum err err = ERR_OK;
    if (it == NULL) /* nothing was recognised */
        return ERR_OK;
    const TessPageIterator *at = TessResultIteratorGetPageIteratorConst(it);
    do {
        int left, top, right, bottom;
        char *text = TessResultIteratorGetUTF8Text(it, RIL_WORD);
        if (text != NULL && text[strspn(text, " \n")] != '\0' &&
            TessPageIteratorBoundingBox(at, RIL_WORD, &left, &top, &right, &bottom)) {
            struct box b = {(double)left / image->width, (double)top / image->height,
                            (double)(right - left) / image->width,
                            (double)(bottom - top) / image->height};
            float confidence = TessResultIteratorConfidence(it, RIL_WORD) / 100.0F;
            if (word_list_add(&out->words, b, text, strcspn(text, "\n"), confidence,
                              ENGINE_TESSERACT) != ERR_OK)
                err = error_no_memory(e);
        }
        TessDeleteText(text);
    } while (err == ERR_OK && TessResultIteratorNext(it, RIL_WORD));
    TessResultIteratorDelete(it);
    return err;
}

static enum err read_one(struct engine_state *t, const struct raster *image,
                         const struct checkpoint *c, struct ocr_result *out, struct error *e)
{
    enum err err = ERR_OK;
    struct watch w = {c, e, ERR_OK, monotonic_us()};
    ETEXT_DESC *monitor = TessMonitorCreate();
    if (monitor == NULL)
        return error_no_memory(e);
    yielding_begin();
    TessMonitorSetCancelFunc(monitor, should_stop);
    TessMonitorSetCancelThis(monitor, &w);
    TessBaseAPISetPageSegMode(t->api, PSM_SINGLE_BLOCK);
    TessBaseAPISetImage(t->api, image->pixels, image->width, image->height, 1, image->width);
    TessBaseAPISetSourceResolution(t->api, image->dpi);
    int failed = TessBaseAPIRecognize(t->api, monitor);
    TessMonitorDelete(monitor);
    if (w.err != ERR_OK)
        err = w.err;
    else if (failed != 0)
        err = error_set(e, ERR_INTERNAL, "The OCR engine could not read the region.");
    else
        err = read_words(t->api, image, out, e);
    TessBaseAPIClear(t->api);
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
