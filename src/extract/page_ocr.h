/* Reading the pages that wait for OCR, each of which costs only itself when it cannot be read. */
#ifndef PDF_OCR_EXTRACT_PAGE_OCR_H
#define PDF_OCR_EXTRACT_PAGE_OCR_H

#include "extract/raster_batch.h"
#include "extract/recognizer.h"
#include "extract/sight.h"
#include "ports/page_journal.h"

/* Everything is borrowed but the batch, which raster_batch_free frees. */
struct page_ocr {
    const struct ocr_engine *engine;   /* NULL: none; the fallback once that was needed */
    const struct ocr_engine *fallback; /* costs nothing; NULL: none */
    bool asked_for;                    /* by its name: the text layer is no substitute */
    struct recognizer *recognizer;
    const char *languages;
    struct page_reader *reader;
    const struct checkpoint *c;
    const struct page_journal *journal; /* NULL: none */
    struct raster_batch unread;         /* tags are indexes of the window */
    char why[ERROR_TEXT_MAX];           /* the fallback reads; "": it does not */
};

/* Sets what is wrong with a page, unless something was already. */
enum err page_warn(struct sight *page, const char *detail, struct error *e);

/* Reads the pages that wait into their places of the window, keeps them, and empties the batch. A
 * page that cannot be read, or that no budget is left for, keeps its text layer and gets a warning.
 * ERR_TIMEOUT when the journal wants the rest in the next task. */
enum err page_ocr_read(struct page_ocr *o, struct sight *window, struct error *e);

#endif
