/* Which of two readings of a cell, or of a page, is the better one. */
#ifndef PDF_OCR_OCR_EVIDENCE_H
#define PDF_OCR_OCR_EVIDENCE_H

#include "ports/page.h"

/* From side to side of a page, as fractions. */
struct reach {
    double from, to;
};

struct evidence {
    double letters, sure; /* their number, and the sum of their confidence */
};

/* Of the words from first to end of a list whose middle is in reach. */
struct evidence evidence_of(const struct word_list *words, size_t first, size_t end,
                            struct reach reach);

/* Of a cell that was read twice, with its line and alone: the words of the line begin at first,
 * those that were read alone are from again to the end. If these have more evidence, in all and for
 * a letter, they take the place of the line's words in reach; else they go. */
void evidence_choose(struct word_list *words, size_t first, size_t again, struct reach reach);

/* How sure it is that a page lies as it was read, 0..1: its words' mean confidence, less where most
 * of them are single letters, as which lines that run from top to bottom are read. */
double evidence_of_pose(const struct word_list *words);

#endif
