/* Words put into lines and runs: what tables, forms and text are built from.
 *
 * Geometry here is in points with the origin at the top left, so that both axes compare.
 */
#ifndef PDF_OCR_EXTRACT_LAYOUT_H
#define PDF_OCR_EXTRACT_LAYOUT_H

#include "base/buffer.h"
#include "extract/work_budget.h"
#include "ports/page.h"

struct rect {
    double x0, y0, x1, y1;
};

struct item {
    struct rect r;
    const struct word *word; /* borrowed */
};

/* A run of words with no more than word spaces between them. */
struct text_run {
    struct rect r;
    struct item *items; /* within the line's */
    size_t n;
};

struct line {
    struct rect r;
    struct item *items; /* left to right */
    size_t n;
    struct text_run *runs; /* left to right; owned */
    size_t n_runs;
};

/* The least gap between two runs, in heights: of any words, and of two numbers. */
struct gaps {
    double words, numbers;
};

struct layout {
    struct item *items;
    size_t n_items;
    struct line *lines; /* top to bottom */
    size_t n_lines;
    double height; /* median height of words */
    struct gaps gap;
    struct work_budget *budget; /* borrowed; of all that is done with the layout */
};

/* Builds lines and runs of those words whose centre lies in region. What parts two runs is
 * measured on its words (spacing.h); not fine: a space of usual width never does, since a page has
 * justified text and type of several kinds. Words are borrowed, and budget too, which may be NULL.
 */
enum err layout_build(const struct word_list *words, const struct page_info *page,
                      struct box region, bool fine, struct work_budget *budget, struct layout *out,
                      struct error *e);
void layout_free(struct layout *l);

/* Cuts the runs that stand on both sides of x, but where a word stands across it. */
void layout_cut_runs(struct layout *l, double x);

struct rect rect_union(struct rect a, struct rect b);
struct rect rect_of_box(struct box b, const struct page_info *page);
struct box box_of_rect(struct rect r, const struct page_info *page);

/* Whether a ruling line is but a stroke of the letters of a word. */
enum err layout_is_stroke(const struct layout *l, struct rect rule, bool *stroke, struct error *e);

/* Appends the text in reading order, a line each: columns of text one after the other (recursive
 * XY-cut; Nagy and Seth, 1984). */
enum err layout_text(const struct layout *l, struct buffer *out, struct error *e);

#endif
