/* Reading a document: a PDF with poppler, which no other code of the project calls, or images.
 */
#ifndef PDF_OCR_READER_DOCUMENT_H
#define PDF_OCR_READER_DOCUMENT_H

#include <poppler.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "reader/image.h"

/* Loads what poppler would look for in the file system later, when there is none any more: the
 * conversions of a form's UTF-16 values and of passwords. */
void document_prepare(void);

struct document {
    PopplerDocument *pdf; /* or */
    struct image_file *images;
    int pages;
    int fd;         /* of a PDF's bytes */
    char *password; /* "": none */
    int small;      /* whether a PDF's images are (reader/scan.c): 1, -1; 0: not looked yet */
};

struct document_page {
    PopplerPage *pdf; /* or */
    struct image_file *images;
    int number;
    double width, height; /* as shown, in points */
};

/* Opens the document at fd, which it takes over; password is UTF-8, "": none. On failure false
 * and a code in *why: encrypted, password (a wrong one), damaged, no_pages, too_many_pages, and
 * those of image_open. */
bool document_open(struct document *d, int fd, const char *password, int64_t max_pages,
                   const char **why);
void document_close(struct document *d);

/* False when there is no such page (from 1). */
bool document_page_open(const struct document *d, int number, struct document_page *out);
void document_page_close(struct document_page *p);

/* Appends {"width","height","words":N,"fields":M,"lost"}, then on a line each N words
 * [x,y,w,h,"text",turn?] and M fields [x,y,w,h,"name","value"], the last line without its end.
 * Boxes are fractions of the page as shown, turn is told where it is not 0 (reader/words.h), lost
 * whether words with impossible places were left out. */
void document_describe_page(struct document_page *page, struct buffer *out);

/* The part of the page that images cover, 0..1. Takes as long as reading the words. */
double document_image_coverage(const struct document_page *page);

/* Renders a part (fractions) at dpi, lowered until it has at most max_pixels. A grey image that
 * the caller frees with free(), or NULL when it cannot be rendered. */
uint8_t *document_render(struct document_page *page, double x, double y, double w, double h,
                         double *dpi, int64_t max_pixels, int *width, int *height);

/* Appends {"sizes":[[width,height],...]}: every page as shown, in points. */
void document_sizes(const struct document *d, struct buffer *out);

/* Draws the page in colours as a PNG of the wanted width, less when it would have more than
 * max_pixels, and appends it to png. False when it cannot be drawn. */
bool document_image(struct document_page *page, int wanted, int64_t max_pixels, struct buffer *png,
                    int *width, int *height);

#endif
