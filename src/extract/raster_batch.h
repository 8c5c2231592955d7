/* Parts of pages that are drawn together, to be read or looked at in one call. */
#ifndef PDF_OCR_EXTRACT_RASTER_BATCH_H
#define PDF_OCR_EXTRACT_RASTER_BATCH_H

#include "extract/page_reader.h"

struct raster_part {
    struct page_info info;
    struct box box; /* fractions of the page */
    size_t tag;     /* the caller's: what the part is for */
    double dpi;     /* the batch's, until the caller sets another */
};

/* At most max parts, and at most max_pixels in all unless one part alone has as many. */
struct raster_batch {
    struct raster_part *parts; /* owned */
    struct raster *images;     /* owned; drawn only between draw and undraw */
    size_t n, max;
    int64_t pixels, max_pixels;
    int dpi;
};

/* *out is freed by the caller with raster_batch_free, on errors too. */
enum err raster_batch_init(struct raster_batch *out, size_t max, int64_t max_pixels, int dpi,
                           struct error *e);
void raster_batch_free(struct raster_batch *b);

/* Whether the part has to wait for the next batch. Never so when the batch is empty. */
bool raster_batch_full(const struct raster_batch *b, const struct page_info *info, struct box part);

/* Adds a part; the batch is not full. */
void raster_batch_add(struct raster_batch *b, const struct page_info *info, struct box part,
                      size_t tag);

/* Draws all parts into images. On an error none is left. */
enum err raster_batch_draw(struct raster_batch *b, struct page_reader *reader, struct error *e);

/* Frees the pixels; the parts stay. */
void raster_batch_undraw(struct raster_batch *b);

/* Frees the pixels and forgets the parts. */
void raster_batch_clear(struct raster_batch *b);

#endif
