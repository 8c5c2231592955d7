/* Checking a proposed table against the words that were read: nothing invented gets through, and
 * nothing gets lost. */
#ifndef PDF_OCR_EXTRACT_VERIFY_H
#define PDF_OCR_EXTRACT_VERIFY_H

#include "extract/coverage.h"
#include "ports/structurer.h"

/* Builds the table that p proposes out of the words of l alone. The tokens of a cell (its text cut
 * at white space) must be spelled, byte for byte, by whole words: a token by one word or by words
 * that stand together, or several tokens by one word. Each word serves once; where several would
 * do, the one nearest to the words of the same cell, row and column is taken. A cell with a token
 * that nothing spells is rejected: text "", confidence 0; so is one whose words lie on another row
 * or column than most of its own have, unless it spans several. Rows are padded to the widest; the
 * first is the header. An empty or rejected cell has the box where its row and column cross, if
 * known. Whose proposal it was (structure) is left to the caller.
 *
 * *found is false, and *out empty, when fewer than half of the cells with text survive, or when
 * there are none, or when there are more than 5,000 words or 50,000 places of cells, or when words
 * or a row of l are missing from it (extract/coverage.h); why tells. */
enum err verify_table(const struct table_proposal *p, const struct layout *l, struct table *out,
                      bool *found, char why[COVERAGE_WHY_MAX], struct error *e);

#endif
