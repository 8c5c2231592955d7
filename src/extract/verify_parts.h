/* The parts of verifying a proposed table (extract/verify.h). */
#ifndef PDF_OCR_EXTRACT_VERIFY_PARTS_H
#define PDF_OCR_EXTRACT_VERIFY_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "extract/verify.h"

/* A cell's text without its spaces, which only mark where tokens end. */
struct proposed_cell {
    char *letters; /* owned */
    bool *ends;    /* owned; ends[i]: a token ends before letters[i] */
    size_t n;
    int row, col;
    size_t *words; /* owned; the items that spell it */
    size_t n_words;
    bool done, rejected;
};

/* Where the words of a row or a column lie, as far as they are known. */
struct band {
    struct rect r;
    struct box box; /* the same in fractions of the page */
    bool known;
};

struct verifier {
    const struct layout *l;
    size_t *run_end; /* of each item: the index after its run */
    size_t *len;     /* of each item's text */
    bool *used;
    struct proposed_cell *cells;
    size_t n_cells;
    struct band *rows, *cols;
    int n_rows, n_cols;
};

/* Finds the words that spell each cell: first the cells that can be only in one place, then from
 * words on rows that are known, then the rest. What no words spell is rejected. */
void verify_match(struct verifier *v);

/* Gives the words of a cell back. */
void verify_release(struct verifier *v, struct proposed_cell *w);

/* The words of a cell are found, or none are: its row and column are known by them. */
void verify_end_match(struct verifier *v, struct proposed_cell *w);

/* How far a point is from the stretch from..to. */
double verify_outside(double at, double from, double to);

/* The smallest box that holds both. */
struct box verify_box_union(struct box a, struct box b);

/* Rejects cells whose words are not in their row or column. */
enum err verify_places(struct verifier *v, struct error *e);

#endif
