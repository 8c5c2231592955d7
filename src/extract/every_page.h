/* Regions of every page, once it is known how many pages there are. */
#ifndef PDF_OCR_EXTRACT_EVERY_PAGE_H
#define PDF_OCR_EXTRACT_EVERY_PAGE_H

#include "base/error.h"
#include "ports/extraction.h"

#define REGIONS_OF_PAGES_MAX 10000 /* that regions of every page may become */

/* Whether the page is one of the request's `pages`; every page is where it has none. */
bool pages_have(const struct extraction_request *r, int number);

/* *out is r with a region of each of its pages in place of each one of PAGE_ALL: their ids end in
 * `-page-N`. Its regions are the caller's to free, after an error as well; all else is borrowed.
 * ERR_UNPROCESSABLE: there are more than REGIONS_OF_PAGES_MAX, or none; ERR_EXHAUSTED. */
enum err every_page_expand(const struct extraction_request *r, int pages_total,
                           struct extraction_request *out, struct error *e);

#endif
