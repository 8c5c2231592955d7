#include "base/span.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/random.h"

/* 00-{32 digits of the trace}-{16 of the span}-{2 of flags} */
#define TRACE_AT       3
#define TRACE_LEN      32
#define SPAN_AT        (TRACE_AT + TRACE_LEN + 1)
#define FLAGS_AT       (SPAN_AT + SPAN_ID_LEN + 1)
#define TRACEPARENT    (FLAGS_AT + 2)
#define STATUS_FAILED  2
#define FIRST_OF_FAULT 500

static int to = -1;

void span_setup(int fd)
{
    to = fd;
}

bool span_enabled(void)
{
    return to >= 0;
}

void span_begin(char *traceparent, size_t size, char parent[SPAN_ID_LEN + 1])
{
    char trace[TRACE_LEN + 1], id[SPAN_ID_LEN + 1], flags[3] = "01";
    parent[0] = '\0';
    random_hex(id, SPAN_ID_LEN / 2);
    if (strlen(traceparent) >= TRACEPARENT) {
        (void)snprintf(trace, sizeof trace, "%s", traceparent + TRACE_AT);
        (void)snprintf(parent, SPAN_ID_LEN + 1, "%s", traceparent + SPAN_AT);
        (void)snprintf(flags, sizeof flags, "%s", traceparent + FLAGS_AT);
    } else {
        random_hex(trace, TRACE_LEN / 2);
    }
    (void)snprintf(traceparent, size, "00-%s-%s-%s", trace, id, flags);
}

static bool is_sampled(const char *traceparent)
{
    char last = traceparent[FLAGS_AT + 1];
    return last != '\0' && strchr("13579bdf", last) != NULL;
}

static void write_line(const struct span *s, struct buffer *out)
{
    int64_t end_us = clock_now_us(&system_clock);
    buffer_printf(out, "{\"traceId\":\"%.*s\",\"spanId\":\"%.*s\",\"name\":", TRACE_LEN,
                  s->traceparent + TRACE_AT, SPAN_ID_LEN, s->traceparent + SPAN_AT);
    buffer_json_string(out, s->name);
    if (s->parent[0] != '\0')
        buffer_printf(out, ",\"parentSpanId\":\"%s\"", s->parent);
    buffer_printf(out,
                  ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRId64
                  "000\",\"endTimeUnixNano\":\"%" PRId64
                  "000\",\"attributes\":[{\"key\":\"http.response.status_code\",\"value\":{"
                  "\"intValue\":\"%d\"}}",
                  (int)s->kind, end_us - s->latency_us, end_us, s->status);
    if (s->job_id[0] != '\0') {
        buffer_puts(out, ",{\"key\":\"job.id\",\"value\":{\"stringValue\":");
        buffer_json_string(out, s->job_id);
        buffer_puts(out, "}}");
    }
    buffer_puts(out, "]");
    if (s->status == 0 || s->status >= FIRST_OF_FAULT)
        buffer_printf(out, ",\"status\":{\"code\":%d}", STATUS_FAILED);
    buffer_puts(out, "}\n");
}

void span_end(const struct span *s)
{
    struct buffer line = BUFFER_INIT;
    if (to < 0 || strlen(s->traceparent) < TRACEPARENT || !is_sampled(s->traceparent))
        return;
    write_line(s, &line);
    ssize_t sent = 0; /* not so where the pipe is full: the span is lost */
    if (!buffer_failed(&line) && line.len <= SPAN_LINE_MAX)
        sent = write(to, line.data, line.len);
    (void)sent;
    buffer_free(&line);
}

void span_call(const char *name, const char *traceparent, int64_t latency_us, int status)
{
    char own[TRACEPARENT + 1], parent[SPAN_ID_LEN + 1];
    if (to < 0 || traceparent[0] == '\0')
        return;
    (void)snprintf(own, sizeof own, "%s", traceparent);
    span_begin(own, sizeof own, parent);
    const struct span s = {name, SPAN_CLIENT, own, parent, latency_us, status, ""};
    span_end(&s);
}
