/* What looks like a table without rules and is none: lists, running text, charts. */
#ifndef PDF_OCR_EXTRACT_DECOYS_H
#define PDF_OCR_EXTRACT_DECOYS_H

#include "extract/layout.h"
#include "ports/extraction.h"

/* Whether nearly all of the lines that are in runs have two, of which the first is a bullet, or
 * a number or letter that counts. */
bool decoy_is_list(const struct line *lines, size_t n);

/* Whether each line that is in runs is a title and a page, which mostly grows and never goes back;
 * only the first may have words above the pages. */
bool decoy_is_contents(const struct line *lines, size_t n);

/* *prose: most of the lines, or of their parts on both sides of white that they share, are set
 * from edge to edge, as justified text is. */
enum err decoy_is_prose(const struct layout *l, const struct line *lines, size_t n, bool *prose,
                        struct error *e);

/* Whether columns and rows have hardly more than one value each, as bars do: in few of the cells
 * that are neither in the first column nor in the last row, which may be labels of the axes. */
bool decoy_is_bars(const struct table *t);

/* Whether no column but the first has cells that begin, end or are centred at one place: the
 * values at the ends of bars. */
bool decoy_is_chart(const struct table *t, double tolerance);

#endif
