/* Scans put upright: what lies turned or skewed is turned back, and shadows and grounds are made
 * white. */
#ifndef PDF_OCR_OCR_STRAIGHTEN_H
#define PDF_OCR_OCR_STRAIGHTEN_H

#include <leptonica/allheaders.h>

#include "ports/pose.h"

/* Turns image by quarters that the caller has tried, and those in which its text lies flat; undoes
 * its skew of up to 10 degrees. Returns it with 8 bits a pixel, dark on white, and its resolution:
 * pixDestroy. NULL when memory is out. */
PIX *straighten(const struct raster *image, int quarters, struct pose *pose);

#endif
