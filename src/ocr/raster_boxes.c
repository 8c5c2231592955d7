#include "ocr/raster_boxes.h"

#include <stdlib.h>

#define DARK      200  /* grey level below which a pixel belongs to a side */
#define SIDE_MIN  5    /* points */
#define SIDE_MAX  24   /* points */
#define SQUARE    1.35 /* longer side by the shorter */
#define PEN_MAX   2    /* points: a thicker side is a filled area */
#define INK       48   /* levels by which a mark is darker than the inside of its box */
#define MARKED    0.06 /* part of the inside */
#define FILLED    0.8
#define OVERSHOOT 1 /* of the eight places beside the corners that a mark may cross */

struct square {
    int x0, y0, x1, y1; /* pixels, all inside it */
};

static int level(const struct raster *r, int x, int y)
{
    return r->pixels[(size_t)y * (size_t)r->width + (size_t)x];
}

static bool is_dark(const struct raster *r, int x, int y)
{
    return x >= 0 && y >= 0 && x < r->width && y < r->height && level(r, x, y) < DARK;
}

static bool dark_down(const struct raster *r, int x, int y0, int y1)
{
    for (int y = y0; y <= y1; y++)
        if (!is_dark(r, x, y))
            return false;
    return true;
}

static bool dark_along(const struct raster *r, int y, int x0, int x1)
{
    for (int x = x0; x <= x1; x++)
        if (!is_dark(r, x, y))
            return false;
    return true;
}

/* Whether the sides end at the corners. */
static bool stands_alone(const struct raster *r, const struct square *s)
{
    int beyond = 0;
    const int places[][2] = {{s->x0 - 1, s->y0}, {s->x0 - 1, s->y1}, {s->x1 + 1, s->y0},
                             {s->x1 + 1, s->y1}, {s->x0, s->y0 - 1}, {s->x1, s->y0 - 1},
                             {s->x0, s->y1 + 1}, {s->x1, s->y1 + 1}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        beyond += is_dark(r, places[i][0], places[i][1]);
    return beyond <= OVERSHOOT;
}

/* How thick the sides are: as the thinnest, since a mark may touch others. */
static int pen_of(const struct raster *r, const struct square *s)
{
    int most = r->dpi * PEN_MAX / 72 + 1, pen = most + 1;
    int x = s->x0 + (s->x1 - s->x0) * 2 / 5, y = s->y0 + (s->y1 - s->y0) * 2 / 5;
    int sides[4] = {0, 0, 0, 0};
    for (int i = 0; i <= most; i++) {
        sides[0] += sides[0] == i && is_dark(r, x, s->y0 + i);
        sides[1] += sides[1] == i && is_dark(r, x, s->y1 - i);
        sides[2] += sides[2] == i && is_dark(r, s->x0 + i, y);
        sides[3] += sides[3] == i && is_dark(r, s->x1 - i, y);
    }
    for (int i = 0; i < 4; i++)
        pen = sides[i] < pen ? sides[i] : pen;
    return pen <= most ? pen : 0;
}

/* The part of the inside that is darker than its lightest place; below 0 where there is none. */
static double inked(const struct raster *r, const struct square *s, int pen)
{
    int lightest = 0, n = 0, ink = 0;
    for (int y = s->y0 + pen; y <= s->y1 - pen; y++)
        for (int x = s->x0 + pen; x <= s->x1 - pen; x++, n++)
            lightest = level(r, x, y) > lightest ? level(r, x, y) : lightest;
    for (int y = s->y0 + pen; y <= s->y1 - pen; y++)
        for (int x = s->x0 + pen; x <= s->x1 - pen; x++)
            ink += level(r, x, y) < lightest - INK;
    return n > 0 && lightest >= DARK ? (double)ink / n : -1;
}

/* The square whose upper side is the run of dark pixels from x0 to x1 in row y0. */
static bool find_square(const struct raster *r, int x0, int x1, int y0, struct square *out)
{
    int side = x1 - x0 + 1, least = (int)(side / SQUARE), most = (int)(side * SQUARE) + 1;
    int down = 0;
    while (down <= most && is_dark(r, x0, y0 + down) && is_dark(r, x1, y0 + down))
        down++;
    /* the lowest row that is a side: what is thick ends there */
    for (int h = down; h >= least && h <= most; h--) {
        *out = (struct square){x0, y0, x1, y0 + h - 1};
        if (dark_along(r, out->y1, x0, x1))
            return dark_down(r, x0, y0, out->y1) && stands_alone(r, out);
    }
    return false;
}

static void add(struct check_box *boxes, size_t *n, const struct raster *r, const struct square *s)
{
    int pen = pen_of(r, s);
    double ink = pen > 0 ? inked(r, s, pen) : -1;
    if (ink < 0 || ink > FILLED)
        return;
    boxes[(*n)++] = (struct check_box){{(double)s->x0 / r->width, (double)s->y0 / r->height,
                                        (double)(s->x1 - s->x0 + 1) / r->width,
                                        (double)(s->y1 - s->y0 + 1) / r->height},
                                       ink > MARKED};
}

enum err raster_find_boxes(const struct raster *r, struct check_box **out, size_t *n,
                           struct error *e)
{
    int least = r->dpi * SIDE_MIN / 72, most = r->dpi * SIDE_MAX / 72;
    struct square s;
    *n = 0;
    *out = malloc(RASTER_BOXES_MAX * sizeof **out);
    if (*out == NULL)
        return error_no_memory(e);
    for (int y = 0; y < r->height; y++) {
        const uint8_t *row = r->pixels + (size_t)y * (size_t)r->width;
        for (int x = 0, run = 0; x <= r->width && *n < RASTER_BOXES_MAX; x++) {
            if (x < r->width && row[x] < DARK) {
                run++;
                continue;
            }
            /* the first row of a thick side: the one above is none */
            if (run >= least && run <= most && !dark_along(r, y - 1, x - run, x - 1) &&
                find_square(r, x - run, x - 1, y, &s))
                add(*out, n, r, &s);
            run = 0;
        }
    }
    return ERR_OK;
}
