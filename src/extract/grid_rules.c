#include <math.h>
#include <stdlib.h>

#include "extract/grid_parts.h"

static int by_start(const void *a, const void *b)
{
    const struct ruled *p = a, *q = b;
    double s = p->vertical ? p->r.y0 : p->r.x0, t = q->vertical ? q->r.y0 : q->r.x0;
    return s < t ? -1 : s > t;
}

enum err grid_take_rules(struct grid *g, const struct rule *rules, size_t n,
                         const struct page_info *page, struct rect region, struct error *e)
{
    g->rules = calloc(n + 1, sizeof *g->rules);
    g->band = calloc(n + 1, sizeof *g->band);
    if (g->rules == NULL || g->band == NULL)
        return error_no_memory(e);
    enum err err = work_budget_spend(g->l->budget, n, 1, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct rect r = rect_of_box(rules[i].box, page);
        double x = (r.x0 + r.x1) / 2, y = (r.y0 + r.y1) / 2;
        bool vertical = rules[i].vertical, stroke;
        /* A line that only passes by, such as the page's frame, is cut to the region. */
        if (vertical ? x < region.x0 - SNAP_PT || x > region.x1 + SNAP_PT
                     : y < region.y0 - SNAP_PT || y > region.y1 + SNAP_PT)
            continue;
        err = layout_is_stroke(g->l, r, &stroke, e);
        if (stroke)
            continue;
        r.x0 = fmax(r.x0, region.x0 - SNAP_PT);
        r.x1 = fmin(r.x1, region.x1 + SNAP_PT);
        r.y0 = fmax(r.y0, region.y0 - SNAP_PT);
        r.y1 = fmin(r.y1, region.y1 + SNAP_PT);
        if (r.x1 - r.x0 < 0 || r.y1 - r.y0 < 0 || fmax(r.x1 - r.x0, r.y1 - r.y0) < g->l->height)
            continue;
        g->rules[g->n_rules++] = (struct ruled){r, vertical};
    }
    if (err == ERR_OK)
        err = work_budget_spend(g->l->budget, g->n_rules, SORT_STEPS, e);
    if (err != ERR_OK)
        return err;
    qsort(g->rules, g->n_rules, sizeof *g->rules, by_start);
    return ERR_OK;
}

enum err grid_take_band(struct grid *g, bool vertical, double at0, double at1, struct error *e)
{
    enum err err = work_budget_spend(g->l->budget, g->n_rules, 1, e);
    g->n_band = 0;
    for (size_t i = 0; err == ERR_OK && i < g->n_rules; i++) {
        const struct rect *r = &g->rules[i].r;
        double at = vertical ? (r->x0 + r->x1) / 2 : (r->y0 + r->y1) / 2;
        if (g->rules[i].vertical == vertical && at > at0 && at < at1)
            g->band[g->n_band++] = g->rules[i];
    }
    return err;
}

enum err grid_band_cover(const struct grid *g, double from, double to, double *cover,
                         struct error *e)
{
    double covered = 0, reached = from;
    for (size_t i = 0; i < g->n_band; i++) {
        const struct ruled *rule = &g->band[i];
        double start = fmax(reached, rule->vertical ? rule->r.y0 : rule->r.x0);
        double end = fmin(to, rule->vertical ? rule->r.y1 : rule->r.x1);
        if (end <= start)
            continue;
        covered += end - start;
        reached = end;
    }
    *cover = to > from ? covered / (to - from) : 0;
    return work_budget_spend(g->l->budget, g->n_band, 1, e);
}

enum err grid_longest_rule(const struct grid *g, double y0, double y1, double *at, struct error *e)
{
    double longest = 0;
    *at = (y0 + y1) / 2;
    for (size_t i = 0; i < g->n_rules; i++) {
        const struct rect *r = &g->rules[i].r;
        double y = (r->y0 + r->y1) / 2;
        if (!g->rules[i].vertical && y > y0 && y < y1 && r->x1 - r->x0 > longest) {
            longest = r->x1 - r->x0;
            *at = y;
        }
    }
    return work_budget_spend(g->l->budget, g->n_rules, 1, e);
}
