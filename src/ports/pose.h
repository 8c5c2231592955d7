/* How an image was turned to be read, and where its boxes are before and after. */
#ifndef PDF_OCR_PORTS_POSE_H
#define PDF_OCR_PORTS_POSE_H

#include "ports/page.h"

/* How an image was turned to be upright: first by quarters, clockwise, then by an angle about its
 * middle, counterclockwise. */
struct pose {
    int quarters;         /* 0 to 3 */
    double angle;         /* radians */
    double width, height; /* of the image before, in any unit; 0: nothing was turned */
};

/* A box of the upright image as one of the image before, both as fractions: its middle is moved,
 * its size kept. And the other way. */
struct box pose_to_page(const struct pose *p, struct box b);
struct box pose_from_page(const struct pose *p, struct box b);

#endif
