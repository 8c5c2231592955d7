#include "extract/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/form.h"
#include "extract/grid.h"

#define BREAK       2.2 /* white space between blocks, in heights */
#define PROSE_WORDS 5.0 /* pieces of running text are longer than cells */
#define FORM_SHARE  0.6 /* lines of a block with a name that make it a form */
#define MARGIN_PT   2.0

static enum err add_region(const struct page_info *page, struct rect r, enum region_type type,
                           double confidence, struct region **regions, size_t *n, struct error *e)
{
    struct region *grown = realloc(*regions, (*n + 1) * sizeof *grown);
    if (grown == NULL)
        return error_set(e, ERR_INTERNAL, "Out of memory.");
    *regions = grown;
    r.x0 = fmax(0, r.x0 - MARGIN_PT);
    r.y0 = fmax(0, r.y0 - MARGIN_PT);
    r.x1 = fmin(page->width, r.x1 + MARGIN_PT);
    r.y1 = fmin(page->height, r.y1 + MARGIN_PT);
    grown[(*n)++] = (struct region){
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

/* What a run of lines is: a table when most lines have several short pieces, a form when most
 * have names, else nothing. */
static enum err judge_block(const struct layout *l, size_t from, size_t to,
                            const struct page_info *page, size_t rules_inside,
                            struct region **regions, size_t *n, struct error *e)
{
    size_t pieces = 0, words = 0, several = 0, named = 0, lines = to - from;
    struct rect r = l->lines[from].r;
    for (size_t i = from; i < to; i++) {
        const struct line *line = &l->lines[i];
        r = rect_union(r, line->r);
        named += count_names(line) > 0;
        if (line->n_pieces < 2)
            continue;
        several++;
        pieces += line->n_pieces;
        words += line->n;
    }
    if (lines >= 2 && (double)named >= FORM_SHARE * (double)lines)
        return add_region(page, r, REGION_FORM, 0.5 + 0.5 * (double)named / (double)lines, regions,
                          n, e);
    double mean_words = pieces > 0 ? (double)words / (double)pieces : 0;
    bool ruled = rules_inside >= 2;
    if (several < (ruled ? 2 : 3) || (double)several < 0.5 * (double)lines ||
        (mean_words > PROSE_WORDS && !ruled))
        return ERR_OK;
    double confidence = 0.5 + 0.3 * (double)several / (double)lines + (ruled ? 0.2 : 0);
    return add_region(page, r, REGION_TABLE, confidence, regions, n, e);
}

static size_t count_rules(const struct page_content *page, struct rect r)
{
    size_t inside = 0;
    for (size_t i = 0; i < page->n_rules; i++) {
        struct rect q = rect_of_box(page->rules[i].box, &page->info);
        double y = (q.y0 + q.y1) / 2, x = (q.x0 + q.x1) / 2;
        inside += y > r.y0 - 6 && y < r.y1 + 6 && x > r.x0 - 6 && x < r.x1 + 6;
    }
    return inside;
}

/* Lines that are alone in their band end a block of tabular ones when two of them follow, or a
 * wide white band does. */
static bool block_ends(const struct layout *l, size_t from, size_t i)
{
    const struct line *line = &l->lines[i], *above = &l->lines[i - 1];
    if (line->r.y0 - above->r.y1 > BREAK * l->height)
        return true;
    bool tabular_before = above->n_pieces >= 2 || (i - from >= 2 && l->lines[i - 2].n_pieces >= 2);
    bool single = line->n_pieces < 2 && count_names(line) == 0;
    bool next_single = i + 1 >= l->n_lines || l->lines[i + 1].n_pieces < 2;
    bool was_single = above->n_pieces < 2 && count_names(above) == 0;
    bool is_tabular = line->n_pieces >= 2 || count_names(line) > 0;
    if (tabular_before && single && next_single && line->n > PROSE_WORDS)
        return true;
    return was_single && is_tabular && above->n > PROSE_WORDS;
}

enum err detect_regions(const struct page_content *page, struct region **regions, size_t *n,
                        struct error *e)
{
    static const struct box whole = {0, 0, 1, 1};
    struct layout l;
    enum err err = layout_build(&page->words, &page->info, whole, &l, e);
    if (err != ERR_OK)
        return err;
    for (size_t from = 0; err == ERR_OK && from < l.n_lines;) {
        size_t to = from + 1;
        struct rect r = l.lines[from].r;
        while (to < l.n_lines && !block_ends(&l, from, to))
            r = rect_union(r, l.lines[to++].r);
        err = judge_block(&l, from, to, &page->info, count_rules(page, r), regions, n, e);
        from = to;
    }
    layout_free(&l);
    return err;
}
