/* Finding filled areas in the pixels of a page: bars of charts, shades, the keys of legends. */
#ifndef PDF_OCR_OCR_RASTER_AREAS_H
#define PDF_OCR_OCR_RASTER_AREAS_H

#include <stddef.h>

#include "ports/page.h"

/* Upright rectangles of one colour that is not white, at least 4 points wide and high; text may
 * stand on them. Those that touch and have different colours are several. *out is an array of
 * PAGE_AREAS_MAX at most that the caller frees with free(), on errors too; boxes are fractions of
 * the raster. */
enum err raster_find_areas(const struct raster *image, struct box **out, size_t *n,
                           struct error *e);

#endif
