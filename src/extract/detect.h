/* Finding the tables and forms of a page by themselves. */
#ifndef PDF_OCR_EXTRACT_DETECT_H
#define PDF_OCR_EXTRACT_DETECT_H

#include "extract/layout.h"
#include "ports/extraction.h"

/* Appends the regions found on a page, top to bottom, with type and confidence; ids are left
 * empty. *regions is grown by realloc and freed by the caller. A page that is too complex is
 * ERR_UNPROCESSABLE; c may be NULL. */
enum err detect_regions(const struct page_content *page, const struct checkpoint *c,
                        struct region **regions, size_t *n, struct error *e);

#endif
