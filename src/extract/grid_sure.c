/* How sure the places of a table's cells are. */
#include <math.h>
#include <stdlib.h>

#include "extract/grid_parts.h"

/* Measured on tables that nothing speaks against (bench/quality --calibration): so many of their
 * cells stand where they belong. */
#define CLEAN      0.98
#define FEW_FILLED 0.5 /* a part of the cells; a chart has fewer, and what it makes is no table */
#define FEW_LINES  1.0 /* of doubt, in lines: two lines show less than twenty do */

/* Of each border between two columns: in which part of the lines some text runs over it. */
static enum err count_crossings(const struct grid *g, double *crossed, struct error *e)
{
    double lines = FEW_LINES;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < g->l->n_lines; i++) {
        const struct line *line = &g->l->lines[i];
        if (line->n_runs < 2)
            continue;
        lines++;
        err = work_budget_spend(g->l->budget, line->n_runs, g->cols.n, e);
        for (size_t k = 0; err == ERR_OK && k < line->n_runs; k++) {
            size_t last = edges_find(&g->cols, line->runs[k].r.x1 - 1);
            for (size_t c = edges_find(&g->cols, line->runs[k].r.x0 + 1) + 1; c <= last; c++)
                crossed[c]++;
        }
    }
    for (size_t c = 0; c < g->cols.n; c++)
        crossed[c] /= lines;
    return err;
}

static double filled_share(const struct table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_cells; i++)
        n += t->cells[i].text[0] != '\0';
    return t->n_cells > 0 ? (double)n / (double)t->n_cells : 0;
}

enum err grid_tell_sure(const struct grid *g, struct table *t, struct error *e)
{
    double *crossed = calloc(g->cols.n, sizeof *crossed);
    if (crossed == NULL)
        return error_no_memory(e);
    double clean = CLEAN * fmin(1, FEW_FILLED + filled_share(t));
    enum err err = count_crossings(g, crossed, e);
    t->confidence = 1;
    for (size_t i = 0; err == ERR_OK && i < t->n_cells; i++) {
        struct cell *c = &t->cells[i];
        double sides = (1 - crossed[c->col]) * (1 - crossed[c->col + c->col_span]);
        c->confidence *= (float)(clean * sides);
        t->confidence = fminf(t->confidence, c->confidence);
    }
    free(crossed);
    return err;
}
