/* Finding check boxes in the pixels of a page. */
#ifndef PDF_OCR_OCR_RASTER_BOXES_H
#define PDF_OCR_OCR_RASTER_BOXES_H

#include <stddef.h>

#include "ports/page.h"

#define RASTER_BOXES_MAX 2000 /* of a page */

/* Small squares, 5 to 24 points, that stand alone: their sides end at their corners, so that
 * neither the cells of a grid nor comb fields are any. Marked where there is something in it, but
 * not where it is filled. *out is an array of RASTER_BOXES_MAX at most that the caller frees with
 * free(); boxes are fractions of the raster. */
enum err raster_find_boxes(const struct raster *image, struct check_box **out, size_t *n,
                           struct error *e);

#endif
