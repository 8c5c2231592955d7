#include <math.h>
#include <stdlib.h>

#include "extract/grid_parts.h"

#define OPEN 0.3 /* part of an edge that a rule may cover though it parts no cells */

/* What each place holds. */
struct content {
    struct rect r;
    size_t n;
    int to; /* the place that its words go to, or its own */
};

struct spans {
    struct grid *g;
    size_t n_cols, n_rows;
    struct content *at;
    bool *open_right, *open_below; /* of each place: no rule parts it from the next */
};

static enum err look_at_cells(struct spans *s, struct error *e)
{
    const struct layout *l = s->g->l;
    size_t n = s->n_cols * s->n_rows + 1;
    s->at = calloc(n, sizeof *s->at);
    s->open_right = calloc(n, sizeof *s->open_right);
    s->open_below = calloc(n, sizeof *s->open_below);
    if (s->at == NULL || s->open_right == NULL || s->open_below == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < n; i++)
        s->at[i].to = (int)i;
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
    s->at[from].to = (int)to;
    if (s->at[from].n == 0)
        return;
    s->at[to].r = s->at[to].n > 0 ? rect_union(s->at[to].r, s->at[from].r) : s->at[from].r;
    s->at[to].n += s->at[from].n;
    s->at[from].n = 0;
}

/* --- across --- */

static bool is_centred(struct rect r, double x0, double x1, double tolerance)
{
    return fabs((r.x0 + r.x1) / 2 - (x0 + x1) / 2) <= tolerance;
}

/* Of the column borders that are ruled: where no rule stands. */
static enum err look_right(struct spans *s, struct error *e)
{
    struct grid *g = s->g;
    double margin = g->l->height / 4;
    enum err err = ERR_OK;
    for (size_t col = 0; err == ERR_OK && col + 1 < s->n_cols; col++) {
        double x = g->cols.at[col + 1], cover = 0;
        err = grid_take_band(g, true, x - SNAP_PT, x + SNAP_PT, e);
        if (err == ERR_OK)
            err = grid_band_cover(g, g->content.y0, g->content.y1, &cover, e);
        if (cover < 0.5)
            continue;
        for (size_t row = 0; err == ERR_OK && row < s->n_rows; row++) {
            err = grid_band_cover(g, g->rows.at[row] + margin, g->rows.at[row + 1] - margin, &cover,
                                  e);
            s->open_right[row * s->n_cols + col] = cover < OPEN;
        }
    }
    return err;
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
            while (last + 1 < s->n_cols && s->open_right[row * s->n_cols + last])
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

/* Where a rule parts two rows in some columns: the others. *most tells whether most rows are parted
 * so; else the rules only set off heads and totals. */
static enum err look_below(struct spans *s, bool *most, struct error *e)
{
    struct grid *g = s->g;
    size_t ruled = 0;
    enum err err = ERR_OK;
    for (size_t row = 0; err == ERR_OK && row + 1 < s->n_rows; row++) {
        double y0, y1;
        bool parted = false;
        lines_around(g, row, &y0, &y1);
        err = work_budget_spend(g->l->budget, g->l->n_lines, 1, e);
        if (err == ERR_OK)
            err = grid_take_band(g, false, y0, y1, e);
        for (size_t c = 0; err == ERR_OK && c < s->n_cols; c++) {
            double cover;
            err = grid_band_cover(g, g->cols.at[c], g->cols.at[c + 1], &cover, e);
            parted = parted || cover >= RULE_COVER;
            s->open_below[row * s->n_cols + c] = cover < OPEN;
        }
        ruled += parted;
        for (size_t c = 0; !parted && c < s->n_cols; c++)
            s->open_below[row * s->n_cols + c] = false;
    }
    *most = ruled * 4 >= (s->n_rows - 1) * 3;
    return err;
}

/* A rule that is missing once may have been lost; one that is missing twice is not meant to be. */
static void join_down(struct spans *s, size_t col)
{
    size_t open = 0;
    for (size_t row = 0; row + 1 < s->n_rows; row++)
        open += s->open_below[row * s->n_cols + col];
    for (size_t row = 0; row + 1 < s->n_rows; row++) {
        size_t place = row * s->n_cols + col, below = place + s->n_cols;
        size_t root = (size_t)s->g->root[place];
        bool both = s->at[root].n > 0 && s->at[below].n > 0;
        if ((both && open < 2) || root % s->n_cols != col || !is_single(s, root) ||
            !is_single(s, below) || !s->open_below[place])
            continue;
        move(s, below, root);
        s->g->root[below] = (int)root;
    }
}

enum err grid_join_cells(struct grid *g, struct error *e)
{
    struct spans s = {.g = g, .n_cols = g->cols.n - 1, .n_rows = g->rows.n - 1};
    bool ruled = false;
    enum err err = g->n_rules > 0 ? look_at_cells(&s, e) : ERR_OK;
    if (err == ERR_OK && g->n_rules > 0)
        err = look_right(&s, e);
    if (err == ERR_OK && g->n_rules > 0)
        err = look_below(&s, &ruled, e);
    if (err == ERR_OK && g->n_rules > 0) {
        join_rows_across(&s);
        for (size_t col = 0; ruled && col < s.n_cols; col++)
            join_down(&s, col);
        for (size_t i = 0; i < g->l->n_items; i++)
            g->place[i] = s.at[g->place[i]].to;
    }
    free(s.at);
    free(s.open_right);
    free(s.open_below);
    return err;
}
