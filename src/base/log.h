/* The log: one event a line on stderr.
 *
 * JSON in Cloud Logging's shape (severity, message, time and fields), or a human format when
 * stderr is a terminal. A line is written with one write(2), so lines of several processes never
 * mix. Never pass a key, a token or a signed URL.
 * https://cloud.google.com/logging/docs/structured-logging
 */
#ifndef PDF_OCR_BASE_LOG_H
#define PDF_OCR_BASE_LOG_H

#include <stdbool.h>

#include "base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERROR, LOG__MAX };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_JSON, LOG_FORMAT_TEXT };

/* role: a static string such as "master", "api", "task", "dispatcher"; put on each line. */
void log_setup(enum log_level least, enum log_format format, const char *role);

/* What the lines that follow are about; either may be NULL. Copied. */
void log_context(const char *request_id, const char *job_id);

/* The Google Cloud project that traces are looked up in; NULL: none. Copied. */
void log_project(const char *project);

/* The trace of the lines that follow, by its W3C traceparent, checked by the caller; "" or NULL:
 * none. Copied. */
void log_trace(const char *traceparent);

/* The trace as the lines name it: projects/P/traces/ID, or the id where there is no project; "". */
const char *log_trace_name(void);

bool log_enabled(enum log_level level);

/* Whether lines are for people: then the access log is made of events as well. */
bool log_is_text(void);

/* Writes an event: message is a fixed sentence, then pairs of field name and value, ended by
 * NULL: log_event(LOG_INFO, "worker started", "pool", "api", NULL). A value may be NULL (left
 * out). */
void log_event(enum log_level level, const char *message, ...) __attribute__((sentinel));

/* The same for an error: its detail and cause become fields. */
void log_error(enum log_level level, const char *message, const struct error *e);

/* Writes one whole line made by the caller (the access log); the newline is added here. */
void log_raw(const char *line, unsigned long len);

#endif
