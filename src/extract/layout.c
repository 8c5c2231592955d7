#include "extract/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "extract/direction.h"
#include "extract/spacing.h"

#define SAME_LINE  0.5 /* part of the lower height that must overlap */
#define LEADER     4   /* letters: three dots may stand for no value */
#define COLUMN_GAP 1.0 /* a gutter between columns of text, in heights */

struct rect rect_union(struct rect a, struct rect b)
{
    return (struct rect){fmin(a.x0, b.x0), fmin(a.y0, b.y0), fmax(a.x1, b.x1), fmax(a.y1, b.y1)};
}

struct rect rect_of_box(struct box b, const struct page_info *page)
{
    return (struct rect){b.x * page->width, b.y * page->height, (b.x + b.w) * page->width,
                         (b.y + b.h) * page->height};
}

struct box box_of_rect(struct rect r, const struct page_info *page)
{
    return (struct box){r.x0 / page->width, r.y0 / page->height, (r.x1 - r.x0) / page->width,
                        (r.y1 - r.y0) / page->height};
}

static int by_x(const void *a, const void *b)
{
    const struct item *p = a, *q = b;
    return p->r.x0 < q->r.x0 ? -1 : p->r.x0 > q->r.x0;
}

static int by_middle(const void *a, const void *b)
{
    const struct item *p = a, *q = b;
    double m = p->r.y0 + p->r.y1, n = q->r.y0 + q->r.y1;
    return m < n ? -1 : m > n ? 1 : by_x(a, b);
}

static enum err median_height(struct layout *l, struct error *e)
{
    double *heights = calloc(l->n_items + 1, sizeof *heights);
    if (heights == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < l->n_items; i++)
        heights[i] = l->items[i].r.y1 - l->items[i].r.y0;
    sort_doubles(heights, l->n_items);
    l->height = l->n_items > 0 ? fmax(heights[l->n_items / 2], 1) : 10;
    free(heights);
    return ERR_OK;
}

/* Dots that lead from a label to its value, and lines to write on, drawn as letters, are no text.
 */
static bool is_leader(const char *text)
{
    size_t n = strspn(text, "._-");
    return n >= LEADER && text[n] == '\0';
}

/* A word that stands turned among upright ones heads a column: it counts as standing at its foot.
 */
static struct rect rect_of_word(const struct word *w, const struct page_info *page)
{
    struct rect r = rect_of_box(w->box, page);
    if (w->turn % 180 != 0 && r.y1 - r.y0 > r.x1 - r.x0)
        r.y0 = r.y1 - (r.x1 - r.x0);
    return r;
}

static enum err take_items(const struct word_list *words, const struct page_info *page,
                           struct rect region, struct layout *l, struct error *e)
{
    enum err err = work_budget_spend(l->budget, words->n, 1, e);
    if (err != ERR_OK)
        return err;
    l->items = calloc(words->n + 1, sizeof *l->items);
    if (l->items == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < words->n; i++) {
        struct rect r = rect_of_word(&words->items[i], page);
        double x = (r.x0 + r.x1) / 2, y = (r.y0 + r.y1) / 2;
        if (x >= region.x0 && x <= region.x1 && y >= region.y0 && y <= region.y1 &&
            !is_leader(words->items[i].text))
            l->items[l->n_items++] = (struct item){r, &words->items[i]};
    }
    err = work_budget_spend(l->budget, l->n_items, SORT_STEPS, e);
    return err == ERR_OK ? median_height(l, e) : err;
}

/* Items sorted by their middles are cut into lines where an item no longer overlaps the line's
 * own band, which is that of its first items: a tall neighbour must not pull two lines together. */
static enum err cut_lines(struct layout *l, struct error *e)
{
    enum err err = work_budget_spend(l->budget, l->n_items, SORT_STEPS, e);
    if (err != ERR_OK)
        return err;
    l->lines = calloc(l->n_items + 1, sizeof *l->lines);
    if (l->lines == NULL)
        return error_no_memory(e);
    qsort(l->items, l->n_items, sizeof *l->items, by_middle);
    double sum = 0;
    for (size_t i = 0; i < l->n_items; i++) {
        const struct item *item = &l->items[i];
        double middle = (item->r.y0 + item->r.y1) / 2;
        struct line *line = l->n_lines > 0 ? &l->lines[l->n_lines - 1] : NULL;
        double height = fmin(item->r.y1 - item->r.y0, l->height);
        if (line != NULL && fabs(middle - sum / (double)line->n) < SAME_LINE * height) {
            line->n++;
            line->r = rect_union(line->r, item->r);
            sum += middle;
            continue;
        }
        l->lines[l->n_lines++] = (struct line){.r = item->r, .items = &l->items[i], .n = 1};
        sum = middle;
    }
    return ERR_OK;
}

static enum err cut_runs(const struct layout *l, struct line *line, struct error *e)
{
    line->runs = calloc(line->n, sizeof *line->runs);
    if (line->runs == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < line->n; i++) {
        struct item *item = &line->items[i];
        struct text_run *run = line->n_runs > 0 ? &line->runs[line->n_runs - 1] : NULL;
        double own = fmin(item->r.y1 - item->r.y0, 1.5 * l->height);
        bool numbers =
            run != NULL && spacing_numbers(run->items[run->n - 1].word->text, item->word->text);
        double gap = (numbers ? l->gap.numbers : l->gap.words) * fmin(own, l->height);
        if (run != NULL && item->r.x0 - run->r.x1 < gap) {
            run->r = rect_union(run->r, item->r);
            run->n++;
        } else {
            line->runs[line->n_runs++] = (struct text_run){item->r, item, 1};
        }
    }
    return ERR_OK;
}

static struct text_run run_of(struct item *items, size_t n)
{
    struct text_run p = {items[0].r, items, n};
    for (size_t i = 1; i < n; i++)
        p.r = rect_union(p.r, items[i].r);
    return p;
}

void layout_cut_runs(struct layout *l, double x)
{
    for (size_t i = 0; i < l->n_lines; i++) {
        struct line *line = &l->lines[i];
        for (size_t k = 0; k < line->n_runs; k++) {
            struct text_run *p = &line->runs[k];
            size_t left = 0;
            while (left < p->n && p->items[left].r.x1 <= x)
                left++;
            if (left == 0 || left == p->n || p->items[left].r.x0 < x)
                continue;
            memmove(p + 1, p, (line->n_runs - k) * sizeof *p);
            line->n_runs++;
            p[1] = run_of(p->items + left, p->n - left);
            p[0] = run_of(p->items, left);
            break;
        }
    }
}

enum err layout_build(const struct word_list *words, const struct page_info *page,
                      struct box region, bool fine, struct work_budget *budget, struct layout *out,
                      struct error *e)
{
    memset(out, 0, sizeof *out);
    out->budget = budget;
    enum err err = take_items(words, page, rect_of_box(region, page), out, e);
    if (err == ERR_OK)
        err = cut_lines(out, e);
    for (size_t i = 0; err == ERR_OK && i < out->n_lines; i++)
        qsort(out->lines[i].items, out->lines[i].n, sizeof *out->items, by_x);
    if (err == ERR_OK)
        err = spacing_measure(out, &out->gap, e);
    if (!fine)
        out->gap.words = out->gap.numbers = fmax(out->gap.words, USUAL_GAP);
    for (size_t i = 0; err == ERR_OK && i < out->n_lines; i++)
        err = cut_runs(out, &out->lines[i], e);
    if (err != ERR_OK)
        layout_free(out);
    return err;
}

void layout_free(struct layout *l)
{
    for (size_t i = 0; i < l->n_lines; i++)
        free(l->lines[i].runs);
    free(l->lines);
    free(l->items);
    memset(l, 0, sizeof *l);
}

static bool is_stroke_of(struct rect rule, struct rect word)
{
    double y = (rule.y0 + rule.y1) / 2, x = (rule.x0 + rule.x1) / 2;
    bool across = rule.x1 - rule.x0 > rule.y1 - rule.y0;
    return x > word.x0 && x < word.x1 && y > word.y0 && y < word.y1 &&
           (across ? rule.x1 - rule.x0 <= word.x1 - word.x0
                   : rule.y1 - rule.y0 <= word.y1 - word.y0);
}

enum err layout_is_stroke(const struct layout *l, struct rect rule, bool *stroke, struct error *e)
{
    enum err err = work_budget_spend(l->budget, l->n_lines, 1, e);
    *stroke = false;
    for (size_t i = 0; err == ERR_OK && !*stroke && i < l->n_lines; i++) {
        const struct line *line = &l->lines[i];
        if (rule.y1 < line->r.y0 || rule.y0 > line->r.y1)
            continue;
        err = work_budget_spend(l->budget, line->n, 1, e);
        for (size_t k = 0; err == ERR_OK && !*stroke && k < line->n; k++)
            *stroke = is_stroke_of(rule, line->items[k].r);
    }
    return err;
}

/* --- reading order --- */

/* The widest white gap of the items along an axis; returns its middle, or -1 when none is as wide
 * as least. items are sorted by that axis here. */
static double widest_gap(struct item *items, size_t n, bool across, double least)
{
    double end = 0, best = least, at = -1;
    qsort(items, n, sizeof *items, across ? by_x : by_middle);
    for (size_t i = 0; i < n; i++) {
        double from = across ? items[i].r.x0 : items[i].r.y0;
        double to = across ? items[i].r.x1 : items[i].r.y1;
        if (i > 0 && from - end >= best) {
            best = from - end;
            at = (from + end) / 2;
        }
        end = i == 0 ? to : fmax(end, to);
    }
    return at;
}

static size_t split_at(struct item *items, size_t n, bool across, double at)
{
    size_t k = 0;
    while (k < n && (across ? items[k].r.x1 : items[k].r.y1) < at)
        k++;
    return k;
}

static void write_lines(struct item *items, size_t n, double height, struct buffer *out)
{
    qsort(items, n, sizeof *items, by_middle);
    for (size_t i = 0; i < n;) {
        size_t k = i + 1;
        double middle = (items[i].r.y0 + items[i].r.y1) / 2;
        while (k < n && (items[k].r.y0 + items[k].r.y1) / 2 - middle < SAME_LINE * height)
            k++;
        qsort(items + i, k - i, sizeof *items, by_x);
        direction_append(items + i, k - i, out);
        buffer_puts(out, "\n");
        i = k;
    }
}

static enum err write_ordered(const struct layout *l, struct item *items, size_t n, int depth,
                              struct buffer *out, struct error *e)
{
    double height = l->height;
    enum err err = work_budget_spend(l->budget, n, 2 * SORT_STEPS, e);
    if (err != ERR_OK)
        return err;
    double at = n > 1 && depth > 0 ? widest_gap(items, n, true, COLUMN_GAP * height) : -1;
    bool across = at >= 0;
    if (!across && n > 1 && depth > 0)
        at = widest_gap(items, n, false, height / 4);
    size_t k = at >= 0 ? split_at(items, n, across, at) : 0;
    if (k == 0 || k == n) {
        write_lines(items, n, height, out);
        return ERR_OK;
    }
    err = write_ordered(l, items, k, depth - 1, out, e);
    return err == ERR_OK ? write_ordered(l, items + k, n - k, depth - 1, out, e) : err;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* A word broken at a line's end is made whole: a hyphen between two small letters goes. */
static void join_broken_words(struct buffer *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->len; i++) {
        const char *p = text->data + i;
        if (i > 0 && i + 2 < text->len && p[0] == '-' && p[1] == '\n' && is_lower(p[-1]) &&
            is_lower(p[2]))
            i++;
        else
            text->data[n++] = *p;
    }
    if (text->len > 0)
        text->data[text->len = n] = '\0';
}

enum err layout_text(const struct layout *l, struct buffer *out, struct error *e)
{
    if (l->n_items == 0)
        return ERR_OK;
    struct item *items = malloc(l->n_items * sizeof *items);
    if (items == NULL)
        return error_no_memory(e);
    memcpy(items, l->items, l->n_items * sizeof *items);
    enum err err = write_ordered(l, items, l->n_items, 200, out, e);
    free(items);
    if (err == ERR_OK && buffer_failed(out))
        return error_no_memory(e);
    join_broken_words(out);
    return err;
}
