/* Boxes in the pixels of a page as its rules. */
#ifndef PDF_OCR_OCR_RULE_BOXES_H
#define PDF_OCR_OCR_RULE_BOXES_H

#include <leptonica/allheaders.h>

#include "ports/page.h"

/* Appends the boxes to *out, an array of *n that the caller frees, as fractions of the page.
 * ERR_INTERNAL: out of memory, or boxes is NULL since it was; then nothing was appended. */
enum err rule_boxes_add(PIX *page, BOXA *boxes, bool vertical, struct rule **out, size_t *n,
                        struct error *e);

#endif
