/* Which words of the page spell the cells of a proposal. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "extract/verify_parts.h"

#define UPWARDS  4.0 /* going back against the reading order costs so many times more */
#define ACROSS   0.2 /* a point aside costs less than a point up or down */
#define SLIGHTLY 0.02
#define OFF_ROW  10000.0 /* more than any way on a page */

struct box verify_box_union(struct box a, struct box b)
{
    double x = fmin(a.x, b.x), y = fmin(a.y, b.y);
    return (struct box){x, y, fmax(a.x + a.w, b.x + b.w) - x, fmax(a.y + a.h, b.y + b.h) - y};
}

/* Whether a word may stand for letters from..to: for a part of a token, or for whole ones. */
static bool respects_tokens(const struct proposed_cell *w, size_t from, size_t to)
{
    size_t i = from + 1;
    while (i < to && !w->ends[i])
        i++;
    return i >= to || ((from == 0 || w->ends[from]) && w->ends[to]);
}

/* How many unused words from `first` on, in one run, spell w from letter `from` up to the end of
 * a token, or of the whole text. 0: they do not. *to is the letter after. */
static size_t spell(const struct verifier *v, size_t first, const struct proposed_cell *w,
                    size_t from, bool whole, size_t *to)
{
    size_t at = from;
    for (size_t i = first; i < v->run_end[first]; i++) {
        if (v->used[i] || v->len[i] == 0 || v->len[i] > w->n - at ||
            memcmp(v->l->items[i].word->text, w->letters + at, v->len[i]) != 0 ||
            !respects_tokens(w, at, at + v->len[i]))
            return 0;
        at += v->len[i];
        if (whole ? at == w->n : w->ends[at]) {
            *to = at;
            return i - first + 1;
        }
    }
    return 0;
}

static double middle(struct rect r)
{
    return (r.y0 + r.y1) / 2;
}

/* The last row above with known words; NULL when there is none. */
static const struct band *row_above(const struct verifier *v, int row)
{
    for (int i = row - 1; i >= 0; i--)
        if (v->rows[i].known)
            return &v->rows[i];
    return NULL;
}

double verify_outside(double at, double from, double to)
{
    return fmax(0, fmax(from - at, at - to));
}

/* What a new cell's place costs down the page: on its row nothing; of a row that is not known yet,
 * the way from the row above it, or from the top. */
static double cost_down(const struct verifier *v, const struct band *row, const struct band *above,
                        struct rect r)
{
    if (row->known) {
        double off = verify_outside(middle(r), row->r.y0, row->r.y1);
        return off <= v->l->height / 2 ? off : off + OFF_ROW;
    }
    double down = r.y0 - (above != NULL ? above->r.y1 : v->l->lines[0].r.y0);
    return down < 0 ? -UPWARDS * down : down;
}

static double cost_across(const struct band *col, struct rect r)
{
    double x = (r.x0 + r.x1) / 2;
    if (!col->known)
        return SLIGHTLY * x;
    return ACROSS * verify_outside(x, col->r.x0, col->r.x1) +
           SLIGHTLY * fabs(x - (col->r.x0 + col->r.x1) / 2);
}

/* How far r is from where the next word of w is expected, in points. above is the last known row
 * above w's, or NULL. */
static double distance(const struct verifier *v, const struct proposed_cell *w,
                       const struct band *above, struct rect r)
{
    if (w->n_words == 0)
        return cost_down(v, &v->rows[w->row], above, r) + cost_across(&v->cols[w->col], r);
    struct rect last = v->l->items[w->words[w->n_words - 1]].r;
    double down = middle(r) - middle(last);
    return (down < 0 ? -UPWARDS * down : down) + ACROSS * fabs(r.x0 - last.x1);
}

struct choice {
    size_t first, n, to;
    double cost;
    size_t candidates;
};

/* The nearest words that spell w from letter `from` on. */
static struct choice choose(const struct verifier *v, const struct proposed_cell *w, size_t from,
                            bool whole)
{
    struct choice best = {0, 0, 0, DBL_MAX, 0};
    const struct band *above = row_above(v, w->row);
    for (size_t i = 0; i < v->l->n_items; i++) {
        size_t to = 0, n = spell(v, i, w, from, whole, &to);
        if (n == 0)
            continue;
        double cost = distance(v, w, above, v->l->items[i].r);
        best.candidates++;
        if (best.n == 0 || cost < best.cost)
            best = (struct choice){i, n, to, cost, best.candidates};
    }
    return best;
}

static void use(struct verifier *v, struct proposed_cell *w, const struct choice *c)
{
    for (size_t i = c->first; i < c->first + c->n; i++) {
        v->used[i] = true;
        w->words[w->n_words++] = i;
    }
}

void verify_release(struct verifier *v, struct proposed_cell *w)
{
    for (size_t i = 0; i < w->n_words; i++)
        v->used[w->words[i]] = false;
    w->n_words = 0;
}

static void widen(struct band *b, const struct item *item)
{
    b->r = b->known ? rect_union(b->r, item->r) : item->r;
    b->box = b->known ? verify_box_union(b->box, item->word->box) : item->word->box;
    b->known = true;
}

void verify_end_match(struct verifier *v, struct proposed_cell *w)
{
    w->done = true;
    for (size_t i = 0; i < w->n_words; i++) {
        widen(&v->rows[w->row], &v->l->items[w->words[i]]);
        widen(&v->cols[w->col], &v->l->items[w->words[i]]);
    }
}

/* Whether the text stands once in the proposal. */
static bool stands_once(const struct verifier *v, const struct proposed_cell *w)
{
    for (size_t i = 0; i < v->n_cells; i++) {
        const struct proposed_cell *o = &v->cells[i];
        if (o != w && o->n == w->n && memcmp(o->letters, w->letters, w->n) == 0)
            return false;
    }
    return true;
}

/* Cells that can be only in one place: they tell where the rows and columns are. */
static void match_unique(struct verifier *v)
{
    for (size_t i = 0; i < v->n_cells; i++) {
        struct proposed_cell *w = &v->cells[i];
        if (w->done)
            continue;
        struct choice c = choose(v, w, 0, true);
        if (c.candidates != 1 || !stands_once(v, w))
            continue;
        use(v, w, &c);
        verify_end_match(v, w);
    }
}

/* Token by token: the lines of a cell, or words set far apart. */
static bool spell_tokens(struct verifier *v, struct proposed_cell *w)
{
    for (size_t from = 0; from < w->n;) {
        struct choice c = choose(v, w, from, false);
        if (c.n == 0) {
            verify_release(v, w);
            return false;
        }
        use(v, w, &c);
        from = c.to;
    }
    return true;
}

/* Cells of rows that are known, from words on the row; so that a value that was invented does not
 * get the word of another row. */
static void match_near(struct verifier *v)
{
    for (size_t i = 0; i < v->n_cells; i++) {
        struct proposed_cell *w = &v->cells[i];
        if (w->done || !v->rows[w->row].known)
            continue;
        struct choice c = choose(v, w, 0, true);
        if (c.n == 0 || c.cost >= OFF_ROW)
            continue;
        use(v, w, &c);
        verify_end_match(v, w);
    }
}

static void match_rest(struct verifier *v)
{
    for (size_t i = 0; i < v->n_cells; i++) {
        struct proposed_cell *w = &v->cells[i];
        if (w->done)
            continue;
        struct choice c = choose(v, w, 0, true);
        if (c.n > 0)
            use(v, w, &c);
        w->rejected = c.n == 0 && !spell_tokens(v, w);
        verify_end_match(v, w);
    }
}

void verify_match(struct verifier *v)
{
    match_unique(v);
    match_near(v);
    match_rest(v);
}
