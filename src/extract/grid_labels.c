/* Labels of the first column that stand for more than their own place: titles of sections, which
 * have the row to themselves, and labels in the middle of the rows they belong to. */
#include <math.h>
#include <stdlib.h>

#include "extract/grid_parts.h"

#define OFF_MIDDLE 0.35 /* of a label from the middle of its rows, in heights */

struct row {
    struct rect label, values;
    size_t labels, columns; /* words in the first column; others with words */
    bool spanning;          /* some cell spans */
};

struct labels {
    struct grid *g;
    size_t n_cols, n_rows;
    struct row *rows;
};

static void add(struct rect *r, bool first, struct rect item)
{
    *r = first ? item : rect_union(*r, item);
}

static enum err look_at_rows(struct labels *s, struct error *e)
{
    const struct grid *g = s->g;
    s->rows = calloc(s->n_rows, sizeof *s->rows);
    bool *filled = calloc(s->n_rows * s->n_cols, sizeof *filled);
    enum err err = s->rows != NULL && filled != NULL ? ERR_OK : error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < g->l->n_items; i++) {
        size_t place = (size_t)g->place[i];
        struct row *row = &s->rows[place / s->n_cols];
        if (place % s->n_cols == 0) {
            add(&row->label, row->labels++ == 0, g->l->items[i].r);
            continue;
        }
        add(&row->values, row->columns == 0, g->l->items[i].r);
        row->columns += !filled[place];
        filled[place] = true;
    }
    for (size_t p = 0; err == ERR_OK && p < s->n_rows * s->n_cols; p++)
        s->rows[p / s->n_cols].spanning |= g->root[p] != (int)p;
    free(filled);
    return err;
}

/* --- titles of sections --- */

static bool is_full(const struct labels *s, size_t row)
{
    return s->rows[row].columns * 2 >= s->n_cols - 1;
}

/* Makes one cell of a row below the first that has nothing but a label, and full rows below it. */
static void widen_titles(struct labels *s)
{
    for (size_t row = 1; row + 1 < s->n_rows; row++) {
        if (s->rows[row].labels == 0 || s->rows[row].columns > 0 || !is_full(s, row + 1) ||
            s->rows[row + 1].labels == 0)
            continue;
        for (size_t c = 0; c < s->n_cols; c++)
            s->g->root[row * s->n_cols + c] = (int)(row * s->n_cols);
        s->rows[row].spanning = true;
    }
}

/* --- labels in the middle of their rows --- */

static double middle(struct rect r)
{
    return (r.y0 + r.y1) / 2;
}

/* The last of the rows from `from` on whose only label stands in their middle, or n_rows. */
static size_t rows_of_label(const struct labels *s, size_t from)
{
    size_t words = 0;
    struct rect label = {0};
    double off = OFF_MIDDLE * s->g->l->height;
    for (size_t row = from; row < s->n_rows; row++) {
        const struct row *own = &s->rows[row];
        if (own->spanning || !is_full(s, row))
            return s->n_rows;
        if (own->labels > 0) {
            label = words > 0 ? rect_union(label, own->label) : own->label;
            words += own->labels;
        }
        double at = (middle(s->rows[from].values) + middle(own->values)) / 2;
        if (words > 0 && fabs(middle(label) - at) <= off)
            return row;
        if (words > 0 && at - middle(label) > off)
            return s->n_rows;
    }
    return s->n_rows;
}

/* The first row from which on every label stands in the middle of its rows, in more than one row
 * for two of them; n_rows when there is none. */
static size_t first_of_labels(const struct labels *s)
{
    for (size_t first = 0; first < s->n_rows; first++) {
        size_t several = 0, row = first;
        while (row < s->n_rows) {
            size_t last = rows_of_label(s, row);
            if (last == s->n_rows)
                break;
            several += last > row;
            row = last + 1;
        }
        if (row == s->n_rows && several >= 2)
            return first;
    }
    return s->n_rows;
}

static void join_rows(struct labels *s, size_t from, size_t last)
{
    int root = (int)(from * s->n_cols);
    for (size_t row = from; row <= last; row++)
        s->g->root[row * s->n_cols] = root;
    for (size_t i = 0; i < s->g->l->n_items; i++) {
        size_t place = (size_t)s->g->place[i];
        if (place % s->n_cols == 0 && place / s->n_cols > from && place / s->n_cols <= last)
            s->g->place[i] = root;
    }
}

static enum err lengthen_labels(struct labels *s, struct error *e)
{
    enum err err = work_budget_spend(s->g->l->budget, s->n_rows, s->n_rows, e);
    if (err != ERR_OK)
        return err;
    for (size_t row = first_of_labels(s); err == ERR_OK && row < s->n_rows;) {
        size_t last = rows_of_label(s, row);
        err = work_budget_spend(s->g->l->budget, s->g->l->n_items, 1, e);
        if (last > row)
            join_rows(s, row, last);
        row = last + 1;
    }
    return err;
}

enum err grid_extend_labels(struct grid *g, struct error *e)
{
    struct labels s = {.g = g, .n_cols = g->cols.n - 1, .n_rows = g->rows.n - 1};
    enum err err = s.n_cols > 1 ? look_at_rows(&s, e) : ERR_OK;
    if (err == ERR_OK && s.n_cols > 1)
        err = lengthen_labels(&s, e);
    if (err == ERR_OK && s.n_cols > 2)
        widen_titles(&s);
    free(s.rows);
    return err;
}
