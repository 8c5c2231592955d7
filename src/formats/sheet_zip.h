/* Blocks as files of a ZIP: table-1.csv, form-1.csv, text-1.csv (formats/zip.h). */
#ifndef PDF_OCR_FORMATS_SHEET_ZIP_H
#define PDF_OCR_FORMATS_SHEET_ZIP_H

#include "formats/sheet.h"

/* Appends the ZIP. ERR_UNPROCESSABLE: it would have too many files. */
enum err sheet_zip_write(const struct blocks *b, const struct format_options *o,
                         const struct sheet_kind *kind, struct buffer *out, struct error *e);

#endif
