#include "extract/decoys.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIST_SHARE    0.8 /* of the lines in runs that have a mark */
#define GUTTER        0.6 /* white between columns of text, in heights */
#define EDGE          0.2 /* how far off its edge a line of justified text is, in heights */
#define FULL_SHARE    0.6 /* of the lines that run from edge to edge */
#define WORDS_A_LINE  3.5 /* running text has more */
#define LINES_LEAST   3
#define ENTRIES_LEAST 5   /* of contents: fewer numbers of a table may well grow by chance */
#define ALIGNED_SHARE 0.4 /* of a column's cells that are set to one place */
#define CHART_ROWS    40  /* more bars nobody draws */
#define CHART_COLS    16
#define CHART_FILLED  0.37 /* of the cells that are no labels: each bar has one value */

/* --- lists --- */

/* A character that is neither letter nor digit, alone; of ASCII only those that people use. */
static bool is_bullet(const char *text)
{
    static const char *const bullets[] = {"-", "*", "o", "+", ">", "\xC2\xB7", "\xEF\x82\xB7"};
    unsigned char c = (unsigned char)text[0];
    for (size_t i = 0; i < sizeof bullets / sizeof bullets[0]; i++)
        if (strcmp(text, bullets[i]) == 0)
            return true;
    return c == 0xE2 && strlen(text) == 3; /* U+2000 to U+2FFF: bullets, dashes, shapes, boxes */
}

/* 1. (1) 1) a) (iv): at most four letters or digits, and punctuation. */
static bool is_enumerator(const char *text)
{
    size_t opened = text[0] == '(' || text[0] == '[', n = opened;
    while (n < opened + 4 && isalnum((unsigned char)text[n]))
        n++;
    return n > opened && text[n] != '\0' && strchr(".)]", text[n]) != NULL && text[n + 1] == '\0' &&
           (isdigit((unsigned char)text[opened]) || n - opened == 1 ||
            strspn(text + opened, "ivxIVX") == n - opened);
}

/* The number that the word is, or -1. */
static long counted(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n > 0 && n <= 3 && text[n] == '\0' ? strtol(text, NULL, 10) : -1;
}

bool decoy_is_list(const struct line *lines, size_t n)
{
    size_t in_runs = 0, marked = 0;
    long last = 0;
    for (size_t i = 0; i < n; i++) {
        if (lines[i].n_runs < 2)
            continue;
        in_runs++;
        const struct text_run *first = &lines[i].runs[0];
        const char *mark = first->items[0].word->text;
        if (lines[i].n_runs > 2 || first->n > 1)
            continue;
        bool counts = counted(mark) == last + 1;
        last += counts;
        marked += counts || first->items[0].word->check || is_bullet(mark) || is_enumerator(mark);
    }
    return in_runs > 0 && (double)marked >= LIST_SHARE * (double)in_runs;
}

/* The page that a run is: 0 for one of a preface (iv); -1 for what is none. */
static long page_of(const struct text_run *run)
{
    const char *text = run->items[0].word->text;
    if (run->n > 1)
        return -1;
    return strspn(text, "ivxl") == strlen(text) ? 0 : counted(text);
}

/* A section's number before its title is a run of its own at times. */
static bool is_section(const struct text_run *run)
{
    const char *text = run->items[0].word->text;
    return run->n == 1 && strspn(text, "0123456789.") == strlen(text);
}

bool decoy_is_contents(const struct line *lines, size_t n)
{
    size_t entries = 0, grown = 0;
    long last = 0;
    bool headed = false;
    for (size_t i = 0; i < n; i++) {
        const struct line *line = &lines[i];
        if (line->n_runs < 2)
            continue;
        if (line->n_runs > 3 || (line->n_runs == 3 && !is_section(&line->runs[0])))
            return false;
        long page = page_of(&line->runs[line->n_runs - 1]);
        if (page < 0 && entries == 0 && !headed) {
            headed = true;
            continue;
        }
        if (page < last)
            return false;
        entries++;
        grown += page > last;
        last = page;
    }
    return entries >= ENTRIES_LEAST && grown * 2 > entries;
}

/* --- running text --- */

/* A part of the lines between two gutters. */
struct part {
    double from, to;
    size_t lines, words, full;
};

static void look_at_part(struct part *p, const struct line *lines, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++) {
        const struct item *first = NULL, *last = NULL;
        for (size_t k = 0; k < lines[i].n; k++) {
            const struct item *item = &lines[i].items[k];
            double x = (item->r.x0 + item->r.x1) / 2;
            if (x < p->from || x > p->to)
                continue;
            first = first != NULL ? first : item;
            last = item;
            p->words++;
        }
        p->lines += first != NULL;
        p->full +=
            first != NULL && first->r.x0 - p->from <= tolerance && p->to - last->r.x1 <= tolerance;
    }
}

static bool is_running(const struct part *p)
{
    return p->lines >= LINES_LEAST && (double)p->full >= FULL_SHARE * (double)p->lines &&
           (double)p->words >= WORDS_A_LINE * (double)p->lines;
}

static int by_left(const void *a, const void *b)
{
    const struct rect *p = a, *q = b;
    return p->x0 < q->x0 ? -1 : p->x0 > q->x0;
}

enum err decoy_is_prose(const struct layout *l, const struct line *lines, size_t n, bool *prose,
                        struct error *e)
{
    size_t words = 0, k = 0, running = 0, parts = 0;
    *prose = false;
    for (size_t i = 0; i < n; i++)
        words += lines[i].n;
    enum err err = work_budget_spend(l->budget, words, SORT_STEPS, e);
    if (err != ERR_OK || words == 0)
        return err;
    struct rect *all = calloc(words, sizeof *all);
    if (all == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < n; i++)
        for (size_t w = 0; w < lines[i].n; w++)
            all[k++] = lines[i].items[w].r;
    qsort(all, words, sizeof *all, by_left);
    for (size_t i = 0; err == ERR_OK && i < words;) {
        struct part p = {.from = all[i].x0, .to = all[i].x1};
        for (; i < words && all[i].x0 - p.to < GUTTER * l->height; i++)
            p.to = fmax(p.to, all[i].x1);
        err = work_budget_spend(l->budget, words, 1, e);
        if (err == ERR_OK)
            look_at_part(&p, lines, n, EDGE * l->height);
        running += is_running(&p);
        parts++;
    }
    free(all);
    *prose = running == parts;
    return err;
}

/* --- charts --- */

static double place_of(const struct cell *c, int side)
{
    return c->box.x + c->box.w * side / 2;
}

/* How many cells of the column stand with the same side at the place of this one. */
static size_t aligned_with(const struct table *t, const struct cell *own, int side,
                           double tolerance)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        n += c->col == own->col && c->col_span == 1 && c->text[0] != '\0' &&
             fabs(place_of(c, side) - place_of(own, side)) <= tolerance;
    }
    return n;
}

static bool is_aligned(const struct table *t, int col, double tolerance)
{
    size_t filled = 0, most = 0;
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        if (c->col != col || c->col_span > 1 || c->text[0] == '\0')
            continue;
        filled++;
        for (int side = 0; side <= 2; side++) {
            size_t n = aligned_with(t, c, side, tolerance);
            most = n > most ? n : most;
        }
    }
    return most >= 2 && (double)most >= ALIGNED_SHARE * (double)filled;
}

bool decoy_is_bars(const struct table *t)
{
    size_t filled = 0, places = (size_t)(t->rows - 1) * (size_t)(t->cols - 1);
    if (t->rows < 3 || t->cols < 3)
        return false;
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        filled += c->col > 0 && c->row < t->rows - 1 && c->text[0] != '\0';
    }
    return (double)filled < CHART_FILLED * (double)places;
}

bool decoy_is_chart(const struct table *t, double tolerance)
{
    if (t->rows > CHART_ROWS || t->cols > CHART_COLS)
        return false;
    for (int col = 1; col < t->cols; col++)
        if (is_aligned(t, col, tolerance))
            return false;
    return true;
}
