/* Cells of several lines, where no rule tells: lines of one cell are set closer than rows, and each
 * breaks off where the next word would not have fitted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/grid_parts.h"

#define JUMP        0.12 /* how much farther apart rows are than the lines of a cell, in heights */
#define BREAK_SHARE 0.85 /* of the close runs that must break off because the cell was full */
#define LINKS_LEAST 2
#define NEARER      0.75
#define LINES_MOST  8   /* of a cell, in the mean */
#define LINKS_SHARE 0.1 /* of all, at least: a few lines may be higher than the rest */
#define SPACE       0.2 /* a word space, in heights, at least */

/* A run and the one above it in its column. */
struct link {
    size_t col, from, to; /* lines */
    double gap;
    bool breaks; /* the first word of the lower one would not have fitted */
    bool text;   /* the upper one has several words: a word alone says little about what fits */
};

struct wraps {
    const struct grid *g;
    size_t n_cols;
    struct link *links;
    size_t n;
    double *width;                 /* of each column: its widest run */
    const struct text_run **above; /* of each column, while going down */
    size_t *above_line;
};

static int by_gap(const void *a, const void *b)
{
    const struct link *p = a, *q = b;
    return p->gap < q->gap ? -1 : p->gap > q->gap;
}

static double width_of(struct rect r)
{
    return r.x1 - r.x0;
}

/* The space between the words of a run; a typewriter's is wide. */
static double space_in(const struct text_run *p, double least)
{
    double space = width_of(p->r);
    for (size_t i = 0; i < p->n; i++)
        space -= width_of(p->items[i].r);
    return p->n > 1 ? fmax(least, space / (double)(p->n - 1)) : least;
}

/* The column of a run; n_cols when it runs over several. */
static size_t column_of(const struct wraps *w, const struct text_run *p)
{
    size_t col = edges_find(&w->g->cols, p->r.x0 + 1);
    return col == edges_find(&w->g->cols, p->r.x1 - 1) ? col : w->n_cols;
}

static void measure_widths(struct wraps *w)
{
    for (size_t i = 0; i < w->g->l->n_lines; i++)
        for (size_t k = 0; k < w->g->l->lines[i].n_runs; k++) {
            const struct text_run *p = &w->g->l->lines[i].runs[k];
            size_t col = column_of(w, p);
            if (col < w->n_cols)
                w->width[col] = fmax(w->width[col], width_of(p->r));
        }
}

static void link_runs(struct wraps *w)
{
    double space = SPACE * w->g->l->height;
    for (size_t i = 0; i < w->g->l->n_lines; i++)
        for (size_t k = 0; k < w->g->l->lines[i].n_runs; k++) {
            const struct text_run *p = &w->g->l->lines[i].runs[k];
            size_t col = column_of(w, p);
            if (col == w->n_cols)
                continue;
            const struct text_run *a = w->above[col];
            if (a != NULL && w->above_line[col] < i)
                w->links[w->n++] = (struct link){
                    col,
                    w->above_line[col],
                    i,
                    p->r.y0 - a->r.y1,
                    width_of(a->r) + space_in(a, space) + width_of(p->items[0].r) > w->width[col],
                    a->n > 1};
            w->above[col] = p;
            w->above_line[col] = i;
        }
}

/* How many links, of those sorted by gap, join lines of one cell: those before the first jump that
 * is not near the beginning, if they nearly all break off. */
static size_t count_close(const struct wraps *w)
{
    size_t breaks = 0, text = 0;
    double jump = JUMP * w->g->l->height;
    for (size_t k = 0; k + 1 < w->n; k++) {
        breaks += w->links[k].breaks;
        text += w->links[k].text;
        if (w->links[k + 1].gap - w->links[k].gap < jump ||
            (double)(k + 1) < LINKS_SHARE * (double)w->n)
            continue;
        bool wrapped = (double)breaks >= BREAK_SHARE * (double)(k + 1);
        return k + 1 >= LINKS_LEAST && wrapped && text * 2 > k ? k + 1 : 0;
    }
    return 0;
}

static double middle(const struct line *line)
{
    return (line->r.y0 + line->r.y1) / 2;
}

/* Whether the lines above and below a line are much nearer to it than those of one cell are to each
 * other: it stands between two rows. */
static bool is_between(const struct wraps *w, size_t i, double pitch)
{
    const struct line *line = w->g->l->lines + i;
    return i > 0 && i + 1 < w->g->l->n_lines && middle(line) - middle(line - 1) < NEARER * pitch &&
           middle(line + 1) - middle(line) < NEARER * pitch;
}

/* Whether a link is of a cell that spans the rows of others: one of its lines stands between two
 * rows, or other columns have two cells where it runs. */
static bool spans_rows(const struct wraps *w, size_t close, const struct link *link)
{
    double pitch = middle(&w->g->l->lines[link->to]) - middle(&w->g->l->lines[link->from]);
    if (is_between(w, link->from, pitch) || is_between(w, link->to, pitch))
        return true;
    for (size_t k = close; k < w->n; k++)
        if (w->links[k].from >= link->from && w->links[k].to <= link->to)
            return true;
    return false;
}

/* Whether some lines that follow each other are set farther apart than those of a cell, enough of
 * them to be rows. Where all are set alike, wider links only skip empty cells. */
static bool rows_are_apart(const struct wraps *w, size_t close)
{
    const struct layout *l = w->g->l;
    double least = w->links[close - 1].gap + JUMP * l->height;
    size_t apart = 0;
    for (size_t i = 1; i < l->n_lines; i++)
        apart += l->lines[i].r.y0 - l->lines[i - 1].r.y1 >= least;
    return l->n_lines - 1 <= LINES_MOST * apart;
}

static enum err mark(struct wraps *w, bool *joined, struct error *e)
{
    qsort(w->links, w->n, sizeof *w->links, by_gap);
    size_t close = count_close(w);
    if (close > 0 && !rows_are_apart(w, close))
        close = 0;
    enum err err = work_budget_spend(w->g->l->budget, close, w->n, e);
    for (size_t i = 0; err == ERR_OK && i < close; i++)
        if (!spans_rows(w, close, &w->links[i]))
            for (size_t k = w->links[i].from + 1; k <= w->links[i].to; k++)
                joined[k] = true;
    return err;
}

enum err grid_find_wraps(const struct grid *g, bool *joined, struct error *e)
{
    struct wraps w = {.g = g, .n_cols = g->cols.n - 1};
    w.links = calloc(g->l->n_items + 1, sizeof *w.links);
    w.width = calloc(w.n_cols, sizeof *w.width);
    w.above = calloc(w.n_cols, sizeof(const struct text_run *));
    w.above_line = calloc(w.n_cols, sizeof *w.above_line);
    enum err err = ERR_OK;
    if (w.links == NULL || w.width == NULL || w.above == NULL || w.above_line == NULL)
        err = error_no_memory(e);
    if (err == ERR_OK)
        err = work_budget_spend(g->l->budget, g->l->n_items, 2 * SORT_STEPS, e);
    if (err == ERR_OK) {
        measure_widths(&w);
        link_runs(&w);
        err = mark(&w, joined, e);
    }
    free(w.links);
    free(w.width);
    free(w.above);
    free(w.above_line);
    return err;
}
