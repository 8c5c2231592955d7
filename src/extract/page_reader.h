/* The client of pdf-ocr-page: the only code that parses a PDF runs there, sandboxed.
 *
 * One child per document. It gets the PDF as an open descriptor and answers over a pipe; if it
 * dies or lies the caller gets an error that a user can act on (ERR_UNPROCESSABLE: not a PDF,
 * encrypted, a wrong password, damaged, too many pages, page out of range, too complex) and lives
 * on. An error about one page leaves the reader usable for the others. What is not the document's
 * fault is transient: ERR_UNAVAILABLE when the child was stopped from outside, ERR_TIMEOUT when it
 * got too little computing time. cpu_s is for each page and command.
 */
#ifndef PDF_OCR_EXTRACT_PAGE_READER_H
#define PDF_OCR_EXTRACT_PAGE_READER_H

#include "base/buffer.h"
#include "base/error.h"
#include "ports/page.h"
#include "ports/program_limits.h"

struct page_reader;

/* Starts a reader on the open descriptor pdf_fd (which stays the caller's). checkpoint is copied
 * and passed while waiting for the child. *pages is the document's page count. */
enum err page_reader_open(const struct page_reader_limits *l, int pdf_fd,
                          const struct checkpoint *c, struct page_reader **out, int *pages,
                          struct error *e);

/* Words of the text layer, ruling lines and facts of a page (1-based), image_coverage left 0. A
 * page that cannot be drawn has no rules and a warning; one with words in impossible places lacks
 * these and has one, too. */
enum err page_reader_page(struct page_reader *r, int page, struct page_content *out,
                          struct error *e);

/* The part of a page that images cover, 0..1. */
enum err page_reader_images(struct page_reader *r, int page, double *out, struct error *e);

/* The resolution of the image that a page is, which OCR reads it at; 0: it is none, or too large
 * an image to be read so. */
enum err page_reader_resolution(struct page_reader *r, int page, double *dpi, struct error *e);

/* A grey raster of part of a page. The dpi is lowered, and told in out->dpi, when the part would
 * be more than max_raster_pixels. */
enum err page_reader_raster(struct page_reader *r, int page, struct box part, double dpi,
                            struct raster *out, struct error *e);

/* The size of every page as shown, in points: an array of as many as the document has pages, owned
 * by the caller (free). */
struct page_size {
    double width, height;
};
enum err page_reader_sizes(struct page_reader *r, struct page_size **out, struct error *e);

/* Appends a PNG of a page in colours, `width` pixels wide; fewer when it would have more than
 * max_raster_pixels. ERR_NOT_FOUND: no such page. */
enum err page_reader_image(struct page_reader *r, int page, int width, struct buffer *png,
                           struct error *e);

/* The document as a searchable PDF of the pages that `pages` names (extract/searchable.h): *out is
 * n bytes that the caller frees. ERR_UNPROCESSABLE: it is too damaged to be written anew, or the
 * PDF would have more than max_bytes (0: any number). */
enum err page_reader_searchable(struct page_reader *r, const struct buffer *pages, size_t max_bytes,
                                char **out, size_t *n, struct error *e);

/* Ends the child and frees; NULL is allowed. */
void page_reader_close(struct page_reader *r);

#endif
