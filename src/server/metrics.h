/* Counters in memory shared by all workers; shown in Prometheus' text format.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef PDF_OCR_SERVER_METRICS_H
#define PDF_OCR_SERVER_METRICS_H

#include "google/client.h"
#include "server/http.h"

/* Maps the shared memory; called by the master before it forks. */
enum err metrics_setup(struct error *e);

/* A request starts in a pool: one more worker is busy. */
void metrics_busy(enum pool pool, int change);

/* A request has ended; route is its index in the table, or -1. */
void metrics_request(int route, int status, int64_t latency_us);

/* What a client of Google's APIs tells (google_observe_fn). */
void metrics_google_call(enum google_api api, enum google_event event, long status,
                         int64_t latency_us);

/* GET /metrics. */
enum err metrics_get(void *app, struct request *r, struct reply *p, struct error *e);

#endif
