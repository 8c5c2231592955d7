/* Finding ruling lines in the pixels of a page: for scans as for drawn lines. */
#ifndef PDF_OCR_OCR_RASTER_RULES_H
#define PDF_OCR_OCR_RASTER_RULES_H

#include <leptonica/allheaders.h>
#include <stddef.h>

#include "ports/page.h"

/* Long thin dark runs: at least 12 points long and at most 4 points thick, by morphological
 * opening (Leptonica). grey has 8 bits a pixel and tells its resolution. Appends to *out, an array
 * of *n that the caller frees; boxes are fractions of the image. ERR_INTERNAL: out of memory. */
enum err raster_rules_add(PIX *grey, struct rule **out, size_t *n, struct error *e);

/* The same of a raster, in an array of its own: none on an error. */
enum err raster_find_rules(const struct raster *image, struct rule **out, size_t *n,
                           struct error *e);

#endif
