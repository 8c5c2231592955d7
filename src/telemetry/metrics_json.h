/* Counters in Prometheus' text format, as this service writes them, as OTLP's JSON. */
#ifndef PDF_OCR_TELEMETRY_METRICS_JSON_H
#define PDF_OCR_TELEMETRY_METRICS_JSON_H

#include <jansson.h>
#include <stdint.h>

/* The metrics of text, an array as in OTLP's ScopeMetrics, owned by the caller; NULL: memory is
 * out. Counters and histograms count since start_us. Lines that are no metric of a known type are
 * passed over. text is changed. */
json_t *metrics_json(char *text, int64_t start_us, int64_t now_us);

#endif
