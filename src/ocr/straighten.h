/* Scans put upright: what lies turned or skewed is turned back, and shadows and grounds are made
 * white. */
#ifndef PDF_OCR_OCR_STRAIGHTEN_H
#define PDF_OCR_OCR_STRAIGHTEN_H

#include "ports/pose.h"

/* Turns image by quarters that the caller has tried, and those in which its text lies flat; undoes
 * its skew of up to 10 degrees. *out is 8-bit grey, dark on white. ERR_INTERNAL: memory. */
enum err straighten(const struct raster *image, int quarters, struct raster *out, struct pose *pose,
                    struct error *e);

#endif
