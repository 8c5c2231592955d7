#include "ocr/raster_areas.h"

#include <stdlib.h>

#define WHITE   246 /* grey level from which a pixel is no area's */
#define ALIKE   3   /* levels apart: one colour */
#define SIDE_PT 4   /* a rule is thinner */
#define BARE    3   /* of a row that has text, at least a third is bare */

/* One that is being followed down. */
struct area {
    int x0, x1, y0, level; /* pixels, all inside it */
};

struct search {
    const struct raster *r;
    int least;         /* pixels of a side */
    struct area *open; /* left to right; none overlaps another */
    struct area *kept; /* those of them that go on, while a row is read */
    size_t n_open, n_kept;
    struct box *found;
    size_t n;
};

static bool is_like(const uint8_t *row, const struct raster *r, int x, int level)
{
    return x >= 0 && x < r->width && abs(row[x] - level) <= ALIKE;
}

/* Whether an area goes on in a row: it begins and ends there as above. */
static bool goes_on(const struct search *s, const uint8_t *row, const struct area *a)
{
    int bare = 0;
    if (!is_like(row, s->r, a->x0, a->level) || !is_like(row, s->r, a->x1, a->level) ||
        is_like(row, s->r, a->x0 - 1, a->level) || is_like(row, s->r, a->x1 + 1, a->level))
        return false;
    for (int x = a->x0; x <= a->x1; x++)
        bare += is_like(row, s->r, x, a->level);
    return bare * BARE >= a->x1 - a->x0 + 1;
}

static void end_area(struct search *s, const struct area *a, int y)
{
    if (y - a->y0 < s->least || s->n == PAGE_AREAS_MAX)
        return;
    s->found[s->n++] =
        (struct box){(double)a->x0 / s->r->width, (double)a->y0 / s->r->height,
                     (double)(a->x1 - a->x0 + 1) / s->r->width, (double)(y - a->y0) / s->r->height};
}

/* Adds the runs of one colour that begin between two areas. */
static void begin_areas(struct search *s, const uint8_t *row, int from, int to, int y)
{
    for (int x = from, start = from; x <= to; x++) {
        if (x < to && abs(row[x] - row[start]) <= ALIKE)
            continue;
        if (x - start >= s->least && row[start] < WHITE)
            s->kept[s->n_kept++] = (struct area){start, x - 1, y, row[start]};
        start = x;
    }
}

static void read_row(struct search *s, int y)
{
    const uint8_t *row = s->r->pixels + (size_t)y * (size_t)s->r->width;
    int from = 0;
    s->n_kept = 0;
    for (size_t i = 0; i < s->n_open; i++) {
        if (!goes_on(s, row, &s->open[i])) {
            end_area(s, &s->open[i], y);
            continue;
        }
        begin_areas(s, row, from, s->open[i].x0, y);
        s->kept[s->n_kept++] = s->open[i];
        from = s->open[i].x1 + 1;
    }
    begin_areas(s, row, from, s->r->width, y);
    struct area *was = s->open;
    s->open = s->kept;
    s->n_open = s->n_kept;
    s->kept = was;
}

enum err raster_find_areas(const struct raster *image, struct box **out, size_t *n, struct error *e)
{
    struct search s = {.r = image, .least = image->dpi * SIDE_PT / 72 + 1};
    size_t most = (size_t)image->width / (size_t)s.least + 1;
    *n = 0;
    s.open = calloc(most, sizeof *s.open);
    s.kept = calloc(most, sizeof *s.kept);
    *out = s.found = calloc(PAGE_AREAS_MAX, sizeof *s.found);
    bool ok = s.open != NULL && s.kept != NULL && s.found != NULL;
    for (int y = 0; ok && y < image->height; y++)
        read_row(&s, y);
    for (size_t i = 0; ok && i < s.n_open; i++)
        end_area(&s, &s.open[i], image->height);
    *n = s.n;
    free(s.open);
    free(s.kept);
    return ok ? ERR_OK : error_no_memory(e);
}
