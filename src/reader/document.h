/* Reading a PDF with poppler: the only code of the project that does. */
#ifndef PDF_OCR_READER_DOCUMENT_H
#define PDF_OCR_READER_DOCUMENT_H

#include <cairo.h>
#include <poppler.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* Loads what poppler would look for in the file system later, when there is none any more: the
 * conversion of a form's UTF-16 values. */
void document_prepare(void);

/* Opens the PDF at fd, which the document takes over. On failure NULL and a code in *why:
 * encrypted, damaged, no_pages. */
PopplerDocument *document_open(int fd, const char **why);

/* Appends {"width","height","images","words":N,"fields":M,"lost"}, then on a line each N words
 * [x,y,w,h,"text",turn?] and M fields [x,y,w,h,"name","value"], the last line without its end.
 * Boxes are fractions of the page as shown, turn is told where it is not 0 (reader/words.h), lost
 * whether words with impossible places were left out. images
 * is found where there are fewer than few words, else 0. */
void document_describe_page(PopplerPage *page, bool images, struct buffer *out);

/* Renders a part (fractions) at dpi, lowered until it has at most max_pixels. A grey image that
 * the caller frees with free(), or NULL when it cannot be rendered. */
uint8_t *document_render(PopplerPage *page, double x, double y, double w, double h, int *dpi,
                         int64_t max_pixels, int *width, int *height);

/* Appends {"sizes":[[width,height],...]}: every page as shown, in points. */
void document_sizes(PopplerDocument *doc, struct buffer *out);

/* Draws the page in colours as a PNG of the wanted width, less when it would have more than
 * max_pixels, and appends it to png. False when it cannot be drawn. */
bool document_image(PopplerPage *page, int wanted, int64_t max_pixels, struct buffer *png,
                    int *width, int *height);

#endif
