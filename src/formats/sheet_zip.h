/* Blocks as files of a ZIP (APPNOTE 6.3), by libarchive: table-1.csv, form-1.csv, text-1.csv. The
 * same blocks give the same bytes: the files are dated 2000-01-01. */
#ifndef PDF_OCR_FORMATS_SHEET_ZIP_H
#define PDF_OCR_FORMATS_SHEET_ZIP_H

#include "formats/sheet.h"

/* Appends the ZIP. ERR_UNPROCESSABLE: it would have too many files. */
enum err sheet_zip_write(const struct blocks *b, const struct format_options *o,
                         const struct sheet_kind *kind, struct buffer *out, struct error *e);

#endif
