/* Scans put upright: what lies turned or skewed is turned back, and shadows and grounds are made
 * white. */
#ifndef PDF_OCR_OCR_STRAIGHTEN_H
#define PDF_OCR_OCR_STRAIGHTEN_H

#include "ports/page.h"

/* How an image was turned to be upright: first by quarters, clockwise, then by an angle about its
 * middle, counterclockwise. */
struct pose {
    int quarters;         /* 0 to 3 */
    double angle;         /* radians */
    double width, height; /* of the image before, in any unit; 0: nothing was turned */
};

/* Turns image by quarters that the caller has tried, and those in which its text lies flat; undoes
 * its skew of up to 10 degrees. *out is 8-bit grey, dark on white. ERR_INTERNAL: memory. */
enum err straighten(const struct raster *image, int quarters, struct raster *out, struct pose *pose,
                    struct error *e);

/* A box of the upright image as one of the image before, both as fractions: its middle is moved,
 * its size kept. And the other way. */
struct box pose_to_page(const struct pose *p, struct box b);
struct box pose_from_page(const struct pose *p, struct box b);

#endif
