/* Judging the text layer of a page: whether its letters can be what is seen on the page. */
#ifndef PDF_OCR_EXTRACT_LAYER_H
#define PDF_OCR_EXTRACT_LAYER_H

#include "ports/page.h"

/* Why a text layer is not taken for the text of its page. */
enum layer_fault {
    LAYER_FITS,
    LAYER_PARTIAL, /* a stamp, a fax's header or a page number on a page that is an image */
    LAYER_RUBBISH, /* no text: characters that no writing has, or letters that make no words */
};

enum { LAYER__MAX = LAYER_RUBBISH + 1 };

/* Whether the judgement needs page->image_coverage. */
bool layer_asks_for_images(const struct page_content *page);

enum layer_fault layer_assess(const struct page_content *page);

/* What the user is told of a region of such a page; static; NULL: nothing. */
const char *layer_warning(enum layer_fault fault, bool by_ocr);

#endif
