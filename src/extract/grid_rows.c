#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "base/text.h"
#include "extract/grid_parts.h"

#define HEAD_GAP    0.5 /* between the lines of a heading, in heights */
#define FIND_STEPS  10  /* to find the columns of two runs */
#define SAME_HEIGHT 0.2 /* of the height: one line */
#define LINE_LEAST  0.8 /* from one line of a head to the next, in heights */
#define LINE_MOST   2.5

struct rows {
    struct grid *g;
    unsigned long long *filled; /* of each line: the columns where its runs start */
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
    for (size_t k = 0; k < line->n_runs; k++) {
        size_t c = edges_find(&g->cols, line->runs[k].r.x0 + 1);
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

/* Whether a line has a number or what stands for one, right of the first column. */
static bool has_value(const struct rows *r, const struct line *line)
{
    static const char *const none[] = {"-", "–", "—", "..", "...", "n/a", "N/A", "n.a.", "NA"};
    bool found = has_number(r, line);
    for (size_t i = 0; !found && i < line->n; i++)
        for (size_t k = 0; !found && k < sizeof none / sizeof *none; k++)
            found = edges_find(&r->g->cols, line->items[i].r.x0 + 1) > 0 &&
                    strcmp(line->items[i].word->text, none[k]) == 0;
    return found;
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
static bool label_continues(const struct rows *r, size_t i)
{
    const struct line *above = &r->g->l->lines[i - 1];
    const struct text_run *label = &above->runs[0];
    const char *end = label->items[label->n - 1].word->text;
    char last = end[0] != '\0' ? end[strlen(end) - 1] : '\0';
    char first = r->g->l->lines[i].items[0].word->text[0];
    return (r->filled[i - 1] & 1) != 0 &&
           (islower((unsigned char)first) || (last != '\0' && strchr(",-/&", last) != NULL));
}

static size_t only_column_of(const struct grid *g, const struct text_run *p)
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
static bool stands_under(const struct grid *g, const struct text_run *heading,
                         const struct line *line, size_t *common)
{
    size_t p = only_column_of(g, heading);
    for (size_t b = 0; b < line->n_runs; b++) {
        size_t q = only_column_of(g, &line->runs[b]);
        if (p == g->cols.n || q == g->cols.n)
            return false;
        if (p != q)
            continue;
        if (!is_aligned(heading->r, line->runs[b].r, g->l->height / 3))
            return false;
        ++*common;
    }
    return true;
}

/* Whether a line of the head goes on with the headings of the line above it: none of them spans
 * columns, and those in one column are set to one side or middle. */
static enum err heading_continues(const struct rows *r, size_t i, bool *continued, struct error *e)
{
    const struct grid *g = r->g;
    const struct line *above = &g->l->lines[i - 1], *line = &g->l->lines[i];
    size_t common = 0;
    bool under = i < r->head && gap_above(r, i) <= HEAD_GAP * g->l->height;
    enum err err = ERR_OK;
    for (size_t a = 0; err == ERR_OK && under && a < above->n_runs; a++) {
        err = work_budget_spend(g->l->budget, line->n_runs, FIND_STEPS, e);
        under = stands_under(g, &above->runs[a], line, &common);
    }
    *continued = under && common > 0;
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
        return label_continues(r, i);
    return (own & 1) == 0 && (own & ~row) == 0 && !is_full(r, own);
}

/* The gap between two lines, labels left out: these may have lines of their own between rows. */
static double value_gap(const struct rows *r, const struct line *upper, const struct line *lower)
{
    double from = upper->r.y0, to = lower->r.y1;
    for (size_t k = 0; k < upper->n_runs; k++)
        if (edges_find(&r->g->cols, upper->runs[k].r.x0 + 1) > 0)
            from = fmax(from, upper->runs[k].r.y1);
    for (size_t k = 0; k < lower->n_runs; k++)
        if (edges_find(&r->g->cols, lower->runs[k].r.x0 + 1) > 0)
            to = fmin(to, lower->runs[k].r.y0);
    return to - from;
}

/* Whether a line is a row of its own though no rule parts it from the full one above: it fills the
 * columns as that one does, with a label or with values, and is not set as close as the lines of
 * one cell. */
static bool stands_alone(const struct rows *r, size_t i, unsigned long long row)
{
    const struct line *own = &r->g->l->lines[i], *full = &r->g->l->lines[r->full];
    double height = r->g->l->height, least = fmax(0.2 * height, r->leading - 0.2 * height);
    bool labels = (r->filled[i] & row & 1) != 0 && own->r.y0 - full->r.y1 > least;
    bool values =
        r->below_rule && has_value(r, own) && has_value(r, full) && value_gap(r, full, own) > least;
    return (labels || values) && is_full(r, r->filled[i]) && is_full(r, row);
}

/* Whether a line begins a label that goes on below the values beside it, which are a row. */
static bool begins_label(const struct rows *r, size_t i, unsigned long long row)
{
    return i + 1 < r->g->l->n_lines && r->joined[i + 1] && !is_full(r, r->filled[i]) &&
           stands_alone(r, i + 1, row);
}

static double middle_of(const struct text_run *p)
{
    return (p->r.y0 + p->r.y1) / 2;
}

/* The last run of the first lines that stands at that height, or NULL. */
static const struct text_run *run_at(const struct rows *r, size_t lines, double y)
{
    const struct text_run *found = NULL;
    for (size_t i = 0; i < lines; i++)
        for (size_t k = 0; k < r->g->l->lines[i].n_runs; k++)
            if (fabs(middle_of(&r->g->l->lines[i].runs[k]) - y) <= SAME_HEIGHT * r->g->l->height)
                found = &r->g->l->lines[i].runs[k];
    return found;
}

/* Whether the second line of the head, the third where the label of the first column has a line of
 * its own between them, stands under headings that span: the label is set between the two, and
 * there are columns that only the lower one has. No rule parts them. */
static bool is_under_spanning(const struct rows *r, size_t i)
{
    const struct layout *l = r->g->l;
    const struct line *top = &l->lines[0], *own = &l->lines[i];
    if (i == 0 || i > 2 || r->parted[1] || r->parted[i])
        return false;
    double upper = middle_of(&top->runs[top->n_runs - 1]);
    double lower = middle_of(&own->runs[own->n_runs - 1]);
    const struct text_run *label = run_at(r, i + 1, (upper + lower) / 2);
    unsigned long long headings = r->filled[0] & ~1ULL, below = r->filled[i] & ~1ULL;
    return label != NULL && edges_find(&r->g->cols, label->r.x0 + 1) == 0 &&
           lower - upper > LINE_LEAST * l->height && lower - upper < LINE_MOST * l->height &&
           headings != 0 && __builtin_popcountll(below & ~headings) >= 2;
}

/* Whether a line that no rule parts from the one above starts a row all the same. */
static enum err starts_row(const struct rows *r, size_t i, unsigned long long row, bool *starts,
                           struct error *e)
{
    bool heading;
    if (is_under_spanning(r, i) || begins_label(r, i, row)) {
        *starts = true;
        return ERR_OK;
    }
    enum err err = heading_continues(r, i, &heading, e);
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
