#include <math.h>
#include <stdlib.h>

#include "extract/grid_parts.h"

/* Lines that must fill both sides of a border that has no rule where others have one. */
#define VOUCHED 0.5
#define CENTRED 0.1 /* how far off the middle a centred heading may be, in widths */

struct columns {
    struct grid *g;
    struct gutters gutters;
    struct edges ruled;
};

/* --- rules --- */

/* Vertical rules that run along at least half of the content. */
static enum err columns_from_rules(struct grid *g, struct edges *out, struct error *e)
{
    enum err err = ERR_OK;
    struct edges candidates = {0};
    for (size_t i = 0; err == ERR_OK && i < g->n_rules; i++)
        if (g->rules[i].vertical)
            err = edges_add(&candidates, (g->rules[i].r.x0 + g->rules[i].r.x1) / 2, e);
    if (err == ERR_OK && candidates.n > 0)
        edges_snap(&candidates, SNAP_PT);
    for (size_t k = 0; err == ERR_OK && k < candidates.n; k++) {
        double x = candidates.at[k];
        double covered = 0;
        err = grid_take_band(g, true, x - SNAP_PT, x + SNAP_PT, e);
        if (err == ERR_OK)
            err = grid_band_cover(g, g->content.y0, g->content.y1, &covered, e);
        if (err == ERR_OK && covered >= 0.5)
            err = edges_add(out, x, e);
    }
    free(candidates.at);
    return err;
}

/* The edges at the sides may have no rule: words beyond the outermost one make columns of their
 * own. */
static enum err close_edges(struct edges *s, double from, double to, struct error *e)
{
    enum err err = ERR_OK;
    if (s->n == 0 || from < s->at[0] - SNAP_PT)
        err = edges_add(s, from - 1, e);
    if (err == ERR_OK && (s->n == 0 || to > s->at[s->n - 1] + SNAP_PT))
        err = edges_add(s, to + 1, e);
    if (err == ERR_OK)
        edges_snap(s, SNAP_PT / 2);
    return err;
}

static enum err columns_from_gutters(struct columns *c, struct error *e)
{
    const struct rect *content = &c->g->content;
    struct edges *cols = &c->g->cols;
    enum err err = edges_add(cols, content->x0 - 1, e);
    for (size_t i = 0; err == ERR_OK && i < c->gutters.n; i++)
        err = edges_add(cols, c->gutters.at[i].cut, e);
    return err == ERR_OK ? edges_add(cols, content->x1 + 1, e) : err;
}

/* --- columns that are none --- */

/* Where the runs of two neighbouring columns stand. */
struct pair {
    size_t both, either;
    size_t first[2], last[2]; /* lines */
    struct rect r[2];
    size_t n[2];
};

static struct pair compare_columns(const struct grid *g, size_t a, size_t b)
{
    struct pair p = {0};
    for (size_t i = 0; i < g->l->n_lines; i++) {
        const struct line *line = &g->l->lines[i];
        bool filled[2] = {false, false};
        for (size_t k = 0; k < line->n_runs; k++) {
            struct rect r = line->runs[k].r;
            if (r.x1 < g->cols.at[a] || r.x0 > g->cols.at[b + 1])
                continue;
            size_t col = edges_find(&g->cols, r.x0 + 1);
            if (col != edges_find(&g->cols, r.x1 - 1) || (col != a && col != b))
                continue;
            size_t side = col == b;
            filled[side] = true;
            p.r[side] = p.n[side] > 0 ? rect_union(p.r[side], r) : r;
            if (p.n[side]++ == 0)
                p.first[side] = i;
            p.last[side] = i;
        }
        p.both += filled[0] && filled[1];
        p.either += filled[0] || filled[1];
    }
    return p;
}

/* A heading and its values that are set to different sides of one column look like two columns:
 * no line fills both, and all of one is above the other. */
static bool one_above_other(const struct pair *p)
{
    return p->n[0] > 0 && p->n[1] > 0 && p->both == 0 &&
           (p->last[0] < p->first[1] || p->last[1] < p->first[0]);
}

static bool is_ruled(const struct columns *c, size_t edge)
{
    for (size_t i = 0; i < c->ruled.n; i++)
        if (c->ruled.at[i] == c->g->cols.at[edge])
            return true;
    return false;
}

/* From the right, as the first column often has no heading at all. */
static enum err join_headings(struct columns *c, struct error *e)
{
    struct edges *cols = &c->g->cols;
    enum err err = ERR_OK;
    for (size_t i = cols->n - 2; err == ERR_OK && i > 0; i--) {
        err = work_budget_spend(c->g->l->budget, c->ruled.n + c->g->l->n_items, 1, e);
        if (err != ERR_OK || is_ruled(c, i))
            continue;
        struct pair p = compare_columns(c->g, i - 1, i);
        bool vouched =
            c->ruled.n < 3 || (p.both >= 2 && (double)p.both >= VOUCHED * (double)p.either);
        if (!vouched || one_above_other(&p))
            edges_drop(cols, i);
    }
    return err;
}

/* A heading that is centred over two columns may be narrow enough to stand between them: no column
 * of its own. */
static enum err join_centred(struct columns *c, struct error *e)
{
    struct edges *cols = &c->g->cols;
    for (size_t i = 1; i + 2 < cols->n; i++) {
        enum err err = work_budget_spend(c->g->l->budget, c->g->l->n_items, 3, e);
        if (err != ERR_OK)
            return err;
        struct pair left = compare_columns(c->g, i - 1, i), right = compare_columns(c->g, i, i + 1);
        struct pair sides = compare_columns(c->g, i - 1, i + 1);
        if (!one_above_other(&left) || !one_above_other(&right) || sides.both < 2 ||
            left.last[1] > left.first[0])
            continue;
        double middle = (right.r[0].x0 + right.r[0].x1) / 2;
        double x0 = left.r[0].x0, x1 = right.r[1].x1;
        if (fabs(middle - (x0 + x1) / 2) > CENTRED * (x1 - x0))
            continue;
        cols->at[i] = middle;
        edges_drop(cols, i + 1);
    }
    return ERR_OK;
}

/* Rules see empty columns, gutters see columns that no rule parts. */
static enum err add_ruled(struct columns *c, struct error *e)
{
    struct edges *cols = &c->g->cols;
    struct edges own = *cols;
    enum err err = ERR_OK;
    *cols = (struct edges){0};
    for (size_t i = 0; err == ERR_OK && i < c->ruled.n; i++)
        err = edges_add(cols, c->ruled.at[i], e);
    for (size_t i = 1; err == ERR_OK && i + 1 < own.n; i++) {
        bool parted = false;
        if ((err = work_budget_spend(c->g->l->budget, c->ruled.n, 1, e)) != ERR_OK)
            break;
        bool narrow = c->gutters.at[i - 1].to - c->gutters.at[i - 1].from <
                      c->g->l->gap.words * c->g->l->height;
        for (size_t k = 0; k < c->ruled.n; k++)
            parted = parted || (c->ruled.at[k] > c->gutters.at[i - 1].from - SNAP_PT &&
                                c->ruled.at[k] < c->gutters.at[i - 1].to + SNAP_PT);
        if (!parted && !narrow)
            err = edges_add(cols, own.at[i], e);
    }
    free(own.at);
    if (err == ERR_OK)
        edges_snap(cols, 0);
    return err;
}

enum err grid_find_columns(struct grid *g, struct error *e)
{
    struct columns c = {.g = g};
    double height = g->l->height;
    enum err err = columns_from_rules(g, &c.ruled, e);
    if (err == ERR_OK && c.ruled.n >= 2)
        err = close_edges(&c.ruled, g->content.x0 + height, g->content.x1 - height, e);
    if (err == ERR_OK)
        err = grid_find_gutters(g, &c.gutters, e);
    if (err == ERR_OK)
        err = columns_from_gutters(&c, e);
    if (err == ERR_OK && c.ruled.n >= 3)
        err = add_ruled(&c, e);
    if (err == ERR_OK)
        err = grid_find_starts(g, e);
    if (err == ERR_OK)
        err = join_centred(&c, e);
    if (err == ERR_OK)
        err = join_headings(&c, e);
    if (err == ERR_OK)
        err = grid_join_signs(g, e);
    free(c.gutters.at);
    free(c.ruled.at);
    return err;
}
