/* Counters in memory shared by all workers; shown in Prometheus' text format.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef PDF_OCR_PROCESS_METRICS_H
#define PDF_OCR_PROCESS_METRICS_H

#include <stdbool.h>
#include <sys/types.h>

#include "http/http.h"

/* Maps the shared memory; called by the master before it forks. */
enum err metrics_setup(struct error *e);

/* This process starts or ends a request in a pool. */
void metrics_busy(enum pool pool, bool busy);

/* A process has ended, in the middle of a request maybe: called by the master. */
void metrics_forget(pid_t pid);

/* A request has ended; route is its index in the table, or -1. */
void metrics_request(int route, int status, int64_t latency_us);

/* So many requests wait for a job. */
void metrics_waiting(int64_t n);

/* The job store has lost changes (local/store_mark.h). */
void metrics_store_lost(void);

/* Appends the counters in Prometheus' text format. */
void metrics_write(struct buffer *out);

#endif
