/* Cells that a spreadsheet would compute. */
#ifndef PDF_OCR_FORMATS_FORMULAS_H
#define PDF_OCR_FORMATS_FORMULAS_H

#include "base/buffer.h"

/* Appends text with a ' before each part that a spreadsheet would compute: where ; separates cells,
 * or a line end was kept, a cell has several. */
void formulas_escape(const char *text, struct buffer *out);

#endif
