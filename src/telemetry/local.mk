# Traces and metrics for others: OTLP.
noinst_LIBRARIES += libtelemetry.a
libtelemetry_a_SOURCES = \
	src/telemetry/exporter.c src/telemetry/exporter.h \
	src/telemetry/metrics_json.c src/telemetry/metrics_json.h \
	src/telemetry/settings.c src/telemetry/settings.h
libtelemetry_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS)
