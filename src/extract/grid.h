/* Tables: from lines of words and ruling lines to rows and columns. */
#ifndef PDF_OCR_EXTRACT_GRID_H
#define PDF_OCR_EXTRACT_GRID_H

#include "extract/layout.h"
#include "ports/extraction.h"

/* Builds the table of a region. Ruling lines that make a grid decide; otherwise columns are the
 * white gaps that the lines of text share, and rows are lines, with those that only continue a
 * cell joined to it. *found is false when there are not two columns. */
enum err grid_build(const struct layout *l, const struct rule *rules, size_t n_rules,
                    const struct page_info *page, struct box region, struct table *out, bool *found,
                    struct error *e);

#endif
