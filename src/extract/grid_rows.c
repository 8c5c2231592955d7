#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/grid_parts.h"

#define RULE_COVER 0.6 /* part of an edge that a rule must cover to part two cells */

struct rows {
    struct grid *g;
    unsigned long long *filled; /* of each line: the columns where its pieces start */
    bool *parted;               /* of each line: a rule parts it from the one above */
    double leading;             /* the usual gap between two lines */
    bool by_rules;              /* rules part the rows, not only the head and the total */
};

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

static int by_value(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return p < q ? -1 : p > q;
}

static unsigned long long columns_of_line(const struct grid *g, const struct line *line)
{
    unsigned long long set = 0;
    for (size_t k = 0; k < line->n_pieces; k++) {
        size_t c = edges_find(&g->cols, line->pieces[k].r.x0 + 1);
        set |= 1ULL << (c < 63 ? c : 63);
    }
    return set;
}

/* Whether more than half of the columns are in the set. */
static bool is_full(const struct rows *r, unsigned long long set)
{
    return __builtin_popcountll(set) * 2 > (int)r->g->cols.n - 1;
}

static double gap_above(const struct rows *r, size_t i)
{
    return r->g->l->lines[i].r.y0 - r->g->l->lines[i - 1].r.y1;
}

static double middle(const struct line *line)
{
    return (line->r.y0 + line->r.y1) / 2;
}

static enum err median_leading(struct rows *r, struct error *e)
{
    size_t n = r->g->l->n_lines - 1;
    double *gaps = calloc(n + 1, sizeof *gaps);
    if (gaps == NULL)
        return no_memory(e);
    for (size_t i = 0; i < n; i++)
        gaps[i] = gap_above(r, i + 1);
    qsort(gaps, n, sizeof *gaps, by_value);
    r->leading = n > 0 ? gaps[n / 2] : 0;
    free(gaps);
    return ERR_OK;
}

bool grid_rule_parts(const struct grid *g, size_t col, double y0, double y1)
{
    return grid_rule_cover(g, false, y0, y1, g->cols.at[col], g->cols.at[col + 1]) >= RULE_COVER;
}

/* Whether a rule parts two lines in any column: a cell may span the rows in the others. */
static bool rule_parts_some(const struct grid *g, double y0, double y1)
{
    for (size_t c = 0; c + 1 < g->cols.n; c++)
        if (grid_rule_parts(g, c, y0, y1))
            return true;
    return false;
}

/* Rules that part a quarter of the lines part the rows. Fewer may part the head and the total only,
 * unless what is between them mostly looks like one row: one line fills the columns, the others go
 * on with some cells. */
static bool rules_part_rows(const struct rows *r)
{
    size_t n = r->g->l->n_lines, ruled = 0, lines_in_rows = 0, start = 0, full = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i == n || r->parted[i]) {
            lines_in_rows += full <= 1 ? i - start : 0;
            start = i;
            full = 0;
            ruled += i > 0 && i < n;
        }
        full += i < n && is_full(r, r->filled[i]);
    }
    return ruled >= 2 && (ruled * 4 >= n - 1 || lines_in_rows * 2 > n);
}

static enum err look_at_lines(struct rows *r, struct error *e)
{
    const struct grid *g = r->g;
    const struct layout *l = g->l;
    r->filled = calloc(l->n_lines, sizeof *r->filled);
    r->parted = calloc(l->n_lines, sizeof *r->parted);
    if (r->filled == NULL || r->parted == NULL)
        return no_memory(e);
    for (size_t i = 0; i < l->n_lines; i++) {
        r->filled[i] = columns_of_line(g, &l->lines[i]);
        r->parted[i] = i > 0 && rule_parts_some(g, middle(&l->lines[i - 1]), middle(&l->lines[i]));
    }
    r->by_rules = rules_part_rows(r);
    return median_leading(r, e);
}

/* Whether a line only goes on with the cells of the row above it. */
static bool continues(const struct rows *r, size_t i, unsigned long long row)
{
    unsigned long long own = r->filled[i];
    if (gap_above(r, i) > r->leading + 0.35 * r->g->l->height)
        return false;
    bool has_first = (own & 1) != 0, subset = (own & ~row) == 0;
    return !has_first && subset && !is_full(r, own);
}

/* Whether a line is a row of its own though no rule parts it from the one above: it fills the
 * columns as that one does, and is not set as close as the lines of one cell. */
static bool stands_alone(const struct rows *r, size_t i, unsigned long long row)
{
    unsigned long long own = r->filled[i];
    double gap = gap_above(r, i), height = r->g->l->height;
    return (own & row & 1) != 0 && is_full(r, own) && is_full(r, row) && gap > 0.2 * height &&
           gap > r->leading - 0.2 * height;
}

/* Rows are lines, but for what continues a cell, and where rules part the rows, what stands
 * between two of them. */
static enum err make_rows(struct rows *r, struct error *e)
{
    struct grid *g = r->g;
    const struct layout *l = g->l;
    unsigned long long row = 0;
    enum err err = edges_add(&g->rows, g->content.y0 - 1, e);
    for (size_t i = 0; err == ERR_OK && i < l->n_lines; i++) {
        bool starts = i > 0 && (r->parted[i] || (r->by_rules ? stands_alone(r, i, row)
                                                             : !continues(r, i, row)));
        if (starts) {
            err = edges_add(
                &g->rows, grid_longest_rule(g, middle(&l->lines[i - 1]), middle(&l->lines[i])), e);
            row = 0;
        }
        row |= r->filled[i];
    }
    return err == ERR_OK ? edges_add(&g->rows, g->content.y1 + 1, e) : err;
}

enum err grid_find_rows(struct grid *g, struct error *e)
{
    struct rows r = {.g = g};
    enum err err = look_at_lines(&r, e);
    if (err == ERR_OK)
        err = make_rows(&r, e);
    free(r.filled);
    free(r.parted);
    return err;
}
