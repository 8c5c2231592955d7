/* An extraction as rows of cells, for formats that have nothing else: the rows of every table, form
 * fields as name and value, text as one line a row. Blocks are separated by an empty line, or are
 * files of a ZIP. A spanning cell's text stands in its first place, the others are empty. Lines end
 * in CR LF. */
#ifndef PDF_OCR_FORMATS_SHEET_H
#define PDF_OCR_FORMATS_SHEET_H

#include "formats/blocks.h"
#include "formats/format.h"

/* What one such format is. */
struct sheet_kind {
    const char *extension; /* of its files */
    char separator;
    void (*write_cell)(const char *text, struct buffer *out);
};

/* ERR_UNPROCESSABLE: o asks for a table that is not there, or for a ZIP of too many files. */
enum err sheet_write(const struct extraction *x, const struct format_options *o,
                     const struct sheet_kind *kind, struct buffer *out, struct error *e);

/* Writes block i, with those that go on its table, as a file of its own. */
enum err sheet_write_block(const struct blocks *b, size_t i, const struct format_options *o,
                           const struct sheet_kind *kind, struct buffer *out, struct error *e);

#endif
