/* Port: an OCR engine (Tesseract in-process, Document AI). */
#ifndef PDF_OCR_PORTS_OCR_ENGINE_H
#define PDF_OCR_PORTS_OCR_ENGINE_H

#include "ports/extraction.h"
#include "ports/page.h"

/* What an engine gives for one raster. Boxes are fractions of the raster. An engine that finds
 * structure itself (Document AI) fills tables and fields; others leave them empty. */
struct ocr_result {
    struct word_list words;
    struct table *tables;
    size_t n_tables;
    struct form_field *fields;
    size_t n_fields;
};

void ocr_result_free(struct ocr_result *r);

struct ocr_engine_ops {
    enum engine engine;
    size_t batch;         /* how many rasters it likes to get at once: 1 for an engine in-process */
    bool reads_text_only; /* it wants upright text without rules; others want the page as it is */

    /* Reads n rasters; out[i] belongs to images[i]. Words come in reading order. A raster with no
     * text is ERR_OK and no words. On an error out holds nothing. */
    enum err (*recognize)(void *self, const struct raster *images, size_t n,
                          const struct checkpoint *c, struct ocr_result *out, struct error *e);

    /* The engine's version for /health/dependencies; static or owned by the engine. */
    const char *(*version)(void *self);
    void (*close)(void *self);
};

struct ocr_engine {
    const struct ocr_engine_ops *ops; /* NULL: no OCR available */
    void *self;
};

#endif
