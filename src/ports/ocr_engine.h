/* Port: an OCR engine (Tesseract, Document AI). */
#ifndef PDF_OCR_PORTS_OCR_ENGINE_H
#define PDF_OCR_PORTS_OCR_ENGINE_H

#include "ports/extraction.h"
#include "ports/page.h"
#include "ports/pose.h"

/* What an engine gives for one raster. Boxes are fractions of the raster, of the upright one where
 * the engine turned it. An engine that finds structure itself (Document AI) fills tables and
 * fields; others leave them empty. */
struct ocr_result {
    struct pose pose; /* how the raster was turned to be read */
    struct rule *rules;
    size_t n_rules;
    struct word_list words;
    struct table *tables;
    size_t n_tables;
    struct form_field *fields;
    size_t n_fields;
};

void ocr_result_free(struct ocr_result *r);

struct ocr_engine_ops {
    enum engine engine;
    size_t batch; /* how many rasters it likes to get at once: 1 for an engine of this machine */
    bool paid;    /* each raster costs money */
    bool puts_upright; /* it does so itself and tells pose and rules; others want upright pages */

    /* Whether it can be asked now, before rasters are made for it; NULL: always. */
    enum err (*check)(void *self, struct error *e);

    /* Reads n rasters; out[i] belongs to images[i]. languages, as "eng+deu", are a hint; "": the
     * engine's own. Words come in reading order. A raster with no
     * text is ERR_OK and no words. On an error out holds nothing. */
    enum err (*recognize)(void *self, const struct raster *images, size_t n, const char *languages,
                          const struct checkpoint *c, struct ocr_result *out, struct error *e);

    void (*close)(void *self);
};

struct ocr_engine {
    const struct ocr_engine_ops *ops; /* NULL: no OCR available */
    void *self;
};

#endif
