/* From what was seen of a page to the result of a region. */
#ifndef PDF_OCR_EXTRACT_REGION_H
#define PDF_OCR_EXTRACT_REGION_H

#include "extract/layer.h"
#include "ports/extraction.h"
#include "ports/ocr_engine.h"

/* A page, or as much of it as was read: its words and rules, and the tables and fields that the
 * engine found by itself (found.words is empty). All boxes are fractions of the page, of an upright
 * one where it was turned to be read. */
struct page_reading {
    struct page_content content;
    struct ocr_result found;
    struct pose pose; /* how the page was turned */
    bool by_ocr;
    enum layer_fault fault; /* of the page's text layer */
};

void page_reading_free(struct page_reading *s);

/* Whether a word's centre lies in b. */
bool page_reading_has_words(const struct page_reading *s, struct box b);

/* Fills *out, whose region is set, with the words, text and structure of the region; an AUTO
 * region becomes what it looks like. The engine's own table or fields are copied; where
 * it has none in the region the structure comes from the words and rules. A region that is too
 * complex is ERR_UNPROCESSABLE; c may be NULL. *out is the caller's to free on errors too. */
enum err region_extract(const struct page_reading *s, struct region_result *out,
                        const struct checkpoint *c, struct error *e);

/* Makes t the only structure of a result: its fields and tables are freed. t is consumed, on
 * errors too. */
enum err region_set_table(struct region_result *out, struct table *t, struct error *e);

#endif
