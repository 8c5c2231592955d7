#include "extract/charts.h"

#include <math.h>
#include <stdlib.h>

#define SAME_PT       1.6 /* pixels that areas are found in are a point wide */
#define LENGTHS_APART 2.5 /* points */
#define BARS_LEAST    3
#define LENGTHS_LEAST 3
#define LENGTHS_SHARE 0.5 /* of the bars: the shades of cells are mostly as long as others */
#define WIDTHS_APART  1.3 /* times: bars of one chart are alike */
#define APART         4.0 /* most white between two bars, in their width */
#define JOINED_PT     3.0 /* parts of one bar that have white between them */
#define FOLLOWS       1.5 /* in heights: from a bar's end to its value */
#define FOLLOWED      0.6 /* of the bars */
#define LABELS        3.0 /* in heights: labels under and beside the bars */
#define NAMES         8.0 /* in heights: labels in front of bars to the right */
#define COVERED       0.5
#define KEY_SIDE      1.5 /* in heights */
#define KEY_GAP       2.0
#define LEGEND_SHARE  0.8 /* of the lines */

/* An area, with its sides as if its chart's bars stood upright: low is where they begin. */
struct bar {
    double x0, x1, low, high; /* high > low */
    struct rect r;
};

static struct bar bar_of(struct rect r, bool lying)
{
    return lying ? (struct bar){r.y0, r.y1, r.x0, r.x1, r}
                 : (struct bar){r.x0, r.x1, -r.y1, -r.y0, r};
}

static int by_low(const void *a, const void *b)
{
    const struct bar *p = a, *q = b;
    return p->low != q->low ? (p->low < q->low ? -1 : 1) : (p->x0 > q->x0) - (p->x0 < q->x0);
}

static int by_side(const void *a, const void *b)
{
    const struct bar *p = a, *q = b;
    return (p->x0 > q->x0) - (p->x0 < q->x0);
}

static int by_length(const void *a, const void *b)
{
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

/* --- groups of bars --- */

/* How many bars from the first on are as wide as it, side by side and not far apart. */
static size_t alike(const struct bar *bars, size_t n)
{
    double wide = bars[0].x1 - bars[0].x0;
    size_t k = 1;
    for (; k < n; k++) {
        double own = bars[k].x1 - bars[k].x0, gap = bars[k].x0 - bars[k - 1].x1;
        if (fmax(own, wide) > WIDTHS_APART * fmin(own, wide) + SAME_PT || gap < -SAME_PT ||
            gap > APART * wide)
            break;
    }
    return k;
}

static enum err count_lengths(const struct bar *bars, size_t n, size_t *lengths, struct error *e)
{
    double *all = calloc(n, sizeof *all), last = -INFINITY;
    *lengths = 0;
    if (all == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < n; i++)
        all[i] = bars[i].high - bars[i].low;
    qsort(all, n, sizeof *all, by_length);
    for (size_t i = 0; i < n; i++)
        if (all[i] - last > LENGTHS_APART) {
            ++*lengths;
            last = all[i];
        }
    free(all);
    return ERR_OK;
}

/* Whether a word stands at the end of a bar to the right, or in its middle. */
static bool is_followed(const struct layout *l, struct rect bar)
{
    double near = FOLLOWS * l->height;
    for (size_t i = 0; i < l->n_items; i++) {
        struct rect w = l->items[i].r;
        double y = (w.y0 + w.y1) / 2, off = fabs(w.x0 + w.x1 - bar.x0 - bar.x1) / 2;
        bool behind = w.x0 >= bar.x1 - SAME_PT && w.x0 - bar.x1 <= near;
        bool inside = w.x1 <= bar.x1 + SAME_PT && bar.x1 - w.x1 <= near;
        if (y > bar.y0 && y < bar.y1 && (behind || inside || off <= l->height))
            return true;
    }
    return false;
}

static enum err are_followed(const struct layout *l, const struct bar *bars, size_t n, bool *ok,
                             struct error *e)
{
    size_t followed = 0;
    enum err err = work_budget_spend(l->budget, n, l->n_items, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        followed += is_followed(l, bars[i].r);
    *ok = (double)followed >= FOLLOWED * (double)n;
    return err;
}

/* The place of a chart: of its bars, of the parts that stand on them, and of the labels. all is
 * sorted by where they begin. */
static struct rect place_of(const struct layout *l, const struct bar *group, size_t n,
                            const struct bar *all, size_t n_all, bool lying)
{
    struct rect r = group[0].r;
    double x0 = group[0].x0, x1 = group[n - 1].x1, high = group[0].high;
    for (size_t i = 1; i < n; i++) {
        r = rect_union(r, group[i].r);
        high = fmax(high, group[i].high);
    }
    for (size_t i = 0; i < n_all; i++) {
        const struct bar *b = &all[i];
        if (b->x0 < x0 - SAME_PT || b->x1 > x1 + SAME_PT || b->low < group[0].low - SAME_PT ||
            b->low > high + JOINED_PT)
            continue;
        r = rect_union(r, b->r);
        high = fmax(high, b->high);
    }
    double labels = LABELS * l->height, names = lying ? NAMES * l->height : labels;
    return (struct rect){r.x0 - names, r.y0 - labels, r.x1 + labels, r.y1 + labels};
}

/* Of bars that begin on one line, sorted by their side: the charts. */
static enum err take_charts(const struct layout *l, const struct bar *group, size_t n,
                            const struct bar *all, size_t n_all, bool lying, struct charts *out,
                            struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0, k; err == ERR_OK && i < n; i += k) {
        size_t lengths = 0;
        k = alike(group + i, n - i);
        bool ok = k >= BARS_LEAST;
        if (ok)
            err = count_lengths(group + i, k, &lengths, e);
        ok = ok && lengths >= LENGTHS_LEAST && (double)lengths >= LENGTHS_SHARE * (double)k;
        if (err == ERR_OK && ok && lying)
            err = are_followed(l, group + i, k, &ok, e);
        if (err == ERR_OK && ok)
            err = work_budget_spend(l->budget, n_all, 1, e);
        if (err == ERR_OK && ok)
            out->at[out->n++] = place_of(l, group + i, k, all, n_all, lying);
    }
    return err;
}

static enum err find_way(const struct layout *l, const struct page_content *page, bool lying,
                         struct charts *out, struct error *e)
{
    size_t n = page->n_areas;
    struct bar *all = calloc(n + 1, sizeof *all), *group = calloc(n + 1, sizeof *group);
    enum err err = all != NULL && group != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = work_budget_spend(l->budget, n, 2 * SORT_STEPS, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        all[i] = bar_of(rect_of_box(page->areas[i], &page->info), lying);
    if (err == ERR_OK)
        qsort(all, n, sizeof *all, by_low);
    for (size_t from = 0, to; err == ERR_OK && from < n; from = to) {
        for (to = from; to < n && all[to].low - all[from].low <= SAME_PT; to++)
            group[to - from] = all[to];
        qsort(group, to - from, sizeof *group, by_side);
        err = take_charts(l, group, to - from, all, n, lying, out, e);
    }
    free(all);
    free(group);
    return err;
}

enum err charts_find(const struct layout *l, const struct page_content *page, struct charts *out,
                     struct error *e)
{
    /* Each takes three areas, and an area may be one of a standing and of a lying one. */
    *out = (struct charts){calloc(page->n_areas + 1, sizeof *out->at), 0};
    enum err err = out->at != NULL ? find_way(l, page, false, out, e) : error_no_memory(e);
    return err == ERR_OK ? find_way(l, page, true, out, e) : err;
}

bool charts_cover(const struct charts *s, struct rect part)
{
    double size = (part.x1 - part.x0) * (part.y1 - part.y0);
    for (size_t i = 0; i < s->n; i++) {
        double w = fmin(part.x1, s->at[i].x1) - fmax(part.x0, s->at[i].x0);
        double h = fmin(part.y1, s->at[i].y1) - fmax(part.y0, s->at[i].y0);
        if (w > 0 && h > 0 && w * h >= COVERED * size)
            return true;
    }
    return false;
}

/* --- legends --- */

static bool has_key(const struct layout *l, const struct page_content *page,
                    const struct line *line)
{
    double x = line->items[0].r.x0, y = (line->r.y0 + line->r.y1) / 2, height = l->height;
    for (size_t i = 0; i < page->n_areas; i++) {
        struct rect r = rect_of_box(page->areas[i], &page->info);
        if (fmax(r.x1 - r.x0, r.y1 - r.y0) <= KEY_SIDE * height && r.y0 < y && r.y1 > y &&
            x - r.x1 >= -SAME_PT && x - r.x1 <= KEY_GAP * height)
            return true;
    }
    return false;
}

enum err charts_is_legend(const struct layout *l, const struct page_content *page,
                          const struct line *lines, size_t n, bool *legend, struct error *e)
{
    size_t in_runs = 0, keys = 0;
    enum err err = work_budget_spend(l->budget, n, page->n_areas, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        if (lines[i].n_runs < 2)
            continue;
        in_runs++;
        keys += has_key(l, page, &lines[i]);
    }
    *legend = in_runs > 0 && (double)keys >= LEGEND_SHARE * (double)in_runs;
    return err;
}
