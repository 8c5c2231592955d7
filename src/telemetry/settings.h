/* Where traces and metrics go. Strings are the config's; NULL: not set. The names are those of
 * OpenTelemetry: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
#ifndef PDF_OCR_TELEMETRY_SETTINGS_H
#define PDF_OCR_TELEMETRY_SETTINGS_H

#include "core/config.h"

struct telemetry_settings {
    char *endpoint;     /* OTEL_EXPORTER_OTLP_ENDPOINT: of OTLP over HTTP; not set: none */
    char *headers;      /* OTEL_EXPORTER_OTLP_HEADERS: name=value,... */
    char *service_name; /* OTEL_SERVICE_NAME: pdf-ocr-api */
    int64_t interval_s; /* OTEL_METRIC_EXPORT_INTERVAL_S: 60 */
};

extern const struct setting_table telemetry_settings;

#endif
