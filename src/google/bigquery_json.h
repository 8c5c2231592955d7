/* JSON in the one form that BigQuery gives back for a JSON column: members sorted by name, no
 * spaces, numbers in its own digits.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#to_json_string */
#ifndef PDF_OCR_GOOGLE_BIGQUERY_JSON_H
#define PDF_OCR_GOOGLE_BIGQUERY_JSON_H

#include <jansson.h>

#include "base/buffer.h"

void bigquery_put_json(struct buffer *out, const json_t *plain);

/* A string with its quotes; it may hold NULs. */
void bigquery_put_string(struct buffer *out, const char *text, size_t n);

#endif
