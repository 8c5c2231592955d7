#include "ocr/raster_rules.h"

#include <stdlib.h>

#include "ocr/pix.h"
#include "ocr/rule_boxes.h"

#define DARK         200 /* grey level below which a pixel belongs to a line or a letter */
#define CONTRAST     55  /* levels by which a line is darker than a shaded ground */
#define LENGTH_PT    12  /* longer than the strokes of text */
#define THICKNESS_PT 4   /* thicker ones are filled areas */

/* What is dark on a page: lines and letters, and the shaded areas with their bounds. */
struct darkness {
    PIX *grey; /* borrowed */
    PIX *thin; /* dark, and in no area */
    BOX *shade;
};

static void darkness_free(struct darkness *d)
{
    pixDestroy(&d->thin);
    boxDestroy(&d->shade);
}

/* In pixels. */
static int thickest(int dpi)
{
    return dpi * THICKNESS_PT / 72 + 1;
}

static bool look(int thickness, struct darkness *d)
{
    PIX *dark = pixThresholdToBinary(d->grey, DARK);
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

static enum err add_rules(const struct darkness *d, bool vertical, struct rule **out, size_t *n,
                          struct error *e)
{
    int dpi = pixGetXRes(d->grey);
    int length = (dpi * LENGTH_PT + 71) / 72, thickness = thickest(dpi);
    PIX *runs = find_runs(d, vertical, length, thickness);
    BOXA *all = runs != NULL ? pixConnCompBB(runs, 8) : NULL;
    BOXA *thin = all != NULL ? boxaSelectBySize(all, thickness, thickness,
                                                vertical ? L_SELECT_WIDTH : L_SELECT_HEIGHT,
                                                L_SELECT_IF_LTE, NULL)
                             : NULL;
    enum err err = rule_boxes_add(d->grey, thin, vertical, out, n, e);
    boxaDestroy(&all);
    boxaDestroy(&thin);
    pixDestroy(&runs);
    return err;
}

enum err raster_rules_add(PIX *grey, struct rule **out, size_t *n, struct error *e)
{
    struct darkness d = {grey, NULL, NULL};
    enum err err = look(thickest(pixGetXRes(grey)), &d) ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = add_rules(&d, false, out, n, e);
    if (err == ERR_OK)
        err = add_rules(&d, true, out, n, e);
    darkness_free(&d);
    return err;
}

enum err raster_find_rules(const struct raster *image, struct rule **out, size_t *n,
                           struct error *e)
{
    PIX *grey = pix_of_raster(image);
    *out = NULL;
    *n = 0;
    enum err err = grey != NULL ? raster_rules_add(grey, out, n, e) : error_no_memory(e);
    pixDestroy(&grey);
    if (err != ERR_OK) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    return err;
}
