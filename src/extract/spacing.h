/* How far apart the words of one run of text stand at most. */
#ifndef PDF_OCR_EXTRACT_SPACING_H
#define PDF_OCR_EXTRACT_SPACING_H

#include "extract/layout.h"

/* A word space is about a quarter of the type size, and a word's box about the type size high;
 * anything wider than this part of the height parts two runs. */
#define USUAL_GAP 0.72

/* *out: the least gaps. Of words whose spaces are alike it is little more than one space, so that
 * columns a few points apart stay apart and the wide spaces of a typewriter's letters do not make
 * columns; else what holds for most type. The items of the lines are sorted by where they start. */
enum err spacing_measure(const struct layout *l, struct gaps *out, struct error *e);

/* Whether two words beside each other are two numbers, and not one with a space in it. */
bool spacing_numbers(const char *left, const char *right);

#endif
