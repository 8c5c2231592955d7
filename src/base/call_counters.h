/* What is counted of the calls of APIs, in memory shared by all processes. */
#ifndef PDF_OCR_BASE_CALL_COUNTERS_H
#define PDF_OCR_BASE_CALL_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum call_event {
    CALL_TRIED,   /* one try has ended */
    CALL_RETRIED, /* another one will be made */
    CALL_REFUSED, /* not called, as the circuit is open */
    CALL_EVENT__MAX
};

struct call_counts;

struct call_counters {
    const char *prefix;       /* of the metrics: "pdf_ocr_s3" */
    const char *const *names; /* of the APIs; they are spans' names as well */
    size_t n;
    struct call_counts *shared; /* one an API; NULL: nothing is counted */
};

/* Maps the shared memory; called by the master before it forks; a second call does nothing. */
enum err call_counters_setup(struct call_counters *c, struct error *e);

/* Counts, and tells of each try as a span. status (0: no answer) and latency_us are of CALL_TRIED
 * only. */
void call_counters_note(const struct call_counters *c, size_t api, enum call_event event,
                        long status, int64_t latency_us);

/* Appends them in Prometheus' text format: PREFIX_calls_total, PREFIX_call_seconds_sum,
 * PREFIX_retries_total, PREFIX_refusals_total. */
void call_counters_write(const struct call_counters *c, struct buffer *out);

#endif
