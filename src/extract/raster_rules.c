#include "extract/raster_rules.h"

#include <leptonica/allheaders.h>
#include <stdlib.h>
#include <string.h>

#define DARK         200 /* grey level below which a pixel belongs to a line or a letter */
#define CONTRAST     55  /* levels by which a line is darker than a shaded ground */
#define LENGTH_PT    12  /* longer than the strokes of text */
#define THICKNESS_PT 4   /* thicker ones are filled areas */

static PIX *to_pix(const struct raster *image)
{
    PIX *grey = pixCreate(image->width, image->height, 8);
    if (grey == NULL)
        return NULL;
    l_uint32 *data = pixGetData(grey);
    size_t words = (size_t)pixGetWpl(grey);
    for (int y = 0; y < image->height; y++)
        memcpy((char *)(data + (size_t)y * words), image->pixels + (size_t)y * (size_t)image->width,
               (size_t)image->width);
    (void)pixEndianByteSwap(grey); /* Leptonica keeps the first pixel in a word's highest byte */
    return grey;
}

/* The dark pixels that belong to no filled area. */
static PIX *dark_and_thin(PIX *grey, int thickness)
{
    PIX *dark = pixThresholdToBinary(grey, DARK);
    PIX *areas = dark != NULL ? pixOpenBrick(NULL, dark, thickness + 1, thickness + 1) : NULL;
    PIX *thin = areas != NULL ? pixSubtract(NULL, dark, areas) : NULL;
    pixDestroy(&dark);
    pixDestroy(&areas);
    return thin;
}

/* The pixels that are darker than what is on both sides of them: rules on a shaded ground. */
static PIX *darker_than_ground(PIX *grey, bool vertical, int thickness)
{
    int size = (thickness + 2) | 1; /* Leptonica wants odd sizes */
    PIX *hat = pixTophat(grey, vertical ? size : 1, vertical ? 1 : size, L_TOPHAT_BLACK);
    PIX *below = hat != NULL ? pixThresholdToBinary(hat, CONTRAST) : NULL;
    PIX *dark = below != NULL ? pixInvert(NULL, below) : NULL;
    pixDestroy(&hat);
    pixDestroy(&below);
    return dark;
}

/* The pixels of long thin runs. */
static PIX *find_runs(PIX *grey, bool vertical, int length, int thickness)
{
    PIX *thin = dark_and_thin(grey, thickness);
    PIX *shaded = darker_than_ground(grey, vertical, thickness);
    PIX *both = thin != NULL && shaded != NULL ? pixOr(NULL, thin, shaded) : NULL;
    PIX *runs = both != NULL
                    ? pixOpenBrick(NULL, both, vertical ? 1 : length, vertical ? length : 1)
                    : NULL;
    pixDestroy(&thin);
    pixDestroy(&shaded);
    pixDestroy(&both);
    return runs;
}

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

static enum err add_rules(PIX *grey, const struct raster *image, bool vertical, struct rule **out,
                          size_t *n, struct error *e)
{
    int length = image->dpi * LENGTH_PT / 72, thickness = image->dpi * THICKNESS_PT / 72 + 1;
    enum err err = ERR_OK;
    PIX *runs = find_runs(grey, vertical, length, thickness);
    BOXA *boxes = runs != NULL ? pixConnCompBB(runs, 8) : NULL;
    int count = boxes != NULL ? boxaGetCount(boxes) : 0;
    struct rule *rules = realloc(*out, (*n + (size_t)count + 1) * sizeof *rules);
    if (boxes == NULL || rules == NULL)
        err = no_memory(e);
    if (rules != NULL)
        *out = rules;
    for (int i = 0; err == ERR_OK && i < count; i++) {
        int x, y, w, h;
        (void)boxaGetBoxGeometry(boxes, i, &x, &y, &w, &h);
        if ((vertical ? w : h) > thickness)
            continue;
        rules[(*n)++] = (struct rule){{(double)x / image->width, (double)y / image->height,
                                       (double)w / image->width, (double)h / image->height},
                                      vertical};
    }
    boxaDestroy(&boxes);
    pixDestroy(&runs);
    return err;
}

enum err raster_find_rules(const struct raster *image, struct rule **out, size_t *n,
                           struct error *e)
{
    *out = NULL;
    *n = 0;
    PIX *grey = to_pix(image);
    enum err err = grey != NULL ? ERR_OK : no_memory(e);
    if (err == ERR_OK)
        err = add_rules(grey, image, false, out, n, e);
    if (err == ERR_OK)
        err = add_rules(grey, image, true, out, n, e);
    pixDestroy(&grey);
    if (err != ERR_OK) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    return err;
}
