/* Tables: from lines of words and ruling lines to rows and columns. */
#ifndef PDF_OCR_EXTRACT_GRID_H
#define PDF_OCR_EXTRACT_GRID_H

#include "extract/layout.h"
#include "ports/extraction.h"

/* Builds the table of a region. Columns are what vertical rules part and the gutters that the
 * lines below the head share; rows are lines, with those that only go on with a cell joined to it,
 * or what rules part; the layout's runs are cut where columns touch; a cell that no rule parts
 * where others are parted spans rows or columns. *found is false when there are not two columns. */
enum err grid_build(struct layout *l, const struct rule *rules, size_t n_rules,
                    const struct page_info *page, struct box region, struct table *out, bool *found,
                    struct error *e);

#endif
