/* JSON in the one form that BigQuery gives back for a JSON column: members sorted by name, no
 * spaces, the shortest digits that read back as the same number.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#to_json_string */
#ifndef PDF_OCR_MIGRATE_CANONICAL_H
#define PDF_OCR_MIGRATE_CANONICAL_H

#include <jansson.h>

#include "base/buffer.h"

void canonical_json(struct buffer *out, const json_t *plain);

/* A string with its quotes; it may hold NULs. */
void canonical_string(struct buffer *out, const char *text, size_t n);

/* A number's shortest digits, with a point or an exponent. */
void canonical_real(struct buffer *out, double number);

#endif
