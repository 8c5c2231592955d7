#include "extract/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "extract/charts.h"
#include "extract/decoys.h"
#include "extract/form.h"
#include "extract/frames.h"
#include "extract/grid.h"

#define BREAK       2.2 /* white space between blocks, in heights */
#define PROSE_WORDS 5.0 /* runs of running text are longer than cells */
#define FORM_SHARE  0.6 /* lines of a block with a name that make it a form */
#define FILLED      0.4 /* cells with text that make a table of a grid: a chart has few */
#define WIDE        0.6 /* part of a block's width along which a rule is a table's own */
#define MARGIN_PT   2.0
#define PAIR_RUNS   3   /* that two lines need to be a table without rules */
#define ALIGNED     0.3 /* of the height: runs of one column begin or end no farther apart */

struct detector {
    const struct page_content *page;
    struct work_budget *budget;
    struct layout l; /* of all words, then of those that are in no frame */
    struct charts charts;
    struct region **regions;
    size_t *n;
};

static enum err add_region(struct detector *d, struct rect r, enum region_type type,
                           double confidence, struct error *e)
{
    const struct page_info *page = &d->page->info;
    struct region *grown = realloc(*d->regions, (*d->n + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    *d->regions = grown;
    r.x0 = fmax(0, r.x0 - MARGIN_PT);
    r.y0 = fmax(0, r.y0 - MARGIN_PT);
    r.x1 = fmin(page->width, r.x1 + MARGIN_PT);
    r.y1 = fmin(page->height, r.y1 + MARGIN_PT);
    grown[(*d->n)++] = (struct region){
        .page = page->number, .box = box_of_rect(r, page), .type = type, .confidence = confidence};
    return ERR_OK;
}

static size_t count_names(const struct line *line)
{
    size_t names = 0;
    for (size_t i = 0; i < line->n; i++) {
        size_t len = strlen(line->items[i].word->text);
        names += len > 1 && line->items[i].word->text[len - 1] == ':';
    }
    return names;
}

/* What the words and rules of a part of the page make. */
struct look {
    bool table;    /* two rows and columns, filled well enough */
    bool bars;     /* hardly more than one value in a column or row */
    bool chart;    /* its values stand at no one place */
    double filled; /* part of the cells that hold text */
    double named;  /* part of the lines with a name */
};

static enum err look_at(const struct detector *d, struct rect r, struct look *out, struct error *e)
{
    const struct page_content *page = d->page;
    struct box box = box_of_rect(r, &page->info);
    struct layout l;
    struct table t;
    size_t n = 0;
    *out = (struct look){0};
    enum err err = layout_build(&page->words, &page->info, box, true, d->budget, &l, e);
    if (err != ERR_OK)
        return err;
    out->named = form_share(&l);
    err = grid_build(&l, page->rules, page->n_rules, &page->info, box, &t, &out->table, e);
    layout_free(&l);
    if (err != ERR_OK || !out->table)
        return err;
    for (size_t i = 0; i < t.n_cells; i++)
        n += t.cells[i].text[0] != '\0';
    out->filled = t.n_cells > 0 ? (double)n / (double)t.n_cells : 0;
    out->bars = decoy_is_bars(&t);
    out->chart = decoy_is_chart(&t, ALIGNED * d->l.height / page->info.width);
    out->table = t.rows >= 2 && t.cols >= 2 && out->filled >= FILLED;
    table_free(&t);
    return ERR_OK;
}

/* --- frames --- */

static bool inside(const struct word *w, struct rect r, const struct page_info *page)
{
    struct rect q = rect_of_box(w->box, page);
    double x = (q.x0 + q.x1) / 2, y = (q.y0 + q.y1) / 2;
    return x >= r.x0 && x <= r.x1 && y >= r.y0 && y <= r.y1;
}

/* Takes the words of a frame out of those that are left; returns how many they were. */
static size_t take_words(struct word_list *left, struct rect r, const struct page_info *page)
{
    size_t kept = 0, n = left->n;
    for (size_t i = 0; i < n; i++)
        if (!inside(&left->items[i], r, page))
            left->items[kept++] = left->items[i];
    left->n = kept;
    return n - kept;
}

/* A frame in a larger one that was taken has no words left. */
static enum err classify_frame(struct detector *d, struct rect r, struct word_list *left,
                               struct error *e)
{
    struct look look;
    enum err err = look_at(d, r, &look, e);
    bool form = look.named >= FORM_SHARE;
    if (err == ERR_OK)
        err = work_budget_spend(d->budget, left->n, 1, e);
    if (charts_cover(&d->charts, r) && !form)
        return err;
    if (err != ERR_OK || !(look.table || form) || take_words(left, r, &d->page->info) == 0)
        return err;
    return form ? add_region(d, r, REGION_FORM, 0.5 + 0.5 * look.named, e)
                : add_region(d, r, REGION_TABLE, 0.7 + 0.3 * look.filled, e);
}

static enum err detect_framed(struct detector *d, struct word_list *left, struct error *e)
{
    static const struct box whole = {0, 0, 1, 1};
    const struct page_info *page = &d->page->info;
    struct frames frames = {0};
    enum err err = layout_build(left, page, whole, false, d->budget, &d->l, e);
    if (err != ERR_OK)
        return err;
    err = charts_find(&d->l, d->page, &d->charts, e);
    if (err == ERR_OK)
        err = frames_find(&d->l, d->page->rules, d->page->n_rules, page, &frames, e);
    for (size_t i = 0; err == ERR_OK && i < frames.n; i++)
        err = classify_frame(d, frames.at[i], left, e);
    free(frames.at);
    layout_free(&d->l);
    return err;
}

/* --- blocks of lines --- */

static struct rect block_rect(const struct layout *l, size_t from, size_t to)
{
    struct rect r = l->lines[from].r;
    for (size_t i = from + 1; i < to; i++)
        r = rect_union(r, l->lines[i].r);
    return r;
}

/* The rules of a block that run along most of it, and where the first and the last are. */
static size_t find_wide_rules(const struct detector *d, struct rect r, double *first, double *last)
{
    size_t n = 0;
    for (size_t i = 0; i < d->page->n_rules; i++) {
        struct rect q = rect_of_box(d->page->rules[i].box, &d->page->info);
        double y = (q.y0 + q.y1) / 2, reach = d->l.height;
        double along = fmin(q.x1, r.x1) - fmax(q.x0, r.x0);
        if (d->page->rules[i].vertical || y < r.y0 - reach || y > r.y1 + reach ||
            along < WIDE * (r.x1 - r.x0))
            continue;
        *first = n == 0 ? y : fmin(*first, y);
        *last = n == 0 ? y : fmax(*last, y);
        n++;
    }
    return n;
}

/* Leaves out the lines of one run at both ends, captions and notes, but not those between the
 * block's own rules. */
static void trim(const struct detector *d, size_t *from, size_t *to, size_t *rules)
{
    const struct line *lines = d->l.lines;
    double first = INFINITY, last = -INFINITY;
    *rules = find_wide_rules(d, block_rect(&d->l, *from, *to), &first, &last);
    while (*from < *to && lines[*from].n_runs < 2 && lines[*from].r.y1 < first + MARGIN_PT)
        (*from)++;
    while (*to > *from && lines[*to - 1].n_runs < 2 && lines[*to - 1].r.y0 > last - MARGIN_PT)
        (*to)--;
}

/* Whether two lines have as many runs, each set under the other's to one side, and numbers. */
static bool are_pair(const struct line *a, const struct line *b, double height)
{
    bool numbers = false;
    if (a->n_runs != b->n_runs || a->n_runs < PAIR_RUNS)
        return false;
    for (size_t i = 0; i < a->n_runs; i++) {
        const struct text_run *p = &a->runs[i], *q = &b->runs[i];
        if (fmin(fabs(p->r.x0 - q->r.x0), fabs(p->r.x1 - q->r.x1)) > ALIGNED * height)
            return false;
        numbers = numbers || (text_has_digit(p->items[0].word->text) &&
                              text_has_digit(q->items[0].word->text));
    }
    return numbers;
}

/* Lines of several runs that a table needs at least. */
static size_t least_lines(const struct detector *d, size_t from, size_t to, bool ruled)
{
    const struct line *lines = &d->l.lines[from];
    bool pair = to - from == 2 && are_pair(&lines[0], &lines[1], d->l.height);
    return ruled || pair ? 2 : 3;
}

static enum err classify_table(struct detector *d, size_t from, size_t to, struct error *e)
{
    size_t runs = 0, words = 0, several = 0, rules = 0;
    struct look look;
    enum err err = work_budget_spend(d->budget, d->page->n_rules, 1, e);
    if (err != ERR_OK)
        return err;
    trim(d, &from, &to, &rules);
    for (size_t i = from; i < to; i++) {
        const struct line *line = &d->l.lines[i];
        if (line->n_runs < 2)
            continue;
        several++;
        runs += line->n_runs;
        words += line->n;
    }
    double mean_words = runs > 0 ? (double)words / (double)runs : 0;
    bool ruled = rules >= 2;
    if (several < least_lines(d, from, to, ruled) || (double)several < 0.5 * (double)(to - from) ||
        (mean_words > PROSE_WORDS && !ruled))
        return ERR_OK;
    bool decoy = !ruled && (decoy_is_list(&d->l.lines[from], to - from) ||
                            decoy_is_contents(&d->l.lines[from], to - from));
    if (!ruled && !decoy)
        err = decoy_is_prose(&d->l, &d->l.lines[from], to - from, &decoy, e);
    if (err == ERR_OK && !ruled && !decoy)
        err = charts_is_legend(&d->l, d->page, &d->l.lines[from], to - from, &decoy, e);
    if (err != ERR_OK || decoy)
        return err;
    struct rect r = block_rect(&d->l, from, to);
    if (charts_cover(&d->charts, r))
        return ERR_OK;
    err = look_at(d, r, &look, e);
    if (err != ERR_OK || !look.table || look.bars || (!ruled && look.chart))
        return err;
    double share = (double)several / (double)(to - from);
    return add_region(d, r, REGION_TABLE, 0.5 + 0.3 * share + (ruled ? 0.2 : 0), e);
}

/* What a run of lines is: a form when most have names, a table when most have several short
 * runs, else nothing. */
static enum err classify_block(struct detector *d, size_t from, size_t to, struct error *e)
{
    size_t named = 0;
    for (size_t i = from; i < to; i++)
        named += count_names(&d->l.lines[i]) > 0;
    double share = (double)named / (double)(to - from);
    if (to - from >= 2 && share >= FORM_SHARE)
        return add_region(d, block_rect(&d->l, from, to), REGION_FORM, 0.5 + 0.5 * share, e);
    return classify_table(d, from, to, e);
}

/* Lines that are alone in their band end a block of tabular ones when two of them follow, or a
 * wide white band does. */
static bool block_ends(const struct layout *l, size_t from, size_t i)
{
    const struct line *line = &l->lines[i], *above = &l->lines[i - 1];
    if (line->r.y0 - above->r.y1 > BREAK * l->height)
        return true;
    bool tabular_before = above->n_runs >= 2 || (i - from >= 2 && l->lines[i - 2].n_runs >= 2);
    bool single = line->n_runs < 2 && count_names(line) == 0;
    bool next_single = i + 1 >= l->n_lines || l->lines[i + 1].n_runs < 2;
    bool was_single = above->n_runs < 2 && count_names(above) == 0;
    bool is_tabular = line->n_runs >= 2 || count_names(line) > 0;
    if (tabular_before && single && next_single && line->n > PROSE_WORDS)
        return true;
    return was_single && is_tabular && above->n > PROSE_WORDS;
}

static enum err detect_blocks(struct detector *d, const struct word_list *left, struct error *e)
{
    static const struct box whole = {0, 0, 1, 1};
    enum err err = layout_build(left, &d->page->info, whole, false, d->budget, &d->l, e);
    if (err != ERR_OK)
        return err;
    for (size_t from = 0; err == ERR_OK && from < d->l.n_lines;) {
        size_t to = from + 1;
        while (to < d->l.n_lines && !block_ends(&d->l, from, to))
            to++;
        err = classify_block(d, from, to, e);
        from = to;
    }
    layout_free(&d->l);
    return err;
}

static int by_top(const void *a, const void *b)
{
    const struct region *p = a, *q = b;
    return p->box.y < q->box.y ? -1 : p->box.y > q->box.y;
}

enum err detect_regions(const struct page_content *page, const struct checkpoint *c,
                        struct region **regions, size_t *n, struct error *e)
{
    struct work_budget budget = {.c = c};
    struct detector d = {.page = page, .budget = &budget, .regions = regions, .n = n};
    size_t before = *n;
    /* A list of the same words, which stay the page's. */
    struct word_list left = {malloc((page->words.n + 1) * sizeof *left.items), 0, 0};
    if (left.items == NULL)
        return error_no_memory(e);
    if (page->words.n > 0)
        memcpy(left.items, page->words.items, page->words.n * sizeof *left.items);
    left.n = page->words.n;
    enum err err = detect_framed(&d, &left, e);
    if (err == ERR_OK)
        err = detect_blocks(&d, &left, e);
    if (*n > before)
        qsort(*regions + before, *n - before, sizeof **regions, by_top);
    free(d.charts.at);
    free(left.items);
    return err;
}
