/* What the parts of the table builder share: columns (grid_columns.c, grid_gutters.c), rows
 * (grid_rows.c), cells (grid.c, grid_spans.c), and the rules for all of them (grid_rules.c).
 * Geometry as in layout.h. */
#ifndef PDF_OCR_EXTRACT_GRID_PARTS_H
#define PDF_OCR_EXTRACT_GRID_PARTS_H

#include "extract/layout.h"
#include "ports/extraction.h"
#include "ports/page.h"

#define SNAP_PT    3.0 /* rules nearer than this are one line */
#define RULE_COVER 0.6 /* part of an edge that a rule must cover to part two cells */

struct edges {
    double *at; /* owned */
    size_t n;
};

struct ruled {
    struct rect r;
    bool vertical;
};

/* What is being built: the places of cells, then their words. */
struct grid {
    struct layout *l;
    struct ruled *rules, *band; /* of the region; those of them that grid_take_band chose */
    size_t n_rules, n_band;
    struct rect content;     /* of all lines */
    struct edges cols, rows; /* n + 1 borders of n columns or rows */
    int *place;              /* of each item: row * columns + column; by item index */
    int *root;               /* of each place: the first place of its spanning cell */
};

enum err edges_add(struct edges *s, double at, struct error *e);

/* Sorts and makes one edge of those that lie together. */
void edges_snap(struct edges *s, double tolerance);

/* Takes out the edge with that index. */
void edges_drop(struct edges *s, size_t i);

/* The column or row at a place; those outside count to the nearest. */
size_t edges_find(const struct edges *s, double at);

/* Keeps the rules that part the region, cut to it and sorted by where they start. */
enum err grid_take_rules(struct grid *g, const struct rule *rules, size_t n,
                         const struct page_info *page, struct rect region, struct error *e);

/* Makes g->band the rules of one direction that lie between at0 and at1. */
enum err grid_take_band(struct grid *g, bool vertical, double at0, double at1, struct error *e);

/* *cover: the part of from..to along which the band's rules run, 0..1. */
enum err grid_band_cover(const struct grid *g, double from, double to, double *cover,
                         struct error *e);

/* *at: the height of the longest horizontal rule between two heights, or their middle. */
enum err grid_longest_rule(const struct grid *g, double y0, double y1, double *at, struct error *e);

/* White between columns: hardly a line that votes has anything there. cut: the border in it. */
struct gutter {
    double from, to, cut;
};

struct gutters {
    struct gutter *at; /* owned, by the caller on errors too */
    size_t n;
};

/* The gutters between the columns, left to right. */
enum err grid_find_gutters(const struct grid *g, struct gutters *out, struct error *e);

/* Adds the borders of columns that touch: hardly any white is before them, but the cells of most
 * lines begin at one place (grid_starts.c). The runs are cut there. Needs the other columns. */
enum err grid_find_starts(struct grid *g, struct error *e);

/* Takes out the borders between numbers and their signs, currencies and brackets, that are set
 * apart (grid_signs.c). */
enum err grid_join_signs(struct grid *g, struct error *e);

/* Fill g->cols and g->rows; rows need the columns. Fewer than three column edges: no table. */
enum err grid_find_columns(struct grid *g, struct error *e);
enum err grid_find_rows(struct grid *g, struct error *e);

/* Sets joined[i] of each line i that only goes on with the cells of the line above (grid_wraps.c).
 * Needs the columns; joined has a place for each line and is false. */
enum err grid_find_wraps(const struct grid *g, bool *joined, struct error *e);

/* Makes one cell of those that no rule parts where others are parted. Needs the places. */
enum err grid_join_cells(struct grid *g, struct error *e);

/* Gives titles of sections their whole row, and labels that stand in the middle of rows these rows
 * (grid_labels.c). Needs the places. */
enum err grid_extend_labels(struct grid *g, struct error *e);

/* Lowers the confidence of the cells of a table by how sure their places are (grid_sure.c): what
 * runs over the borders of their columns, and how few cells have text, speaks against them. */
enum err grid_tell_sure(const struct grid *g, struct table *t, struct error *e);

#endif
