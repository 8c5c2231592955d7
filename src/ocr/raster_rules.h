/* Finding ruling lines in the pixels of a page: for scans as for drawn lines. */
#ifndef PDF_OCR_OCR_RASTER_RULES_H
#define PDF_OCR_OCR_RASTER_RULES_H

#include <stddef.h>

#include "ports/page.h"

/* Long thin dark runs: at least 12 points long and at most 4 points thick, by morphological
 * opening (Leptonica). *out is an array the caller frees with free(); boxes are fractions of the
 * raster. */
enum err raster_find_rules(const struct raster *image, struct rule **out, size_t *n,
                           struct error *e);

#endif
