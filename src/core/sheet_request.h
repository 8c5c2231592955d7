/* What a request says about CSV and TSV: the members tables, table, source_columns and bom. */
#ifndef PDF_OCR_CORE_SHEET_REQUEST_H
#define PDF_OCR_CORE_SHEET_REQUEST_H

#include "base/json.h"
#include "ports/extraction.h"

/* Reads them into out->sheets, once the formats of out are known. ERR_UNPROCESSABLE with the JSON
 * Pointer of one that is wrong, that goes with no format of out, or not with another. */
enum err sheet_request_read(const struct json_at *root, struct extraction_request *out,
                            struct error *e);

/* Appends those that are not as by default, each as `,"name":value`. */
void sheet_request_write(const struct sheet_choices *c, struct buffer *out);

#endif
