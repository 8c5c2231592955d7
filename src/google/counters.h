/* What is counted of the calls of Google's APIs, in memory shared by all processes. */
#ifndef PDF_OCR_GOOGLE_COUNTERS_H
#define PDF_OCR_GOOGLE_COUNTERS_H

#include "google/client.h"

/* Maps the shared memory; called by the master before it forks;
 * a second call does nothing. */
enum err google_counters_setup(struct error *e);

/* Counts, and tells of each try as a span (google_observe_fn). */
void google_counters_observe(enum google_api api, enum call_event event, long status,
                             int64_t latency_us);

/* Rows for the analysts' copy are given up (bigquery_options.lost). */
void google_counters_rows_lost(int64_t rows);

/* Appends them in Prometheus' text format. */
void google_counters_write(struct buffer *out);

#endif
