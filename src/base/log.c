#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/rfc3339.h"

static const char *const severities[LOG__MAX] = {"DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"};

static struct {
    enum log_level least;
    bool text;
    const char *role;
    char request_id[65];
    char job_id[65];
    char project[64];
    char trace[128];
} log_state = {LOG_INFO, false, "main", "", "", "", ""};

void log_setup(enum log_level least, enum log_format format, const char *role)
{
    log_state.least = least;
    log_state.text =
        format == LOG_FORMAT_TEXT || (format == LOG_FORMAT_AUTO && isatty(STDERR_FILENO) == 1);
    log_state.role = role;
}

static void copy_id(char out[65], const char *id)
{
    out[0] = '\0';
    if (id != NULL)
        strncat(out, id, 64);
}

void log_context(const char *request_id, const char *job_id)
{
    copy_id(log_state.request_id, request_id);
    copy_id(log_state.job_id, job_id);
}

void log_project(const char *project)
{
    text_format(log_state.project, sizeof log_state.project, "%s", project != NULL ? project : "");
}

void log_trace(const char *traceparent)
{
    log_state.trace[0] = '\0';
    if (traceparent == NULL || traceparent[0] == '\0')
        return;
    const char *id = traceparent + sizeof "00-" - 1;
    if (log_state.project[0] != '\0')
        text_format(log_state.trace, sizeof log_state.trace, "projects/%s/traces/%.32s",
                    log_state.project, id);
    else
        text_format(log_state.trace, sizeof log_state.trace, "%.32s", id);
}

const char *log_trace_name(void)
{
    return log_state.trace;
}

bool log_enabled(enum log_level level)
{
    return level >= log_state.least;
}

bool log_is_text(void)
{
    return log_state.text;
}

void log_raw(const char *line, unsigned long len)
{
    struct buffer b = BUFFER_INIT;
    buffer_append(&b, line, len);
    buffer_append(&b, "\n", 1);
    /* Where not even the log can be written there is nobody left to tell. */
    ssize_t written = b.failed ? 0 : write(STDERR_FILENO, b.data, b.len);
    (void)written;
    buffer_free(&b);
}

/* A line of text stays one line, and nothing in it reaches a terminal as a command. */
static void put_text(struct buffer *b, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        bool c1 = c == 0xC2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xA0;
        if (c < 0x20 || c == 0x7F || c1)
            buffer_printf(b, "\\x%02x", c);
        else
            buffer_append(b, p, 1);
    }
}

static void begin(struct buffer *b, enum log_level level, const char *message)
{
    char time[RFC3339_LEN + 1];
    rfc3339_format(clock_now_us(&system_clock), time);
    if (log_state.text) {
        buffer_printf(b, "%s %-7s %s: ", time, severities[level], log_state.role);
        put_text(b, message);
        return;
    }
    buffer_printf(b, "{\"severity\":\"%s\",\"time\":\"%s\",\"message\":", severities[level], time);
    buffer_json_string(b, message);
    buffer_printf(b, ",\"role\":\"%s\",\"pid\":%ld", log_state.role, (long)getpid());
}

static void field(struct buffer *b, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    if (log_state.text) {
        buffer_printf(b, " %s=", name);
        put_text(b, value);
        return;
    }
    buffer_printf(b, ",\"%s\":", name);
    buffer_json_string(b, value);
}

static void end(struct buffer *b)
{
    field(b, "requestId", log_state.request_id);
    field(b, "jobId", log_state.job_id);
    field(b, "logging.googleapis.com/trace", log_state.trace);
    if (!log_state.text)
        buffer_puts(b, "}");
    if (!b->failed)
        log_raw(b->data, b->len);
    buffer_free(b);
}

void log_event(enum log_level level, const char *message, ...)
{
    if (!log_enabled(level))
        return;
    struct buffer b = BUFFER_INIT;
    begin(&b, level, message);
    va_list args;
    va_start(args, message);
    for (const char *name; (name = va_arg(args, const char *)) != NULL;)
        field(&b, name, va_arg(args, const char *));
    va_end(args);
    end(&b);
}

void log_error(enum log_level level, const char *message, const struct error *e)
{
    log_event(level, message, "error", err_title(e->kind), "detail", e->detail, "cause", e->cause,
              NULL);
}
