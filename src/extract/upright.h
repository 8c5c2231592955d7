/* Pages, or parts of them, whose text stands turned by quarters: put upright before they are read
 * as lines and tables. */
#ifndef PDF_OCR_EXTRACT_UPRIGHT_H
#define PDF_OCR_EXTRACT_UPRIGHT_H

#include "extract/region.h"

/* By how many quarters clockwise the page has to be turned for most of the words in a part of it to
 * stand upright: 0 when most do. */
int upright_quarters(const struct page_reading *s, struct box part);

/* *out is the page of s turned; freed by the caller with page_reading_free. What an engine found by
 * itself is not taken along. */
enum err upright_copy(const struct page_reading *s, int quarters, struct page_reading *out,
                      struct error *e);

#endif
