/* How a camera or scanner was held: the orientation of an image as Exif and TIFF number it, 1
 * (upright) to 8. */
#ifndef PDF_OCR_READER_ORIENTATION_H
#define PDF_OCR_READER_ORIENTATION_H

#include <cairo.h>

/* What the JPEG at fd tells; 1 where it tells none. */
int orientation_of_jpeg(int fd);

/* What image n (from 0) of the TIFF at fd tells; moves its offset. */
int orientation_of_tiff(int fd, int n);

/* Swaps the sides where the image is stored lying: the stored size becomes the shown one, and the
 * other way. */
void orientation_turn_size(int orientation, int *width, int *height);

/* Makes cr draw the stored image as it is shown, width by height. */
void orientation_turn(int orientation, int width, int height, cairo_t *cr);

#endif
