/* Sends spans and metrics by OTLP over HTTP, as JSON, from one process: whoever makes them never
 * waits. What the other end does not take is lost, and said in the log.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp */
#ifndef PDF_OCR_TELEMETRY_EXPORTER_H
#define PDF_OCR_TELEMETRY_EXPORTER_H

#include "base/buffer.h"
#include "telemetry/settings.h"

struct exporter {
    const struct telemetry_settings *settings;
    const char *version;      /* of the service */
    int spans_fd;             /* a pipe of lines of base/span.h, non-blocking */
    const volatile int *stop; /* set by SIGTERM: send what is there, and return */
    void (*write_metrics)(void *self, struct buffer *out); /* Prometheus' text */
    void *self;
};

/* Until *stop is set. ERR_EXHAUSTED: memory is out. */
enum err exporter_run(const struct exporter *x, struct error *e);

#endif
