#include "ocr/straighten.h"

#include <math.h>
#include <stdlib.h>

#include "ocr/pix.h"

#define DARK          150  /* on a ground made white */
#define BAND          190  /* grey of a band that may have light letters, at most */
#define STANDS_OUT    50   /* levels between letters and ground */
#define SWEEP_DEGREES 10.0 /* skew looked for */
#define LEAST_DEGREES 0.05 /* less is not worth a resampling */
#define SURE          3.0  /* Leptonica's confidence in a skew: 3 or more */
#define FLAT          1.6  /* lines of text part rows this much better than columns */
#define CLOSE_PT      3.6  /* letters of a line are closer than this; of two lines seldom */
/* For the ground's measure, as pixBackgroundNormSimple does it, but for the white it gives. */
#define TILE_WIDTH  10
#define TILE_HEIGHT 15
#define FOREGROUND  60
#define LEAST_COUNT 40
#define WHITE       250
#define DEGREE      0.017453292519943295

/* How well the rows of an image part: text lying flat has white rows between its lines. */
static double row_score(PIX *ink)
{
    float score = 0;
    return pixFindDifferentialSquareSum(ink, &score) == 0 ? (double)score : 0;
}

/* Ink without rules, a quarter of the size; NULL when memory is out. */
static PIX *small_text(PIX *ink)
{
    PIX *small = pixReduceRankBinaryCascade(ink, 1, 1, 0, 0);
    PIX *flat = small != NULL ? pixOpenBrick(NULL, small, 40, 1) : NULL;
    PIX *upright = small != NULL ? pixOpenBrick(NULL, small, 1, 40) : NULL;
    if (flat != NULL && upright != NULL) {
        (void)pixSubtract(small, small, flat);
        (void)pixSubtract(small, small, upright);
    } else {
        pixDestroy(&small);
    }
    pixDestroy(&flat);
    pixDestroy(&upright);
    return small;
}

/* How many pieces the ink is when those as near as two letters, along rows or columns, are one; -1
 * when memory is out. */
static int count_joined(PIX *half, int dpi, bool rows)
{
    int near = (int)(CLOSE_PT * dpi / 72 / 2) + 1, n = -1;
    PIX *joined = pixCloseBrick(NULL, half, rows ? near : 1, rows ? 1 : near);
    if (joined == NULL || pixCountConnComp(joined, 8, &n) != 0)
        n = -1;
    pixDestroy(&joined);
    return n;
}

/* How much closer the letters stand to those above and below them than to those beside them: the
 * pieces that are left of rows, by those of columns. False when memory is out. */
static bool compare_spaces(PIX *ink, int dpi, double *ratio)
{
    PIX *half = pixReduceRankBinary2(ink, 1, NULL);
    int rows = half != NULL ? count_joined(half, dpi, true) : -1;
    int columns = rows >= 0 ? count_joined(half, dpi, false) : -1;
    *ratio = columns > 0 ? (double)rows / columns : 1;
    pixDestroy(&half);
    return columns >= 0;
}

/* *sideways: the lines of text run from top to bottom. Columns of a flat text may be parted as well
 * as lines, where these begin alike; so the spaces between letters count more. */
static bool lies_sideways(PIX *ink, int dpi, bool *sideways)
{
    double closer = 1;
    PIX *text = small_text(ink);
    PIX *turned = text != NULL ? pixRotate90(text, 1) : NULL;
    bool ok = turned != NULL && compare_spaces(ink, dpi, &closer);
    *sideways = ok && row_score(turned) * closer * closer > FLAT * row_score(text);
    pixDestroy(&text);
    pixDestroy(&turned);
    return ok;
}

static double skew_of(PIX *ink)
{
    float degrees = 0, confidence = 0;
    if (pixFindSkewSweepAndSearch(ink, &degrees, &confidence, 4, 2, SWEEP_DEGREES, 1.0F, 0.01F) !=
            0 ||
        confidence < SURE || fabs(degrees) < LEAST_DEGREES)
        return 0;
    return degrees;
}

static PIX *to_ink(PIX *grey)
{
    return pixThresholdToBinary(grey, DARK);
}

/* Whether what stands out from the ground of a part is lighter than it: light letters on dark. */
static bool is_negative(PIX *grey, BOX *box)
{
    PIX *part = pixClipRectangle(grey, box, NULL);
    NUMA *counts = part != NULL ? pixGetGrayHistogram(part, 1) : NULL;
    l_uint32 ground = 0;
    l_float32 darker = 0, lighter = 0;
    bool ok = counts != NULL && pixGetRankValue(part, 1, 0.5F, &ground) == 0;
    int dark = (int)ground - STANDS_OUT, light = (int)ground + STANDS_OUT;
    if (ok && dark >= 0)
        ok = numaGetSumOnInterval(counts, 0, dark, &darker) == 0;
    if (ok && light <= 255)
        ok = numaGetSumOnInterval(counts, light, 255, &lighter) == 0;
    numaDestroy(&counts);
    pixDestroy(&part);
    return ok && lighter > darker;
}

/* Turns pages and bands of light letters on dark to dark ones on light. */
static void turn_negatives(PIX *grey)
{
    PIX *mask = NULL, *ink = pixAutoPhotoinvert(grey, BAND, &mask, NULL);
    BOXA *bands = mask != NULL ? pixConnCompBB(mask, 8) : NULL;
    int n = bands != NULL ? boxaGetCount(bands) : 0;
    for (int i = 0; i < n; i++) {
        int x, y, w, h;
        BOX *box = boxaGetBox(bands, i, L_CLONE);
        if (boxGetGeometry(box, &x, &y, &w, &h) == 0 && is_negative(grey, box))
            (void)pixRasterop(grey, x, y, w, h, PIX_NOT(PIX_DST), NULL, 0, 0);
        boxDestroy(&box);
    }
    boxaDestroy(&bands);
    pixDestroy(&mask);
    pixDestroy(&ink);
}

static PIX *whitened(const struct raster *image)
{
    PIX *grey = pix_of_raster(image);
    if (grey != NULL)
        turn_negatives(grey);
    PIX *white = grey != NULL ? pixBackgroundNorm(grey, NULL, NULL, TILE_WIDTH, TILE_HEIGHT,
                                                  FOREGROUND, LEAST_COUNT, WHITE, 2, 1)
                              : NULL;
    if (white == NULL) { /* too small to have a ground */
        white = grey;
        grey = NULL;
    }
    pixDestroy(&grey);
    return white;
}

static bool turn(PIX **image, int quarters)
{
    PIX *turned = quarters != 0 ? pixRotateOrth(*image, quarters) : pixClone(*image);
    if (turned == NULL)
        return false;
    pixDestroy(image);
    *image = turned;
    return true;
}

static bool level(PIX **image, struct pose *pose)
{
    PIX *ink = to_ink(*image), *turned = NULL;
    if (ink == NULL)
        return false;
    double degrees = skew_of(ink);
    pixDestroy(&ink);
    if (degrees == 0)
        return true;
    pose->angle = degrees * DEGREE;
    turned = pixRotate(*image, (float)pose->angle, L_ROTATE_AREA_MAP, L_BRING_IN_WHITE, 0, 0);
    if (turned == NULL)
        return false;
    pixDestroy(image);
    *image = turned;
    return true;
}

static bool put_upright(PIX **image, int dpi, int quarters, struct pose *pose)
{
    PIX *ink = to_ink(*image);
    bool sideways = false;
    bool ok = ink != NULL && lies_sideways(ink, dpi, &sideways);
    pixDestroy(&ink);
    pose->quarters = (quarters + sideways) % 4;
    return ok && turn(image, pose->quarters) && level(image, pose);
}

PIX *straighten(const struct raster *image, int quarters, struct pose *pose)
{
    *pose = (struct pose){0, 0, image->width, image->height};
    PIX *page = whitened(image);
    if (page != NULL && !put_upright(&page, image->dpi, quarters, pose))
        pixDestroy(&page);
    if (page != NULL)
        (void)pixSetResolution(page, image->dpi, image->dpi);
    return page;
}
