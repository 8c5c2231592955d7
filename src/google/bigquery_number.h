/* A double in the digits that BigQuery writes for a number of a JSON column. */
#ifndef PDF_OCR_GOOGLE_BIGQUERY_NUMBER_H
#define PDF_OCR_GOOGLE_BIGQUERY_NUMBER_H

#include "base/buffer.h"

/* Appends a finite number, with a point or an exponent.
 *
 * PARSE_JSON refuses a number whose digits are not those that its own writer gives ("cannot
 * round-trip through string representation"), so that neither the shortest digits nor 17 will do.
 * The writer is Grisu2: https://github.com/google/googlesql, public/json_value.cc. */
void bigquery_put_number(struct buffer *out, double number);

#endif
