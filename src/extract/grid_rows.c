#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "base/text.h"
#include "extract/grid_parts.h"

#define HEAD_GAP   0.5 /* between the lines of a heading, in heights */
#define FIND_STEPS 10  /* to find the columns of two pieces */

struct rows {
    struct grid *g;
    unsigned long long *filled; /* of each line: the columns where its pieces start */
    bool *parted, *ruled;       /* of each line: rules part it from the one above in some column,
                                   in most of the width */
    bool *joined;               /* of each line: it goes on with cells of the line above */
    double leading, row_gap;    /* usual gaps between lines, between full ones */
    size_t head;                /* lines above the first with numbers */
    size_t full;                /* while going down: the last line that fills the columns */
    bool below_rule;            /* while going down: in the body, not the head of a ruled table */
    bool by_rules;              /* rules part the rows, not only the head and the total */
};

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

/* The usual gap between two lines, and between two that both fill the columns. */
static enum err measure_gaps(struct rows *r, struct error *e)
{
    size_t n_lines = r->g->l->n_lines, n = 0;
    double *gaps = calloc(n_lines, sizeof *gaps);
    if (gaps == NULL)
        return error_no_memory(e);
    for (size_t i = 1; i < n_lines; i++)
        if (is_full(r, r->filled[i]) && is_full(r, r->filled[i - 1]))
            gaps[n++] = gap_above(r, i);
    sort_doubles(gaps, n);
    r->row_gap = n >= 2 ? gaps[n / 2] : -INFINITY;
    for (size_t i = 1; i < n_lines; i++)
        gaps[i - 1] = gap_above(r, i);
    sort_doubles(gaps, n_lines - 1);
    r->leading = n_lines > 1 ? gaps[(n_lines - 1) / 2] : 0;
    free(gaps);
    return ERR_OK;
}

/* In some columns only, a cell may span the rows in the others. */
static enum err look_above(struct rows *r, size_t i, struct error *e)
{
    struct grid *g = r->g;
    double covered = 0;
    enum err err =
        grid_take_band(g, false, middle(&g->l->lines[i - 1]), middle(&g->l->lines[i]), e);
    if (err == ERR_OK)
        err = grid_band_cover(g, g->content.x0, g->content.x1, &covered, e);
    r->ruled[i] = covered >= RULE_COVER;
    for (size_t c = 0; err == ERR_OK && g->n_band > 0 && c + 1 < g->cols.n; c++) {
        err = grid_band_cover(g, g->cols.at[c], g->cols.at[c + 1], &covered, e);
        r->parted[i] = r->parted[i] || covered >= RULE_COVER;
    }
    return err;
}

/* Rules that part a quarter of the lines part the rows. Fewer may part the head and the total only,
 * unless what is between them mostly looks like one row: one line fills the columns, the others go
 * on with some cells. */
static bool rules_part_rows(const struct rows *r)
{
    size_t n = r->g->l->n_lines, ruled = 0, lines_in_rows = 0, start = 0, full = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i == n || r->ruled[i]) {
            lines_in_rows += full <= 1 ? i - start : 0;
            start = i;
            full = 0;
            ruled += i > 0 && i < n;
        }
        full += i < n && is_full(r, r->filled[i]);
    }
    return ruled >= 2 && (ruled * 4 >= n - 1 || lines_in_rows * 2 > n);
}

static bool has_number(const struct rows *r, const struct line *line)
{
    for (size_t i = 0; i < line->n; i++)
        if (edges_find(&r->g->cols, line->items[i].r.x0 + 1) > 0 &&
            text_has_digit(line->items[i].word->text))
            return true;
    return false;
}

/* The head ends with the first line of numbers, where most of the lines from there on have some. */
static size_t find_head(const struct rows *r)
{
    size_t n = r->g->l->n_lines, head = n, numbers = 0;
    for (size_t i = 0; i < n; i++)
        if (has_number(r, &r->g->l->lines[i])) {
            head = i < head ? i : head;
            numbers++;
        }
    return head * 2 <= n && numbers * 3 >= (n - head) * 2 ? head : 0;
}

static enum err look_at_lines(struct rows *r, struct error *e)
{
    struct grid *g = r->g;
    const struct layout *l = g->l;
    r->filled = calloc(l->n_lines, sizeof *r->filled);
    r->parted = calloc(l->n_lines, sizeof *r->parted);
    r->ruled = calloc(l->n_lines, sizeof *r->ruled);
    r->joined = calloc(l->n_lines, sizeof *r->joined);
    if (r->filled == NULL || r->parted == NULL || r->ruled == NULL || r->joined == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < l->n_lines; i++) {
        r->filled[i] = columns_of_line(g, &l->lines[i]);
        enum err err = i > 0 ? look_above(r, i, e) : ERR_OK;
        if (err != ERR_OK)
            return err;
    }
    r->by_rules = rules_part_rows(r);
    r->head = find_head(r);
    enum err err = grid_find_wraps(g, r->joined, e);
    return err == ERR_OK ? measure_gaps(r, e) : err;
}

/* Whether the text of the first column breaks off above line i, or starts there in the middle of a
 * sentence. */
static bool label_goes_on(const struct rows *r, size_t i)
{
    const struct line *above = &r->g->l->lines[i - 1];
    const struct piece *label = &above->pieces[0];
    const char *end = label->items[label->n - 1].word->text;
    char last = end[0] != '\0' ? end[strlen(end) - 1] : '\0';
    char first = r->g->l->lines[i].items[0].word->text[0];
    return (r->filled[i - 1] & 1) != 0 &&
           (islower((unsigned char)first) || (last != '\0' && strchr(",-/&", last) != NULL));
}

static size_t only_column_of(const struct grid *g, const struct piece *p)
{
    size_t col = edges_find(&g->cols, p->r.x0 + 1);
    return col == edges_find(&g->cols, p->r.x1 - 1) ? col : g->cols.n;
}

static bool is_aligned(struct rect a, struct rect b, double tolerance)
{
    return fabs(a.x0 - b.x0) < tolerance || fabs(a.x1 - b.x1) < tolerance ||
           fabs(a.x0 + a.x1 - b.x0 - b.x1) < 2 * tolerance;
}

/* Whether none of the headings in a line spans columns or starts off the one above it in its
 * column. *common counts those that have one above. */
static bool stands_under(const struct grid *g, const struct piece *heading, const struct line *line,
                         size_t *common)
{
    size_t p = only_column_of(g, heading);
    for (size_t b = 0; b < line->n_pieces; b++) {
        size_t q = only_column_of(g, &line->pieces[b]);
        if (p == g->cols.n || q == g->cols.n)
            return false;
        if (p != q)
            continue;
        if (!is_aligned(heading->r, line->pieces[b].r, g->l->height / 3))
            return false;
        ++*common;
    }
    return true;
}

/* Whether a line of the head goes on with the headings of the line above it: none of them spans
 * columns, and those in one column are set to one side or middle. */
static enum err heading_goes_on(const struct rows *r, size_t i, bool *goes_on, struct error *e)
{
    const struct grid *g = r->g;
    const struct line *above = &g->l->lines[i - 1], *line = &g->l->lines[i];
    size_t common = 0;
    bool under = i < r->head && gap_above(r, i) <= HEAD_GAP * g->l->height;
    enum err err = ERR_OK;
    for (size_t a = 0; err == ERR_OK && under && a < above->n_pieces; a++) {
        err = pace_take(g->l->pace, line->n_pieces, FIND_STEPS, e);
        under = stands_under(g, &above->pieces[a], line, &common);
    }
    *goes_on = under && common > 0;
    return err;
}

/* Whether a line only goes on with the cells of the row above it. */
static bool continues(const struct rows *r, size_t i, unsigned long long row)
{
    unsigned long long own = r->filled[i];
    double gap = gap_above(r, i), height = r->g->l->height;
    /* Set closer than rows are. */
    if (gap < r->row_gap - 0.3 * height && !(is_full(r, own) && is_full(r, row)))
        return true;
    if (gap > r->leading + 0.35 * height)
        return false;
    if (own == 1)
        return label_goes_on(r, i);
    return (own & 1) == 0 && (own & ~row) == 0 && !is_full(r, own);
}

/* Whether a line is a row of its own though no rule parts it from the full one above: it fills the
 * columns as that one does, with a label or with numbers, and is not set as close as the lines of
 * one cell. */
static bool stands_alone(const struct rows *r, size_t i, unsigned long long row)
{
    const struct line *own = &r->g->l->lines[i], *full = &r->g->l->lines[r->full];
    double gap = own->r.y0 - full->r.y1, height = r->g->l->height;
    bool labels = (r->filled[i] & row & 1) != 0;
    bool values = r->below_rule && has_number(r, own) && has_number(r, full);
    return (labels || values) && is_full(r, r->filled[i]) && is_full(r, row) &&
           gap > 0.2 * height && gap > r->leading - 0.2 * height;
}

/* Whether a line that no rule parts from the one above starts a row all the same. */
static enum err starts_row(const struct rows *r, size_t i, unsigned long long row, bool *starts,
                           struct error *e)
{
    bool heading;
    enum err err = heading_goes_on(r, i, &heading, e);
    *starts = !heading && (r->by_rules ? stands_alone(r, i, row) : !continues(r, i, row));
    return err;
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
        bool starts = i > 0 && (r->by_rules ? r->parted[i] : r->ruled[i]);
        r->below_rule = r->below_rule || starts;
        if (i > 0 && !starts && !r->joined[i])
            err = starts_row(r, i, row, &starts, e);
        if (err == ERR_OK && starts) {
            double y;
            err = grid_longest_rule(g, middle(&l->lines[i - 1]), middle(&l->lines[i]), &y, e);
            if (err == ERR_OK)
                err = edges_add(&g->rows, y, e);
            row = 0;
        }
        row |= r->filled[i];
        r->full = is_full(r, r->filled[i]) ? i : r->full;
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
    free(r.ruled);
    free(r.joined);
    return err;
}
