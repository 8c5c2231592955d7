/* A result that a person has edited: tables and forms as they should be, and which regions should
 * not be there. */
#ifndef PDF_OCR_CORE_EDITS_H
#define PDF_OCR_CORE_EDITS_H

#include "base/json.h"
#include "ports/extraction.h"

/* Applies what root says to x:
 *
 * edits: [{region_index, table, rows, cols, cells: [{row, col, row_span?, col_span?, header?,
 *   text?, was?: [row, col]}]}]: the table as it should be, every place in one cell. was names the
 *   cell of the table as it stood that this one comes from, with its place, page and confidence.
 * forms: [{region_index, fields: [{name, value, was?}]}]: the fields as they should be. was is the
 *   index of the field of the region that this one comes from.
 * removed: [region_index]: regions to leave out, with those whose rows they have.
 *
 * All may be missing. ERR_UNPROCESSABLE with a JSON Pointer: a region, table, cell or field that is
 * not there, cells that overlap, a place without one; ERR_UNKNOWN_NAME; ERR_EXHAUSTED. */
enum err edits_apply(const struct json_at *root, struct extraction *x, struct error *e);

#endif
