/* A PNG, a JPEG or a TIFF as a document: each image is a page, read with Leptonica.
 *
 * Sizes are known from the headers; an image is decoded when its page is drawn, one at a time. */
#ifndef PDF_OCR_READER_IMAGE_H
#define PDF_OCR_READER_IMAGE_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

/* An image has at most so many pixels a side, which is cairo's limit, and in all. */
#define IMAGE_SIDE_MAX   32766
#define IMAGE_PIXELS_MAX 100000000

struct image_file;

/* Opens the image at fd, which it takes over. NULL, *why NULL: it is no image. NULL and a code in
 * *why: image (damaged), image_too_large, too_many_pages, memory. */
struct image_file *image_open(int fd, int64_t max_pages, const char **why);

int image_pages(const struct image_file *f);

/* The size of page n (from 1) in points: by the image's resolution, or one that fits its pixels
 * where it tells none or one that no scanner has. */
void image_size(const struct image_file *f, int n, double *width, double *height);

/* The resolution by which its size is known. */
double image_resolution_of(const struct image_file *f, int n);

/* Draws page n over a place of that many points, as cr is set up; a JPEG drawn to a PDF is in it as
 * it is, unless in CMYK. False when it cannot be decoded. */
bool image_draw(struct image_file *f, int n, cairo_t *cr);

void image_close(struct image_file *f);

#endif
