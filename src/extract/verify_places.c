/* Whether the words of a cell stand in its row and column. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "extract/verify_parts.h"

#define NEAR_ROW   2.0   /* heights of a word that a cell may be above or below its row */
#define OFF_MIDDLE 0.125 /* part of what a cell spans that it may be off the middle of it */

/* A stretch down or across the page, in points. */
struct stretch {
    double from, to;
};

/* Rows, or columns: where the cells of each lie that most agree on. */
struct axis {
    bool down;
    int n;
    struct stretch *cores; /* owned; to < from: nothing is known */
};

static struct stretch stretch_of(const struct verifier *v, const struct proposed_cell *w, bool down)
{
    struct rect r = v->l->items[w->words[0]].r;
    for (size_t i = 1; i < w->n_words; i++)
        r = rect_union(r, v->l->items[w->words[i]].r);
    return down ? (struct stretch){r.y0, r.y1} : (struct stretch){r.x0, r.x1};
}

static int place_of(const struct axis *a, const struct proposed_cell *w)
{
    return a->down ? w->row : w->col;
}

/* Of two cells that disagree the first one stays: the heading, or the name. */
static double median(double *values, size_t n)
{
    if (n > 2)
        sort_doubles(values, n);
    return values[(n - 1) / 2];
}

/* froms and tos have room for every want. */
static struct stretch find_core(const struct verifier *v, const struct axis *a, int place,
                                double *froms, double *tos)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_cells; i++) {
        const struct proposed_cell *w = &v->cells[i];
        if (place_of(a, w) != place || w->n_words == 0)
            continue;
        struct stretch s = stretch_of(v, w, a->down);
        froms[n] = s.from;
        tos[n++] = s.to;
    }
    return n > 0 ? (struct stretch){median(froms, n), median(tos, n)} : (struct stretch){1, 0};
}

static bool known(struct stretch s)
{
    return s.from <= s.to;
}

/* Lines of a page come close to each other; columns do not, and their words differ in length. */
static bool lies_on(const struct axis *a, struct stretch s, struct stretch core)
{
    double common = fmin(s.to, core.to) - fmax(s.from, core.from);
    double least = fmin(s.to - s.from, core.to - core.from);
    return known(core) && common > (a->down ? least / 2 : 0);
}

/* Whether nothing but empty page is between s and the core of its place: a heading on the other
 * side of a wide column, a cell between two lines of its row. */
static bool lies_beside(const struct verifier *v, const struct axis *a, struct stretch s, int place)
{
    struct stretch core = a->cores[place];
    double at = (s.from + s.to) / 2, off = verify_outside(at, core.from, core.to);
    if (a->down && off > NEAR_ROW * v->l->height)
        return false;
    for (int i = 0; i < a->n; i++) {
        struct stretch o = a->cores[i];
        double nearest = fmax(fmin(at, o.to), o.from);
        if (i != place && known(o) && nearest >= fmin(at, core.from) &&
            nearest <= fmax(at, core.to))
            return false;
    }
    return true;
}

static bool same_line(const struct axis *a, const struct proposed_cell *x,
                      const struct proposed_cell *y)
{
    return a->down ? x->col == y->col : x->row == y->row;
}

/* The last place after w's up to which the proposal has nothing beside w. */
static int last_empty(const struct verifier *v, const struct axis *a, const struct proposed_cell *w)
{
    int last = a->n - 1;
    for (size_t i = 0; i < v->n_cells; i++) {
        const struct proposed_cell *o = &v->cells[i];
        if (o->n > 0 && same_line(a, o, w) && place_of(a, o) > place_of(a, w) &&
            place_of(a, o) <= last)
            last = place_of(a, o) - 1;
    }
    return last;
}

/* Whether s is in the middle of several places, of which the proposal fills the first. Three and
 * more are believed only where headings are: a cell in the middle of three is also where the
 * second of them has its own. */
static bool spans(const struct verifier *v, const struct axis *a, const struct proposed_cell *w,
                  struct stretch s)
{
    int first = place_of(a, w), last = last_empty(v, a, w);
    bool leads = (a->down ? w->col : w->row) == 0;
    struct stretch all = a->cores[first];
    for (int i = first + 1; i <= last && (leads || i == first + 1); i++) {
        if (!known(a->cores[i]))
            continue;
        all = (struct stretch){fmin(all.from, a->cores[i].from), fmax(all.to, a->cores[i].to)};
        if (fabs(s.from + s.to - all.from - all.to) / 2 <= OFF_MIDDLE * (all.to - all.from))
            return true;
    }
    return false;
}

/* A cell of several lines takes those beside its lines along: they are on its row. */
static bool beside_accepted(const struct verifier *v, const struct axis *a,
                            const struct proposed_cell *w, struct stretch s)
{
    for (size_t i = 0; a->down && i < v->n_cells; i++) {
        const struct proposed_cell *o = &v->cells[i];
        if (o == w || o->row != w->row || o->n_words == 0)
            continue;
        struct stretch other = stretch_of(v, o, true);
        if (lies_on(a, other, a->cores[w->row]) && lies_on(a, s, other))
            return true;
    }
    return false;
}

static bool in_place(const struct verifier *v, const struct axis *a, const struct proposed_cell *w)
{
    struct stretch s = stretch_of(v, w, a->down);
    int place = place_of(a, w);
    return lies_on(a, s, a->cores[place]) || beside_accepted(v, a, w, s) ||
           lies_beside(v, a, s, place) || spans(v, a, w, s);
}

static enum err find_cores(const struct verifier *v, struct axis *a, struct error *e)
{
    double *froms = calloc(v->n_cells + 1, sizeof *froms);
    double *tos = calloc(v->n_cells + 1, sizeof *tos);
    a->cores = calloc((size_t)a->n + 1, sizeof *a->cores);
    enum err err = froms != NULL && tos != NULL && a->cores != NULL ? ERR_OK : error_no_memory(e);
    for (int i = 0; err == ERR_OK && i < a->n; i++)
        a->cores[i] = find_core(v, a, i, froms, tos);
    free(froms);
    free(tos);
    return err;
}

/* The words of a cell must also be where its row and its column are: a model that moves a value
 * to another one invents, though the value was read. Rows and columns are known again by what
 * stays. */
enum err verify_places(struct verifier *v, struct error *e)
{
    struct axis axes[2] = {{.down = true, .n = v->n_rows}, {.down = false, .n = v->n_cols}};
    enum err err = find_cores(v, &axes[0], e);
    if (err == ERR_OK)
        err = find_cores(v, &axes[1], e);
    for (size_t i = 0; err == ERR_OK && i < v->n_cells; i++) {
        struct proposed_cell *w = &v->cells[i];
        w->rejected = w->rejected ||
                      (w->n_words > 0 && (!in_place(v, &axes[0], w) || !in_place(v, &axes[1], w)));
    }
    memset(v->rows, 0, (size_t)v->n_rows * sizeof *v->rows);
    memset(v->cols, 0, (size_t)v->n_cols * sizeof *v->cols);
    for (size_t i = 0; err == ERR_OK && i < v->n_cells; i++) {
        if (v->cells[i].rejected)
            verify_release(v, &v->cells[i]);
        verify_end_match(v, &v->cells[i]);
    }
    free(axes[0].cores);
    free(axes[1].cores);
    return err;
}
