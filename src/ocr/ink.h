/* The ink of an upright page: what is dark on it, and its pieces. */
#ifndef PDF_OCR_OCR_INK_H
#define PDF_OCR_OCR_INK_H

#include <leptonica/allheaders.h>
#include <stdbool.h>

struct ink {
    PIX *grey;    /* the page, 8 bits a pixel, dark on white */
    PIX *all;     /* 1 bit a pixel, 1 is ink */
    BOXA *pieces; /* none where the page is crowded */
    bool crowded; /* there are more than a page of text has, with rules of dots */
    bool noise;   /* it is crowded, and there is no text in it */
    double pt;    /* pixels a point */
};

/* Finds the ink of an image that tells its resolution, and takes the image over, whatever it
 * returns. False when memory is out. ink_free in any case. */
bool ink_find(PIX *grey, struct ink *out);
void ink_free(struct ink *k);

/* The boxes of the pieces of a binary image, boxaDestroy; none and *crowded where they are more
 * than most, which would take much memory. NULL when memory is out. */
BOXA *ink_pieces(PIX *ink, int most, bool *crowded);

/* So many points in pixels, rounded up. */
int ink_pixels(const struct ink *k, double points);

#endif
