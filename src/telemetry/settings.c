#include "telemetry/settings.h"

#define AT(field) offsetof(struct telemetry_settings, field)

static const struct setting telemetry_rows[] = {
    TEXT_SETTING(BASE_URL, "OTEL_EXPORTER_OTLP_ENDPOINT", AT(endpoint), NULL,
                 "where traces and metrics are sent by OTLP over HTTP, such as "
                 "http://127.0.0.1:4318"),
    SECRET_SETTING("OTEL_EXPORTER_OTLP_HEADERS", AT(headers), 1, 2048,
                   "headers sent along: name=value, separated by commas"),
    TEXT_SETTING(NAME, "OTEL_SERVICE_NAME", AT(service_name), "pdf-ocr-api",
                 "what they are told to be of"),
    INTEGER_SETTING("OTEL_METRIC_EXPORT_INTERVAL_S", AT(interval_s), "60", 1, 3600,
                    "seconds between two exports of metrics"),
};

const struct setting_table telemetry_settings =
    SETTING_TABLE(telemetry_rows, sizeof(struct telemetry_settings));
