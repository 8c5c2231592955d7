#include "extract/raster_batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_PER_INCH 72.0

enum err raster_batch_init(struct raster_batch *out, size_t max, int64_t max_pixels, int dpi,
                           struct error *e)
{
    *out = (struct raster_batch){.max = max > 0 ? max : 1, .max_pixels = max_pixels, .dpi = dpi};
    out->parts = calloc(out->max, sizeof *out->parts);
    out->images = calloc(out->max, sizeof *out->images);
    if (out->parts == NULL || out->images == NULL)
        return error_no_memory(e);
    return ERR_OK;
}

void raster_batch_free(struct raster_batch *b)
{
    raster_batch_clear(b);
    free(b->parts);
    free(b->images);
    memset(b, 0, sizeof *b);
}

/* The page reader lowers the resolution of what would be more than max_pixels. */
static int64_t pixels_of(const struct raster_batch *b, const struct page_info *info,
                         struct box part)
{
    double scale = b->dpi / POINTS_PER_INCH;
    double n = ceil(part.w * info->width * scale) * ceil(part.h * info->height * scale);
    return (int64_t)fmin(n, (double)b->max_pixels);
}

bool raster_batch_full(const struct raster_batch *b, const struct page_info *info, struct box part)
{
    return b->n == b->max || (b->n > 0 && b->pixels + pixels_of(b, info, part) > b->max_pixels);
}

void raster_batch_add(struct raster_batch *b, const struct page_info *info, struct box part,
                      size_t tag)
{
    b->parts[b->n++] = (struct raster_part){*info, part, tag, b->dpi};
    b->pixels += pixels_of(b, info, part);
}

enum err raster_batch_draw(struct raster_batch *b, struct page_reader *reader, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        err = page_reader_raster(reader, b->parts[i].info.number, b->parts[i].box, b->parts[i].dpi,
                                 &b->images[i], e);
    if (err != ERR_OK)
        raster_batch_undraw(b);
    return err;
}

void raster_batch_undraw(struct raster_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        raster_free(&b->images[i]);
}

void raster_batch_clear(struct raster_batch *b)
{
    raster_batch_undraw(b);
    b->n = 0;
    b->pixels = 0;
}
