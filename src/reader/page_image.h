/* Rasters of parts of pages. A page asked about a second time is rendered whole and kept, so that
 * twenty regions of a scan decode its image twice and not twenty times. */
#ifndef PDF_OCR_READER_PAGE_IMAGE_H
#define PDF_OCR_READER_PAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/document.h"

/* The page asked about last. Zeroed at first. */
struct page_image {
    int number; /* 0: none yet */
    double dpi;
    uint8_t *grey;     /* the whole page; NULL until it was asked about twice */
    bool tried;        /* to render it whole */
    int width, height; /* of grey */
};

void page_image_free(struct page_image *p);

/* A part (fractions x, y, w, h) of page `number` as document_render() gives it: a grey image that
 * the caller frees with free(), or NULL. A part cut out of the kept page may lie half a pixel
 * beside the one asked for. */
uint8_t *page_image_part(struct page_image *p, struct document_page *page, int number,
                         const double part[4], double *dpi, int64_t max_pixels, int *width,
                         int *height);

#endif
