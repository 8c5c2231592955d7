/* Rasters as Leptonica's images. */
#ifndef PDF_OCR_OCR_PIX_H
#define PDF_OCR_OCR_PIX_H

#include <leptonica/allheaders.h>

#include "ports/page.h"

/* A copy of the raster with 8 bits a pixel. NULL when memory is out; pixDestroy. */
PIX *pix_of_raster(const struct raster *r);

/* A copy of an image of 8 bits a pixel. ERR_INTERNAL when memory is out; raster_free. */
enum err raster_of_pix(PIX *pix, int dpi, struct raster *out, struct error *e);

#endif
