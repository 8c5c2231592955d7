#include <math.h>
#include <stdlib.h>

#include "extract/grid_parts.h"

#define ALIGNED_PT   0.6 /* words that start no farther apart are aligned */
#define LINES_LEAST  3   /* that start there */
#define LINES_SHARE  0.4 /* of all lines: fewer are not looked at */
#define COLUMN_SHARE 0.7 /* of the lines that have words in the column */
#define ENDS_SPREAD  1.0 /* heights over which the words before end: cells, not one word again */

struct start {
    double x;
    size_t line;
};

static int by_x(const void *a, const void *b)
{
    const struct start *p = a, *q = b;
    return p->x != q->x ? (p->x < q->x ? -1 : 1) : (p->line > q->line) - (p->line < q->line);
}

/* What the lines have around a place within a column. */
struct evidence {
    size_t lines, aligned; /* with words in the column; of these, with one that starts there */
    size_t before;         /* with a word before it */
    bool apart, close;     /* lines where it is clearly apart from the word before, or hardly */
    bool crossed;          /* a word stands across it */
    double first, last;    /* where the words before it end */
};

static void look_at_line(const struct grid *g, const struct line *line, double x, size_t col,
                         struct evidence *v)
{
    const struct item *before = NULL, *at = NULL;
    bool inside = false;
    for (size_t k = 0; k < line->n; k++) {
        const struct item *item = &line->items[k];
        if (item->r.x1 <= g->cols.at[col] || item->r.x0 >= g->cols.at[col + 1])
            continue;
        inside = true;
        if (fabs(item->r.x0 - x) <= ALIGNED_PT)
            at = item;
        else if (item->r.x1 <= x - ALIGNED_PT / 2)
            before = item;
        else
            v->crossed = v->crossed || item->r.x0 < x;
    }
    v->lines += inside;
    v->aligned += at != NULL;
    if (at == NULL || before == NULL)
        return;
    v->first = v->before > 0 ? fmin(v->first, before->r.x1) : before->r.x1;
    v->last = v->before > 0 ? fmax(v->last, before->r.x1) : before->r.x1;
    v->before++;
    bool apart = at->r.x0 - before->r.x1 >= g->l->gap.words * g->l->height;
    v->apart = v->apart || apart;
    v->close = v->close || !apart;
}

/* Whether cells begin at x: lines show it by white, and others touch. */
static enum err begins_column(const struct grid *g, double x, bool *begins, struct error *e)
{
    struct evidence v = {0};
    size_t col = edges_find(&g->cols, x);
    *begins = false;
    enum err err = work_budget_spend(g->l->budget, g->l->n_items, 1, e);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < g->l->n_lines && !v.crossed; i++)
        look_at_line(g, &g->l->lines[i], x, col, &v);
    *begins = !v.crossed && v.before >= LINES_LEAST && v.apart && v.close &&
              (double)v.aligned >= COLUMN_SHARE * (double)v.lines &&
              v.last - v.first >= ENDS_SPREAD * g->l->height;
    return ERR_OK;
}

/* Tries each place where enough lines have a word that starts. starts is sorted. */
static enum err try_starts(struct grid *g, const struct start *starts, size_t n, struct error *e)
{
    double least = fmax(LINES_LEAST, LINES_SHARE * (double)g->l->n_lines);
    enum err err = ERR_OK;
    for (size_t from = 0, to; err == ERR_OK && from < n; from = to) {
        bool begins = false;
        for (to = from + 1; to < n && starts[to].x - starts[from].x <= ALIGNED_PT;)
            to++;
        if ((double)(to - from) < least)
            continue;
        double x = starts[from + (to - from) / 2].x;
        err = begins_column(g, x, &begins, e);
        if (err == ERR_OK && begins) {
            err = edges_add(&g->cols, x - ALIGNED_PT / 2, e);
            edges_snap(&g->cols, 0);
            layout_cut_runs(g->l, x - ALIGNED_PT / 2);
        }
    }
    return err;
}

enum err grid_find_starts(struct grid *g, struct error *e)
{
    size_t n = 0;
    enum err err = work_budget_spend(g->l->budget, g->l->n_items, SORT_STEPS, e);
    struct start *starts = calloc(g->l->n_items + 1, sizeof *starts);
    if (err == ERR_OK && starts == NULL)
        err = error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < g->l->n_lines; i++)
        for (size_t k = 0; k < g->l->lines[i].n; k++)
            starts[n++] = (struct start){g->l->lines[i].items[k].r.x0, i};
    if (err == ERR_OK) {
        qsort(starts, n, sizeof *starts, by_x);
        err = try_starts(g, starts, n, e);
    }
    free(starts);
    return err;
}
