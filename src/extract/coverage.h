/* What a proposed table leaves out of the words that were read: nothing may get lost. */
#ifndef PDF_OCR_EXTRACT_COVERAGE_H
#define PDF_OCR_EXTRACT_COVERAGE_H

#include "extract/layout.h"
#include "ports/extraction.h"

#define COVERAGE_WHY_MAX 128

/* Whether t has nearly all words of l, of which used[i] tells that a cell has item i, and some of
 * each row. Words at the place of a rejected cell are not lost: the cell tells that something is
 * there. False tells why in `why`. */
bool coverage_complete(const struct layout *l, const bool *used, const struct table *t,
                       char why[COVERAGE_WHY_MAX]);

#endif
