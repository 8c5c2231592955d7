#include "ocr/pix.h"

#include <stdlib.h>
#include <string.h>

PIX *pix_of_raster(const struct raster *r)
{
    PIX *grey = pixCreate(r->width, r->height, 8);
    if (grey == NULL)
        return NULL;
    l_uint32 *data = pixGetData(grey);
    size_t words = (size_t)pixGetWpl(grey), width = (size_t)r->width;
    for (size_t y = 0; y < (size_t)r->height; y++)
        memcpy(data + y * words, r->pixels + y * width, width);
    (void)pixEndianByteSwap(grey); /* Leptonica keeps the first pixel in a word's highest byte */
    pixSetResolution(grey, r->dpi, r->dpi);
    return grey;
}

enum err raster_of_pix(PIX *pix, int dpi, struct raster *out, struct error *e)
{
    int w = pixGetWidth(pix), h = pixGetHeight(pix);
    size_t width = (size_t)w, words = (size_t)pixGetWpl(pix);
    *out = (struct raster){.width = w, .height = h, .dpi = dpi};
    if ((out->pixels = malloc(width * (size_t)h)) == NULL)
        return error_no_memory(e);
    (void)pixEndianByteSwap(pix);
    for (size_t y = 0; y < (size_t)h; y++)
        memcpy(out->pixels + y * width, pixGetData(pix) + y * words, width);
    (void)pixEndianByteSwap(pix);
    return ERR_OK;
}
