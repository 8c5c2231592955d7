/* An extraction as rows of cells, for formats that have nothing else: the rows of every table, form
 * fields as name and value, text as one line a row. Blocks are separated by an empty line. A
 * spanning cell's text stands in its first place, the others are empty. Lines end in CR LF. */
#ifndef PDF_OCR_FORMATS_SHEET_H
#define PDF_OCR_FORMATS_SHEET_H

#include "formats/format.h"

/* How a cell is written. */
typedef void sheet_cell_fn(const char *text, struct buffer *out);

enum err sheet_write(const struct extraction *x, const struct format_options *o, char separator,
                     sheet_cell_fn *write_cell, struct buffer *out, struct error *e);

#endif
