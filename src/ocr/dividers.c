#include "ocr/dividers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WHITE 2 /* heights of a line between two cells */

static int by_place(const void *a, const void *b)
{
    const struct divider *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

bool dividers_take(const struct rule *rules, size_t n, int width, int height, struct dividers *out)
{
    *out = (struct dividers){.at = calloc(n + 1, sizeof *out->at)};
    if (out->at == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct box *b = &rules[i].box;
        if (rules[i].vertical)
            out->at[out->n++] =
                (struct divider){(int)((b->x + b->w / 2) * width), (int)floor(b->y * height),
                                 (int)ceil((b->y + b->h) * height)};
    }
    qsort(out->at, out->n, sizeof *out->at, by_place);
    return true;
}

void dividers_free(struct dividers *d)
{
    free(d->at);
    memset(d, 0, sizeof *d);
}

/* The first one that is not left of x. */
static size_t first_from(const struct dividers *d, int x)
{
    size_t low = 0, high = d->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (d->at[middle].x < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool dividers_part(const struct dividers *d, int from, int to, int y)
{
    for (size_t i = first_from(d, from); i < d->n && d->at[i].x <= to; i++)
        if (d->at[i].y0 <= y && d->at[i].y1 >= y)
            return true;
    return false;
}

size_t dividers_cell_end(const struct dividers *d, const struct text_line *line, size_t first)
{
    int middle = (line->box.y0 + line->box.y1) / 2;
    for (size_t i = first + 1; i < line->n; i++) {
        int from = line->runs[i - 1].box.x1, to = line->runs[i].box.x0;
        if (to - from >= WHITE * line->height || dividers_part(d, from, to, middle))
            return i;
    }
    return line->n;
}
