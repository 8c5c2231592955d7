#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/grid_parts.h"

#define GAP_PT         1.0 /* least width of a gap between columns */
#define SPANNING_SHARE 0.1 /* lines that may cross a column gap: notes, totals */
#define BINS_PER_PT    2
#define VOUCHED        0.5 /* lines that must fill both sides of a border that has no rule, where
                              others have one */
#define WORD_GAP       0.72 /* between rules, as in layout.c; anything less is chance */
#define CENTRED        0.1 /* how far off the middle a centred heading may be, in widths */

/* White between columns: no piece of the lines that vote is here. */
struct strip {
    double from, to;
};

struct columns {
    struct grid *g;
    size_t least;    /* pieces that a line needs to vote */
    size_t head;     /* lines above the first with the usual number of pieces */
    size_t n;        /* bins over the content's width */
    unsigned *cover; /* of each bin: pieces there */
    struct strip *strips;
    size_t n_strips;
    struct edges ruled;
};

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

/* --- rules --- */

/* Vertical rules that run along at least half of the content. */
static enum err columns_from_rules(const struct grid *g, struct edges *out, struct error *e)
{
    enum err err = ERR_OK;
    struct edges candidates = {0};
    for (size_t i = 0; err == ERR_OK && i < g->n_rules; i++)
        if (g->rules[i].vertical)
            err = edges_add(&candidates, (g->rules[i].r.x0 + g->rules[i].r.x1) / 2, e);
    if (err == ERR_OK && candidates.n > 0)
        edges_snap(&candidates, SNAP_PT);
    for (size_t k = 0; err == ERR_OK && k < candidates.n; k++) {
        double x = candidates.at[k];
        if (grid_rule_cover(g, true, x - SNAP_PT, x + SNAP_PT, g->content.y0, g->content.y1) >= 0.5)
            err = edges_add(out, x, e);
    }
    free(candidates.at);
    return err;
}

/* The edges at the sides may have no rule: words beyond the outermost one make columns of their
 * own. */
static enum err close_edges(struct edges *s, double from, double to, struct error *e)
{
    enum err err = ERR_OK;
    if (s->n == 0 || from < s->at[0] - SNAP_PT)
        err = edges_add(s, from - 1, e);
    if (err == ERR_OK && (s->n == 0 || to > s->at[s->n - 1] + SNAP_PT))
        err = edges_add(s, to + 1, e);
    if (err == ERR_OK)
        edges_snap(s, SNAP_PT / 2);
    return err;
}

/* --- white strips --- */

static bool has_split_line(const struct layout *l)
{
    bool split = false;
    for (size_t i = 0; i < l->n_lines; i++)
        split = split || l->lines[i].n_pieces > 1;
    return split;
}

static int by_size(const void *a, const void *b)
{
    size_t p = *(const size_t *)a, q = *(const size_t *)b;
    return p < q ? -1 : p > q;
}

/* The head ends where a line has as many pieces as the fullest quarter of the lines have: what is
 * above it may span columns. */
static enum err find_head(struct columns *c, struct error *e)
{
    const struct layout *l = c->g->l;
    size_t voters = 0, *pieces = calloc(l->n_lines, sizeof *pieces);
    if (pieces == NULL)
        return no_memory(e);
    for (size_t i = 0; i < l->n_lines; i++)
        if (l->lines[i].n_pieces >= c->least)
            pieces[voters++] = l->lines[i].n_pieces;
    qsort(pieces, voters, sizeof *pieces, by_size);
    size_t usual = voters > 0 ? pieces[voters * 3 / 4] : 0;
    free(pieces);
    while (c->head < l->n_lines && l->lines[c->head].n_pieces < usual)
        c->head++;
    if (c->head * 2 > l->n_lines)
        c->head = 0;
    return ERR_OK;
}

static void cover_add(struct columns *c, unsigned *cover, struct rect r, unsigned by)
{
    double x0 = c->g->content.x0;
    size_t from = (size_t)(fmax(0, r.x0 - x0) * BINS_PER_PT);
    size_t to = (size_t)(fmax(0, r.x1 - x0) * BINS_PER_PT);
    for (size_t x = from; x <= to && x < c->n; x++)
        cover[x] += by;
}

static double bin_at(const struct columns *c, size_t x)
{
    return c->g->content.x0 + (double)x / BINS_PER_PT;
}

/* The runs of bins that at most `allowed` pieces cover, but for those at the sides. */
static void find_strips(struct columns *c, unsigned allowed)
{
    size_t start = 0;
    bool seen = false;
    c->n_strips = 0;
    for (size_t x = 0; x < c->n; x++) {
        if (c->cover[x] > allowed) {
            if (seen && start > 0 && (double)(x - start) / BINS_PER_PT >= GAP_PT)
                c->strips[c->n_strips++] = (struct strip){bin_at(c, start), bin_at(c, x)};
            seen = true;
            start = 0;
        } else if (seen && start == 0) {
            start = x;
        }
    }
}

static bool spans_strip(const struct columns *c, struct rect r)
{
    for (size_t i = 0; i < c->n_strips; i++)
        if (r.x0 < c->strips[i].from && r.x1 > c->strips[i].to)
            return true;
    return false;
}

/* Lines with one piece do not vote on where the strips are, since headings and notes run across
 * them; nor do those pieces of the head that span a strip which the lines below it share. */
static void vote(struct columns *c)
{
    const struct layout *l = c->g->l;
    unsigned voters = 0;
    for (size_t i = c->head; i < l->n_lines; i++) {
        if (l->lines[i].n_pieces < c->least)
            continue;
        voters++;
        for (size_t k = 0; k < l->lines[i].n_pieces; k++)
            cover_add(c, c->cover, l->lines[i].pieces[k].r, 1);
    }
    unsigned allowed = (unsigned)((double)voters * SPANNING_SHARE);
    find_strips(c, allowed);
    for (size_t i = 0; i < c->head; i++)
        for (size_t k = 0; l->lines[i].n_pieces >= c->least && k < l->lines[i].n_pieces; k++)
            if (!spans_strip(c, l->lines[i].pieces[k].r))
                cover_add(c, c->cover, l->lines[i].pieces[k].r, allowed + 1);
    find_strips(c, allowed);
}

/* Where a strip is cut: in the middle of the widest part that the fewest words cross, since a few
 * long cells may reach into it. words: of each bin, how many are there. */
static double cut_of(const struct columns *c, struct strip s, const unsigned *words)
{
    size_t from = (size_t)((s.from - c->g->content.x0) * BINS_PER_PT);
    size_t to = (size_t)((s.to - c->g->content.x0) * BINS_PER_PT), best = from, length = 0;
    unsigned least = words[from];
    for (size_t x = from; x < to; x++)
        least = words[x] < least ? words[x] : least;
    for (size_t x = from, run = 0; x < to; x++) {
        run = words[x] == least ? run + 1 : 0;
        if (run > length) {
            length = run;
            best = x + 1 - run;
        }
    }
    return bin_at(c, best) + (double)length / BINS_PER_PT / 2;
}

static enum err cut_strips(struct columns *c, struct error *e)
{
    const struct layout *l = c->g->l;
    struct edges *cols = &c->g->cols;
    unsigned *words = calloc(c->n, sizeof *words);
    if (words == NULL)
        return no_memory(e);
    for (size_t i = c->head; i < l->n_lines; i++)
        for (size_t k = 0; l->lines[i].n_pieces >= c->least && k < l->lines[i].n; k++)
            cover_add(c, words, l->lines[i].items[k].r, 1);
    enum err err = edges_add(cols, c->g->content.x0 - 1, e);
    for (size_t i = 0; err == ERR_OK && i < c->n_strips; i++)
        err = edges_add(cols, cut_of(c, c->strips[i], words), e);
    if (err == ERR_OK)
        err = edges_add(cols, c->g->content.x1 + 1, e);
    free(words);
    return err;
}

static enum err columns_from_strips(struct columns *c, struct error *e)
{
    const struct grid *g = c->g;
    c->n = (size_t)ceil(g->content.x1 - g->content.x0) * BINS_PER_PT + 2;
    c->cover = calloc(c->n, sizeof *c->cover);
    c->strips = calloc(c->n, sizeof *c->strips);
    if (c->cover == NULL || c->strips == NULL)
        return no_memory(e);
    /* Between rules, cells of several lines may leave no line with two pieces. */
    c->least = has_split_line(g->l) || g->n_rules < 2 ? 2 : 1;
    enum err err = find_head(c, e);
    if (err == ERR_OK) {
        vote(c);
        err = cut_strips(c, e);
    }
    return err;
}

/* --- columns that are none --- */

/* Where the pieces of two neighbouring columns stand. */
struct pair {
    size_t both, either;
    size_t first[2], last[2]; /* lines */
    struct rect r[2];
    size_t n[2];
};

static struct pair compare_columns(const struct grid *g, size_t a, size_t b)
{
    struct pair p = {0};
    for (size_t i = 0; i < g->l->n_lines; i++) {
        const struct line *line = &g->l->lines[i];
        bool filled[2] = {false, false};
        for (size_t k = 0; k < line->n_pieces; k++) {
            struct rect r = line->pieces[k].r;
            size_t col = edges_find(&g->cols, r.x0 + 1);
            if (col != edges_find(&g->cols, r.x1 - 1) || (col != a && col != b))
                continue;
            size_t side = col == b;
            filled[side] = true;
            p.r[side] = p.n[side] > 0 ? rect_union(p.r[side], r) : r;
            if (p.n[side]++ == 0)
                p.first[side] = i;
            p.last[side] = i;
        }
        p.both += filled[0] && filled[1];
        p.either += filled[0] || filled[1];
    }
    return p;
}

static void drop_edge(struct edges *s, size_t i)
{
    memmove(s->at + i, s->at + i + 1, (s->n - i - 1) * sizeof *s->at);
    s->n--;
}

/* A heading and its values that are set to different sides of one column look like two columns:
 * no line fills both, and all of one is above the other. */
static bool one_above_other(const struct pair *p)
{
    return p->n[0] > 0 && p->n[1] > 0 && p->both == 0 &&
           (p->last[0] < p->first[1] || p->last[1] < p->first[0]);
}

static bool is_ruled(const struct columns *c, size_t edge)
{
    for (size_t i = 0; i < c->ruled.n; i++)
        if (c->ruled.at[i] == c->g->cols.at[edge])
            return true;
    return false;
}

/* From the right, as the first column often has no heading at all. */
static void join_headings(struct columns *c)
{
    struct edges *cols = &c->g->cols;
    for (size_t i = cols->n - 2; i > 0; i--) {
        if (is_ruled(c, i))
            continue;
        struct pair p = compare_columns(c->g, i - 1, i);
        bool vouched = c->ruled.n < 3 || (p.both >= 2 && (double)p.both >= VOUCHED * (double)p.either);
        if (!vouched || one_above_other(&p))
            drop_edge(cols, i);
    }
}

/* A heading that is centred over two columns may be narrow enough to stand between them: no column
 * of its own. */
static void join_centred(struct columns *c)
{
    struct edges *cols = &c->g->cols;
    for (size_t i = 1; i + 2 < cols->n; i++) {
        struct pair left = compare_columns(c->g, i - 1, i), right = compare_columns(c->g, i, i + 1);
        struct pair sides = compare_columns(c->g, i - 1, i + 1);
        if (!one_above_other(&left) || !one_above_other(&right) || sides.both < 2 ||
            left.last[1] > left.first[0])
            continue;
        double middle = (right.r[0].x0 + right.r[0].x1) / 2;
        double x0 = left.r[0].x0, x1 = right.r[1].x1;
        if (fabs(middle - (x0 + x1) / 2) > CENTRED * (x1 - x0))
            continue;
        cols->at[i] = middle;
        drop_edge(cols, i + 1);
    }
}

/* Rules see empty columns, strips see columns that no rule parts. */
static enum err add_ruled(struct columns *c, struct error *e)
{
    struct edges *cols = &c->g->cols;
    struct edges own = *cols;
    enum err err = ERR_OK;
    *cols = (struct edges){0};
    for (size_t i = 0; err == ERR_OK && i < c->ruled.n; i++)
        err = edges_add(cols, c->ruled.at[i], e);
    for (size_t i = 1; err == ERR_OK && i + 1 < own.n; i++) {
        bool parted = false;
        bool narrow = c->strips[i - 1].to - c->strips[i - 1].from < WORD_GAP * c->g->l->height;
        for (size_t k = 0; k < c->ruled.n; k++)
            parted = parted || (c->ruled.at[k] > c->strips[i - 1].from - SNAP_PT &&
                                c->ruled.at[k] < c->strips[i - 1].to + SNAP_PT);
        if (!parted && !narrow)
            err = edges_add(cols, own.at[i], e);
    }
    free(own.at);
    if (err == ERR_OK)
        edges_snap(cols, 0);
    return err;
}

enum err grid_find_columns(struct grid *g, struct error *e)
{
    struct columns c = {.g = g};
    double height = g->l->height;
    enum err err = columns_from_rules(g, &c.ruled, e);
    if (err == ERR_OK && c.ruled.n >= 2)
        err = close_edges(&c.ruled, g->content.x0 + height, g->content.x1 - height, e);
    if (err == ERR_OK)
        err = columns_from_strips(&c, e);
    if (err == ERR_OK && c.ruled.n >= 3)
        err = add_ruled(&c, e);
    if (err == ERR_OK) {
        join_centred(&c);
        join_headings(&c);
    }
    free(c.cover);
    free(c.strips);
    free(c.ruled.at);
    return err;
}
