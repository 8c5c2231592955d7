/* Tables that go on on the next page. */
#ifndef PDF_OCR_EXTRACT_JOIN_H
#define PDF_OCR_EXTRACT_JOIN_H

#include "ports/extraction.h"

/* What stands around a region on its page, the margins with running heads and feet aside. */
struct around {
    size_t above, below; /* words */
    char number[16];     /* the first number of the nearest line above that has one: a caption's */
};

/* words and region are of the same upright page. */
void join_look(const struct word_list *words, struct box region, struct around *out);

/* Makes one table of the last of a page and the first of the next where the columns are the same
 * and nothing else stands between them. Rows of the head that are repeated are left out. The cells
 * go to the first result and say which page they are of; the other one has no table left and
 * joined_to says where it went. around has a place for each result. ERR_INTERNAL when memory is
 * out: x is whole, with some tables joined. */
enum err join_tables(struct extraction *x, const struct around *around, struct error *e);

#endif
