/* What the migration asks of BigQuery: staging tables, load jobs, queries.
 *
 * A job has a name that the caller chooses and that does not change when it is asked for again, so
 * that a job whose answer was lost, or that a killed run started, is found and not run twice. A job
 * that failed for a reason that passes is run again under the next name (`...-1`, `...-2`).
 * https://cloud.google.com/bigquery/docs/running-jobs#generate-jobid */
#ifndef PDF_OCR_MIGRATE_WAREHOUSE_H
#define PDF_OCR_MIGRATE_WAREHOUSE_H

#include "google/bigquery_schema.h"
#include "google/client.h"

struct warehouse {
    struct google_client *client;
    const struct bigquery_dataset *dataset;
    const struct checkpoint *checkpoint;
    char location[64]; /* where the dataset is and so its jobs run */
};

/* Looks where the dataset is. ERR_NOT_FOUND when there is none. */
enum err warehouse_open(struct google_client *client, const struct bigquery_dataset *d,
                        const struct checkpoint *checkpoint, struct warehouse *out,
                        struct error *e);

/* Makes a table with the columns of t, JSON ones as STRING (a load job takes an array for a JSON
 * column as repeated values), and the column `document`. It goes by itself after 7 days. *made is
 * false when it was there. */
enum err warehouse_make_staging(struct warehouse *w, const struct bigquery_table *t,
                                const char *name, bool *made, struct error *e);

/* Removes a table; none is fine. */
enum err warehouse_drop(struct warehouse *w, const char *name, struct error *e);

/* Starts what warehouse_load does, and does not wait for its end. */
enum err warehouse_start_load(struct warehouse *w, const char *job, const char *table, int fd,
                              int64_t bytes, struct error *e);

/* Appends the rows of the file, newline-delimited JSON, to the table. *refused: how many BigQuery
 * left out; why: what it tells of the first one. */
enum err warehouse_load(struct warehouse *w, const char *job, const char *table, int fd,
                        int64_t bytes, int64_t *refused, char why[ERROR_TEXT_MAX], struct error *e);

/* Runs a statement; *out is the job, owned by the caller. ERR_CONFLICT when it would change rows
 * that are still in the streaming buffer. */
enum err warehouse_query(struct warehouse *w, const char *job, const char *sql, json_t **out,
                         struct error *e);

/* Calls take with each row, an array of {"v": ...}, of a job of warehouse_query. */
enum err warehouse_rows(struct warehouse *w, const json_t *job,
                        enum err (*take)(void *self, const json_t *cells, struct error *e),
                        void *self, struct error *e);

/* When the oldest row of the table's streaming buffer came, in microseconds since the epoch; 0 when
 * it has none. */
enum err warehouse_buffered_since(struct warehouse *w, const char *table, int64_t *us,
                                  struct error *e);

#endif
