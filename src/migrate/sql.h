/* The migration's SQL (GoogleSQL), made from the tables' columns. */
#ifndef PDF_OCR_MIGRATE_SQL_H
#define PDF_OCR_MIGRATE_SQL_H

#include <stdint.h>

#include "base/buffer.h"
#include "google/bigquery_schema.h"

/* Rows of the target that are as new as this or newer may lie in the streaming buffer, where DML
 * may not touch them: https://cloud.google.com/bigquery/docs/data-manipulation-language */
#define SQL_ALL_SETTLED INT64_MAX

/* One MERGE of the staging table into the target: inserts what is missing, changes the newest row
 * of an id where the staged one is newer, or as new and different. Where that row is not settled, a
 * newer one is inserted beside it instead, as the service itself does; the views show the newest.
 * Rows that sql_refused gives are left out. settled_us: see SQL_ALL_SETTLED. */
void sql_merge(const struct bigquery_dataset *d, const struct bigquery_table *t,
               const char *staging, int64_t settled_us, struct buffer *out);

/* Gives the staged rows whose JSON BigQuery refuses: document, id. */
void sql_refused(const struct bigquery_dataset *d, const struct bigquery_table *t,
                 const char *staging, struct buffer *out);

/* Gives the documents that were loaded. */
void sql_staged(const struct bigquery_dataset *d, const char *staging, struct buffer *out);

/* Gives the newest row of each id of the target: id, version in microseconds, fingerprint in
 * hexadecimal, number of rows of the id. */
void sql_fingerprints(const struct bigquery_dataset *d, const struct bigquery_table *t,
                      struct buffer *out);

#endif
