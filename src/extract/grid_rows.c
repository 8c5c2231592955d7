#include <math.h>
#include <stdlib.h>

#include "extract/grid_parts.h"

#define EDGE_COVER 0.6 /* part of an edge that a rule must cover to part two cells */

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

static int by_value(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return p < q ? -1 : p > q;
}

static bool rule_between(const struct grid *g, double y0, double y1)
{
    return grid_rule_cover(g, false, y0, y1, g->content.x0, g->content.x1) >= EDGE_COVER;
}

static size_t column_of(const struct grid *g, struct rect r)
{
    /* The column in which most of the piece lies, from the left: a spanning one counts as its
     * first. */
    double middle = (r.x0 + r.x1) / 2;
    size_t first = edges_find(&g->cols, r.x0 + 1), last = edges_find(&g->cols, r.x1 - 1);
    return first != last ? first : edges_find(&g->cols, middle);
}

static unsigned long long columns_of_line(const struct grid *g, const struct line *line)
{
    unsigned long long set = 0;
    for (size_t k = 0; k < line->n_pieces; k++) {
        size_t c = column_of(g, line->pieces[k].r);
        set |= 1ULL << (c < 63 ? c : 63);
    }
    return set;
}

static int count_bits(unsigned long long set)
{
    return __builtin_popcountll(set);
}

/* The usual distance from one line's bottom to the next one's top. */
static enum err median_leading(const struct layout *l, double *out, struct error *e)
{
    double *gaps = calloc(l->n_lines + 1, sizeof *gaps);
    if (gaps == NULL)
        return no_memory(e);
    for (size_t i = 1; i < l->n_lines; i++)
        gaps[i - 1] = l->lines[i].r.y0 - l->lines[i - 1].r.y1;
    size_t n = l->n_lines > 1 ? l->n_lines - 1 : 0;
    qsort(gaps, n, sizeof *gaps, by_value);
    *out = n > 0 ? gaps[n / 2] : 0;
    free(gaps);
    return ERR_OK;
}

/* Whether a line only goes on with the cells of the row above it. */
static bool continues(const struct grid *g, size_t i, unsigned long long row, double leading)
{
    const struct line *line = &g->l->lines[i], *above = &g->l->lines[i - 1];
    unsigned long long own = columns_of_line(g, line);
    double gap = line->r.y0 - above->r.y1;
    if (gap > leading + 0.35 * g->l->height)
        return false;
    bool has_first = (own & 1) != 0;
    bool subset = (own & ~row) == 0;
    if (has_first || !subset)
        return false;
    return count_bits(own) * 2 <= (int)g->cols.n - 1;
}

/* Whether a line is a row of its own though no rule parts it from the one above: it fills the
 * columns as that one does, and is not set as close as the lines of one cell. */
static bool stands_alone(const struct grid *g, size_t i, unsigned long long row, double leading)
{
    const struct line *line = &g->l->lines[i], *above = &g->l->lines[i - 1];
    unsigned long long own = columns_of_line(g, line);
    double gap = line->r.y0 - above->r.y1;
    bool full = (own & 1) != 0 && (row & 1) != 0 && count_bits(own) * 2 > (int)g->cols.n - 1 &&
                count_bits(row) * 2 > (int)g->cols.n - 1;
    return full && gap > 0.2 * g->l->height && gap > leading - 0.2 * g->l->height;
}

/* Rows are lines, but for what continues a cell, and where rules part the rows, what stands
 * between two of them. */
enum err grid_find_rows(struct grid *g, struct error *e)
{
    const struct layout *l = g->l;
    double leading = 0;
    unsigned long long row = 0;
    size_t ruled = 0;
    enum err err = median_leading(l, &leading, e);
    if (err == ERR_OK)
        err = edges_add(&g->rows, g->content.y0 - 1, e);
    for (size_t i = 1; i < l->n_lines; i++) {
        const struct line *a = &l->lines[i - 1], *b = &l->lines[i];
        if (rule_between(g, (a->r.y0 + a->r.y1) / 2, (b->r.y0 + b->r.y1) / 2))
            ruled++;
    }
    /* Rules that part a quarter of the lines part the rows; fewer part the head and the total. */
    bool by_rules = l->n_lines > 1 && ruled * 4 >= l->n_lines - 1 && ruled >= 2;
    for (size_t i = 0; err == ERR_OK && i < l->n_lines; i++) {
        const struct line *b = &l->lines[i], *a = i > 0 ? &l->lines[i - 1] : b;
        double am = (a->r.y0 + a->r.y1) / 2, bm = (b->r.y0 + b->r.y1) / 2;
        bool parted = i > 0 && rule_between(g, am, bm);
        bool starts = i > 0 && (parted || (by_rules ? stands_alone(g, i, row, leading)
                                                    : !continues(g, i, row, leading)));
        if (starts) {
            err = edges_add(&g->rows, (am + bm) / 2, e);
            row = 0;
        }
        row |= columns_of_line(g, b);
    }
    return err == ERR_OK ? edges_add(&g->rows, g->content.y1 + 1, e) : err;
}

