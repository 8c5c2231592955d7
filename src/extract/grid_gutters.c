#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "extract/grid_parts.h"

#define GAP_PT         1.0 /* least width of a gap between columns */
#define SPANNING_SHARE 0.1 /* lines that may cross a column gap: notes, totals */
#define BINS_PER_PT    2
#define BESIDE         0.12 /* in heights */
#define BETWEEN        1.5  /* pitches from the row above a label to the one below it, at most */

struct finder {
    const struct grid *g;
    size_t least;     /* runs that a line needs to vote */
    double pitch;     /* usual distance of two lines with so many that follow each other */
    size_t head;      /* lines above the first with the usual number of runs */
    unsigned allowed; /* runs or words that may cross a gutter */
    size_t n;         /* bins over the content's width */
    unsigned *runs;   /* of each bin: how many are there, of lines that vote */
    unsigned *words;  /* and of all lines: labels with a line to themselves do not vote */
};

static bool has_split_line(const struct layout *l)
{
    bool split = false;
    for (size_t i = 0; i < l->n_lines; i++)
        split = split || l->lines[i].n_runs > 1;
    return split;
}

/* Whether two lines stand half beside each other, as a label of two lines and its values do. */
static bool are_beside(const struct layout *l, size_t i, size_t k)
{
    return fmin(l->lines[i].r.y1, l->lines[k].r.y1) - fmax(l->lines[i].r.y0, l->lines[k].r.y0) >
           BESIDE * l->height;
}

static double middle(const struct line *line)
{
    return (line->r.y0 + line->r.y1) / 2;
}

static enum err find_pitch(struct finder *f, struct error *e)
{
    const struct layout *l = f->g->l;
    size_t n = 0;
    double *pitches = calloc(l->n_lines, sizeof *pitches);
    if (pitches == NULL)
        return error_no_memory(e);
    for (size_t i = 1; i < l->n_lines; i++)
        if (l->lines[i - 1].n_runs >= f->least && l->lines[i].n_runs >= f->least)
            pitches[n++] = middle(&l->lines[i]) - middle(&l->lines[i - 1]);
    sort_doubles(pitches, n);
    f->pitch = n > 0 ? pitches[n / 2] : 0;
    free(pitches);
    return ERR_OK;
}

/* Whether a line stands between two rows that are no farther apart than others: a label of both. */
static bool is_between(const struct finder *f, size_t i)
{
    const struct line *line = f->g->l->lines + i;
    return i > 0 && i + 1 < f->g->l->n_lines && line[-1].n_runs >= f->least &&
           line[1].n_runs >= f->least && middle(line + 1) - middle(line - 1) < BETWEEN * f->pitch;
}

static bool votes(const struct finder *f, size_t i)
{
    const struct layout *l = f->g->l;
    return l->lines[i].n_runs >= f->least || is_between(f, i) ||
           (i > 0 && l->lines[i - 1].n_runs >= f->least && are_beside(l, i - 1, i)) ||
           (i + 1 < l->n_lines && l->lines[i + 1].n_runs >= f->least && are_beside(l, i, i + 1));
}

static int by_size(const void *a, const void *b)
{
    size_t p = *(const size_t *)a, q = *(const size_t *)b;
    return p < q ? -1 : p > q;
}

/* The lines above the first with so many runs; 0 when that would be most of them. */
static size_t lines_above(const struct layout *l, size_t runs)
{
    size_t n = 0;
    while (n < l->n_lines && l->lines[n].n_runs < runs)
        n++;
    return n * 2 <= l->n_lines ? n : 0;
}

/* The head ends where a line has as many runs as the fullest quarter of the lines have, or where
 * cells are empty in the first rows, three quarters as many: what is above it may span columns. */
static enum err find_head(struct finder *f, struct error *e)
{
    const struct layout *l = f->g->l;
    size_t voters = 0, *runs = calloc(l->n_lines, sizeof *runs);
    if (runs == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < l->n_lines; i++)
        if (votes(f, i))
            runs[voters++] = l->lines[i].n_runs;
    qsort(runs, voters, sizeof *runs, by_size);
    size_t usual = voters > 0 ? runs[voters * 3 / 4] : 0;
    free(runs);
    f->head = lines_above(l, usual);
    if (f->head == 0)
        f->head = lines_above(l, usual * 3 / 4);
    return ERR_OK;
}

static enum err cover(const struct finder *f, unsigned *bins, struct rect r, unsigned by,
                      struct error *e)
{
    double x0 = f->g->content.x0;
    size_t from = (size_t)(fmax(0, r.x0 - x0) * BINS_PER_PT);
    size_t to = (size_t)(fmax(0, r.x1 - x0) * BINS_PER_PT);
    enum err err = work_budget_spend(f->g->l->budget, from <= to ? to - from + 1 : 0, 1, e);
    for (size_t x = from; err == ERR_OK && x <= to && x < f->n; x++)
        bins[x] += by;
    return err;
}

static enum err cover_body(struct finder *f, struct error *e)
{
    const struct layout *l = f->g->l;
    unsigned voters = 0;
    enum err err = ERR_OK;
    for (size_t i = f->head; err == ERR_OK && i < l->n_lines; i++) {
        const struct line *line = &l->lines[i];
        if (!votes(f, i))
            continue;
        voters++;
        for (size_t k = 0; err == ERR_OK && k < line->n_runs; k++)
            err = cover(f, f->runs, line->runs[k].r, 1, e);
        for (size_t k = 0; err == ERR_OK && k < line->n; k++)
            err = cover(f, f->words, line->items[k].r, 1, e);
    }
    f->allowed = (unsigned)((double)voters * SPANNING_SHARE);
    return err;
}

static double bin_at(const struct finder *f, size_t x)
{
    return f->g->content.x0 + (double)x / BINS_PER_PT;
}

/* The runs of bins that hardly anything covers, but for those at the sides. out has room. */
static void find_white(const struct finder *f, const unsigned *bins, struct gutters *out)
{
    size_t start = 0;
    bool reading = false;
    out->n = 0;
    for (size_t x = 0; x < f->n; x++) {
        if (bins[x] > f->allowed) {
            if (reading && start > 0 && (double)(x - start) / BINS_PER_PT >= GAP_PT)
                out->at[out->n++] = (struct gutter){bin_at(f, start), bin_at(f, x), 0};
            reading = true;
            start = 0;
        } else if (reading && start == 0) {
            start = x;
        }
    }
}

static bool crosses_gutter(const struct gutters *s, struct rect r)
{
    for (size_t i = 0; i < s->n; i++)
        if (r.x0 < s->at[i].from && r.x1 > s->at[i].to)
            return true;
    return false;
}

/* The words of labels with a line to themselves count, but not those of titles that run across. */
static enum err cover_labels(struct finder *f, const struct gutters *body, struct error *e)
{
    const struct layout *l = f->g->l;
    enum err err = ERR_OK;
    for (size_t i = f->head; err == ERR_OK && i < l->n_lines; i++) {
        const struct line *line = &l->lines[i];
        for (size_t k = 0; err == ERR_OK && !votes(f, i) && k < line->n_runs; k++) {
            err = work_budget_spend(l->budget, body->n, 1, e);
            if (err == ERR_OK && !crosses_gutter(body, line->runs[k].r))
                for (size_t w = 0; err == ERR_OK && w < line->runs[k].n; w++)
                    err = cover(f, f->words, line->runs[k].items[w].r, 1, e);
        }
    }
    return err;
}

/* Whether it would leave too little of a gutter. */
static bool spans_gutter(const struct gutters *s, struct rect r)
{
    for (size_t i = 0; i < s->n; i++)
        if (fmax(r.x0 - s->at[i].from, s->at[i].to - r.x1) < GAP_PT)
            return true;
    return false;
}

/* The runs of the head count but for those that span a gutter which the lines below share. */
static enum err cover_head(struct finder *f, const struct gutters *body, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < f->head; i++) {
        const struct line *line = &f->g->l->lines[i];
        for (size_t k = 0; err == ERR_OK && votes(f, i) && k < line->n_runs; k++) {
            err = work_budget_spend(f->g->l->budget, body->n, 1, e);
            if (err == ERR_OK && !spans_gutter(body, line->runs[k].r))
                err = cover(f, f->runs, line->runs[k].r, f->allowed + 1, e);
        }
    }
    return err;
}

/* Where a gutter is cut: in the middle of the widest part that the fewest words cross, since a few
 * long cells may reach into it. */
static double cut_of(const struct finder *f, struct gutter s)
{
    size_t from = (size_t)((s.from - f->g->content.x0) * BINS_PER_PT);
    size_t to = (size_t)((s.to - f->g->content.x0) * BINS_PER_PT), best = from, length = 0;
    unsigned least = f->words[from];
    for (size_t x = from; x < to; x++)
        least = f->words[x] < least ? f->words[x] : least;
    for (size_t x = from, run = 0; x < to; x++) {
        run = f->words[x] == least ? run + 1 : 0;
        if (run > length) {
            length = run;
            best = x + 1 - run;
        }
    }
    return bin_at(f, best) + (double)length / BINS_PER_PT / 2;
}

static enum err find(struct finder *f, struct gutters *out, struct error *e)
{
    enum err err = find_pitch(f, e);
    if (err == ERR_OK)
        err = find_head(f, e);
    if (err != ERR_OK)
        return err;
    if ((err = cover_body(f, e)) != ERR_OK)
        return err;
    find_white(f, f->runs, out);
    if ((err = cover_head(f, out, e)) != ERR_OK)
        return err;
    find_white(f, f->runs, out);
    if ((err = cover_labels(f, out, e)) != ERR_OK)
        return err;
    for (size_t i = 0; i < out->n; i++)
        out->at[i].cut = cut_of(f, out->at[i]);
    return ERR_OK;
}

enum err grid_find_gutters(const struct grid *g, struct gutters *out, struct error *e)
{
    struct finder f = {.g = g};
    f.n = (size_t)ceil(g->content.x1 - g->content.x0) * BINS_PER_PT + 2;
    f.runs = calloc(f.n, sizeof *f.runs);
    f.words = calloc(f.n, sizeof *f.words);
    *out = (struct gutters){calloc(f.n, sizeof *out->at), 0};
    /* Lines with one run do not vote, since headings and notes run across the gutters; but between
     * rules, cells of several lines may leave no line with two runs. */
    f.least = has_split_line(g->l) || g->n_rules < 2 ? 2 : 1;
    enum err err = f.runs != NULL && f.words != NULL && out->at != NULL ? find(&f, out, e)
                                                                        : error_no_memory(e);
    free(f.runs);
    free(f.words);
    return err;
}
