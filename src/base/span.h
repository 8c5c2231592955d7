/* What was done under a trace, told to the process that exports it (telemetry/exporter.h).
 *
 * A span is a line of OTLP's JSON, written into a pipe at once and as a whole; where nobody reads,
 * or the pipe is full, it is lost, and nobody waits.
 * https://opentelemetry.io/docs/specs/otlp/  https://www.w3.org/TR/trace-context/ */
#ifndef PDF_OCR_BASE_SPAN_H
#define PDF_OCR_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPAN_ID_LEN   16
#define SPAN_LINE_MAX 4096 /* PIPE_BUF: what is written as a whole */

/* Of OTLP. */
enum span_kind { SPAN_SERVER = 2, SPAN_CLIENT = 3 };

struct span {
    const char *name;
    enum span_kind kind;
    const char *traceparent; /* names the trace and the span itself */
    const char *parent;      /* id of the span above it; "": none */
    int64_t latency_us;      /* it ends now */
    int status;              /* of HTTP; 0: no answer */
    const char *job_id;      /* "": none */
};

/* From now on spans of this process go to the pipe fd; -1: nowhere. */
void span_setup(int fd);

bool span_enabled(void);

/* Makes traceparent, "" or the caller's, that of a new span of the same trace, or of a new one;
 * parent is the caller's span, "" where there is none. size: of traceparent, 56 at least. */
void span_begin(char *traceparent, size_t size, char parent[SPAN_ID_LEN + 1]);

/* Tells of a span that ends; not where its traceparent says that it is not sampled. */
void span_end(const struct span *s);

/* Tells of a call that was made under traceparent, and just ended; nothing where that is "". */
void span_call(const char *name, const char *traceparent, int64_t latency_us, int status);

#endif
