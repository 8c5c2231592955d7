#include "ocr/raster_rules.h"

#include <stdlib.h>

#include "ocr/pix.h"

#define DARK         200 /* grey level below which a pixel belongs to a line or a letter */
#define CONTRAST     55  /* levels by which a line is darker than a shaded ground */
#define LENGTH_PT    12  /* longer than the strokes of text */
#define THICKNESS_PT 4   /* thicker ones are filled areas */

/* What is dark on a page: lines and letters, and the shaded areas with their bounds. */
struct darkness {
    PIX *grey;
    PIX *thin; /* dark, and in no area */
    BOX *shade;
};

static void darkness_free(struct darkness *d)
{
    pixDestroy(&d->grey);
    pixDestroy(&d->thin);
    boxDestroy(&d->shade);
}

static bool look(const struct raster *image, int thickness, struct darkness *d)
{
    d->grey = pix_of_raster(image);
    PIX *dark = d->grey != NULL ? pixThresholdToBinary(d->grey, DARK) : NULL;
    PIX *areas = dark != NULL ? pixOpenBrick(NULL, dark, thickness + 1, thickness + 1) : NULL;
    l_int32 none = 1;
    d->thin = areas != NULL ? pixSubtract(NULL, dark, areas) : NULL;
    bool ok = d->thin != NULL && pixZero(areas, &none) == 0 &&
              (none != 0 || pixClipToForeground(areas, NULL, &d->shade) == 0);
    pixDestroy(&dark);
    pixDestroy(&areas);
    return ok;
}

/* Adds what is darker than the ground on both sides of it: rules on a shade. */
static bool add_shaded(const struct darkness *d, bool vertical, int thickness, PIX *lines)
{
    int size = (thickness + 2) | 1; /* Leptonica wants odd sizes */
    PIX *part = pixClipRectangle(d->grey, d->shade, NULL);
    PIX *hat = part != NULL
                   ? pixTophat(part, vertical ? size : 1, vertical ? 1 : size, L_TOPHAT_BLACK)
                   : NULL;
    PIX *ground = hat != NULL ? pixThresholdToBinary(hat, CONTRAST) : NULL;
    l_int32 x, y, w, h;
    bool ok = ground != NULL && boxGetGeometry(d->shade, &x, &y, &w, &h) == 0 &&
              pixRasterop(lines, x, y, w, h, PIX_NOT(PIX_SRC) | PIX_DST, ground, 0, 0) == 0;
    pixDestroy(&part);
    pixDestroy(&hat);
    pixDestroy(&ground);
    return ok;
}

/* The pixels of long thin runs; NULL when memory is out. */
static PIX *find_runs(const struct darkness *d, bool vertical, int length, int thickness)
{
    PIX *lines = pixCopy(NULL, d->thin), *runs = NULL;
    if (lines != NULL && (d->shade == NULL || add_shaded(d, vertical, thickness, lines)))
        runs = pixOpenBrick(NULL, lines, vertical ? 1 : length, vertical ? length : 1);
    pixDestroy(&lines);
    return runs;
}

static enum err add_rules(const struct darkness *d, const struct raster *image, bool vertical,
                          struct rule **out, size_t *n, struct error *e)
{
    int length = (image->dpi * LENGTH_PT + 71) / 72, thickness = image->dpi * THICKNESS_PT / 72 + 1;
    enum err err = ERR_OK;
    PIX *runs = find_runs(d, vertical, length, thickness);
    BOXA *boxes = runs != NULL ? pixConnCompBB(runs, 8) : NULL;
    int count = boxes != NULL ? boxaGetCount(boxes) : 0;
    struct rule *rules = realloc(*out, (*n + (size_t)count + 1) * sizeof *rules);
    if (boxes == NULL || rules == NULL)
        err = error_no_memory(e);
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
    struct darkness d = {NULL, NULL, NULL};
    bool ok = look(image, image->dpi * THICKNESS_PT / 72 + 1, &d);
    enum err err = ok ? add_rules(&d, image, false, out, n, e) : error_no_memory(e);
    if (err == ERR_OK)
        err = add_rules(&d, image, true, out, n, e);
    darkness_free(&d);
    if (err != ERR_OK) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    return err;
}
