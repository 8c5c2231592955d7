#include "extract/coverage.h"

#include <math.h>
#include <stdio.h>

#define LEAST 0.9 /* part of the words that must be in the table */

static bool overlap(struct box a, struct box b)
{
    return fmin(a.x + a.w, b.x + b.w) > fmax(a.x, b.x) &&
           fmin(a.y + a.h, b.y + b.h) > fmax(a.y, b.y);
}

static bool at_rejected_cell(const struct table *t, const struct word *w)
{
    for (size_t i = 0; i < t->n_cells; i++)
        if (t->cells[i].rejected && overlap(t->cells[i].box, w->box))
            return true;
    return false;
}

/* A line of one run may be a title; one of several is a row. */
static bool is_row(const struct line *line)
{
    return line->n_runs > 1;
}

bool coverage_complete(const struct layout *l, const bool *used, const struct table *t,
                       char why[COVERAGE_WHY_MAX])
{
    size_t lost = 0;
    for (size_t i = 0; i < l->n_lines; i++) {
        const struct line *line = &l->lines[i];
        size_t first = (size_t)(line->items - l->items), lost_here = 0;
        for (size_t k = 0; k < line->n; k++)
            lost_here += !used[first + k] && !at_rejected_cell(t, line->items[k].word);
        if (is_row(line) && lost_here == line->n) {
            (void)snprintf(why, COVERAGE_WHY_MAX, "a row is missing from it");
            return false;
        }
        lost += lost_here;
    }
    if ((double)(l->n_items - lost) >= LEAST * (double)l->n_items)
        return true;
    (void)snprintf(why, COVERAGE_WHY_MAX, "%zu of the %zu words that were read are missing from it",
                   lost, l->n_items);
    return false;
}
