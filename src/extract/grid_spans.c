#include <math.h>
#include <stdlib.h>

#include "extract/grid_parts.h"

#define OPEN 0.3 /* part of an edge that a rule may cover though it parts no cells */

/* What each place holds. */
struct content {
    struct rect r;
    size_t n;
};

struct spans {
    struct grid *g;
    size_t n_cols, n_rows;
    struct content *at;
};

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

static enum err look_at_cells(struct spans *s, struct error *e)
{
    const struct layout *l = s->g->l;
    s->at = calloc(s->n_cols * s->n_rows + 1, sizeof *s->at);
    if (s->at == NULL)
        return no_memory(e);
    for (size_t i = 0; i < l->n_items; i++) {
        struct content *c = &s->at[s->g->place[i]];
        c->r = c->n++ > 0 ? rect_union(c->r, l->items[i].r) : l->items[i].r;
    }
    return ERR_OK;
}

static bool is_single(const struct spans *s, size_t place)
{
    bool last = place % s->n_cols + 1 == s->n_cols;
    return s->g->root[place] == (int)place && (last || s->g->root[place + 1] != (int)place);
}

static void move(struct spans *s, size_t from, size_t to)
{
    for (size_t i = 0; i < s->g->l->n_items; i++)
        if (s->g->place[i] == (int)from)
            s->g->place[i] = (int)to;
    s->at[to].r = s->at[to].n > 0 ? rect_union(s->at[to].r, s->at[from].r) : s->at[from].r;
    s->at[to].n += s->at[from].n;
    s->at[from].n = 0;
}

/* --- across --- */

static bool is_centred(struct rect r, double x0, double x1, double tolerance)
{
    return fabs((r.x0 + r.x1) / 2 - (x0 + x1) / 2) <= tolerance;
}

/* Whether no rule parts a place from the one on its right, in a column border that is ruled. */
static bool open_at_right(const struct spans *s, size_t place)
{
    const struct grid *g = s->g;
    size_t row = place / s->n_cols, edge = place % s->n_cols + 1;
    double x = g->cols.at[edge], height = g->l->height;
    double y0 = g->rows.at[row], y1 = g->rows.at[row + 1];
    return grid_rule_cover(g, true, x - SNAP_PT, x + SNAP_PT, g->content.y0, g->content.y1) >=
               0.5 &&
           grid_rule_cover(g, true, x - SNAP_PT, x + SNAP_PT, y0 + height / 4, y1 - height / 4) <
               OPEN;
}

/* A text that is centred in a run of cells which no rule parts has them all. */
static void join_across(struct spans *s, size_t row, size_t first, size_t last)
{
    const struct grid *g = s->g;
    size_t filled = 0, holder = 0, start = row * s->n_cols;
    for (size_t c = first; c <= last; c++) {
        if (!is_single(s, start + c))
            return;
        filled += s->at[start + c].n > 0;
        holder = s->at[start + c].n > 0 ? c : holder;
    }
    if (filled != 1 ||
        !is_centred(s->at[start + holder].r, g->cols.at[first], g->cols.at[last + 1], g->l->height))
        return;
    if (holder != first)
        move(s, start + holder, start + first);
    for (size_t c = first; c <= last; c++)
        s->g->root[start + c] = (int)(start + first);
}

static void join_rows_across(struct spans *s)
{
    for (size_t row = 0; row < s->n_rows; row++)
        for (size_t first = 0, last = 0; first < s->n_cols; first = ++last) {
            while (last + 1 < s->n_cols && open_at_right(s, row * s->n_cols + last))
                last++;
            if (last > first)
                join_across(s, row, first, last);
        }
}

/* --- down --- */

/* The middles of the lines on both sides of the border under a row. */
static void lines_around(const struct grid *g, size_t row, double *above, double *below)
{
    *above = g->content.y0;
    *below = g->content.y1;
    for (size_t i = 0; i < g->l->n_lines; i++) {
        double y = (g->l->lines[i].r.y0 + g->l->lines[i].r.y1) / 2;
        if (y < g->rows.at[row + 1])
            *above = y;
        else if (y < *below)
            *below = y;
    }
}

/* Whether a rule parts two rows in some columns, but not in this one. */
static bool open_below(const struct spans *s, size_t row, size_t col)
{
    double y0, y1;
    bool parted = false;
    lines_around(s->g, row, &y0, &y1);
    for (size_t c = 0; c < s->n_cols; c++)
        parted = parted || grid_rule_parts(s->g, c, y0, y1);
    return parted &&
           grid_rule_cover(s->g, false, y0, y1, s->g->cols.at[col], s->g->cols.at[col + 1]) < OPEN;
}

/* A rule that is missing once may have been lost; one that is missing twice is not meant to be. */
static void join_down(struct spans *s, size_t col)
{
    size_t open = 0;
    for (size_t row = 0; row + 1 < s->n_rows; row++)
        open += open_below(s, row, col);
    for (size_t row = 0; row + 1 < s->n_rows; row++) {
        size_t place = row * s->n_cols + col, below = place + s->n_cols;
        size_t root = (size_t)s->g->root[place];
        bool both = s->at[root].n > 0 && s->at[below].n > 0;
        if ((both && open < 2) || root % s->n_cols != col || !is_single(s, root) ||
            !is_single(s, below) || !open_below(s, row, col))
            continue;
        move(s, below, root);
        s->g->root[below] = (int)root;
    }
}

enum err grid_join_cells(struct grid *g, struct error *e)
{
    struct spans s = {.g = g, .n_cols = g->cols.n - 1, .n_rows = g->rows.n - 1};
    enum err err = g->n_rules > 0 ? look_at_cells(&s, e) : ERR_OK;
    if (err == ERR_OK && g->n_rules > 0) {
        join_rows_across(&s);
        for (size_t col = 0; col < s.n_cols; col++)
            join_down(&s, col);
    }
    free(s.at);
    return err;
}
