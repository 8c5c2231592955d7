#include "telemetry/exporter.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/span.h"
#include "telemetry/metrics_json.h"

#define BATCH_BYTES 262144
#define BATCH_US    US_PER_S /* what a span waits for others at most */
#define SEND_S      5
#define QUIET_US    (60 * US_PER_S) /* between two lines of the log about the same */

struct sender {
    const struct exporter *x;
    CURL *easy;
    struct curl_slist *headers;
    struct buffer lines; /* whole ones and the start of the next */
    int64_t started_us;  /* wall clock */
    int64_t quiet_until_us, since_us;
    int64_t metrics_us; /* monotonic: when they are due */
};

static size_t ignore_body(char *bytes, size_t size, size_t n, void *self)
{
    (void)bytes;
    (void)self;
    return size * n;
}

/* "name=value,..." */
static bool add_headers(struct sender *s, const char *text)
{
    char *list = strdup(text), *rest = NULL;
    bool ok = list != NULL;
    for (char *pair = ok ? strtok_r(list, ",", &rest) : NULL; ok && pair != NULL;
         pair = strtok_r(NULL, ",", &rest)) {
        struct buffer line = BUFFER_INIT;
        char *value = strchr(pair, '=');
        if (value == NULL)
            continue;
        *value = '\0';
        buffer_printf(&line, "%s: %s", pair, value + 1);
        struct curl_slist *more =
            buffer_failed(&line) ? NULL : curl_slist_append(s->headers, line.data);
        ok = more != NULL;
        s->headers = ok ? more : s->headers;
        buffer_free(&line);
    }
    free(list);
    return ok;
}

static enum err open_sender(struct sender *s, struct error *e)
{
    const char *headers = s->x->settings->headers;
    s->easy = curl_easy_init();
    s->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (s->easy == NULL || s->headers == NULL || (headers != NULL && !add_headers(s, headers)))
        return error_no_memory(e);
    (void)curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(s->easy, CURLOPT_TIMEOUT, (long)SEND_S);
    (void)curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    (void)curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, ignore_body);
    (void)curl_easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    return ERR_OK;
}

static void tell_failure(struct sender *s, CURLcode code, long status)
{
    char text[16];
    int64_t now_us = monotonic_us();
    if (now_us < s->quiet_until_us)
        return;
    s->quiet_until_us = now_us + QUIET_US;
    (void)snprintf(text, sizeof text, "%ld", status);
    log_event(LOG_WARNING,
              "traces and metrics are lost: OTEL_EXPORTER_OTLP_ENDPOINT does not take them",
              "cause", curl_easy_strerror(code), "status", text, NULL);
}

static void post(struct sender *s, const char *path, const struct buffer *body)
{
    struct buffer url = BUFFER_INIT;
    long status = 0;
    buffer_printf(&url, "%s%s", s->x->settings->endpoint, path);
    if (buffer_failed(&url) || buffer_failed(body)) {
        buffer_free(&url);
        return;
    }
    (void)curl_easy_setopt(s->easy, CURLOPT_URL, url.data);
    (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body->data);
    CURLcode code = curl_easy_perform(s->easy);
    (void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status / 100 != 2)
        tell_failure(s, code, status);
    buffer_free(&url);
}

/* Both kinds of things are sent in a shell of this form. */
static void put_shell(const struct sender *s, const char *kind, const char *scope,
                      struct buffer *out)
{
    buffer_printf(out,
                  "{\"resource%s\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
                  "\"value\":{\"stringValue\":",
                  kind);
    buffer_json_string(out, s->x->settings->service_name);
    buffer_puts(out, "}},{\"key\":\"service.version\",\"value\":{\"stringValue\":");
    buffer_json_string(out, s->x->version);
    buffer_printf(out, "}}]},\"scope%s\":[{\"scope\":{\"name\":\"pdf-ocr-api\"},\"%s\":", kind,
                  scope);
}

/* The whole lines; the rest stays. */
static void send_spans(struct sender *s)
{
    struct buffer body = BUFFER_INIT;
    const char *last = s->lines.len > 0 ? memrchr(s->lines.data, '\n', s->lines.len) : NULL;
    if (last == NULL)
        return;
    size_t n = (size_t)(last - s->lines.data);
    put_shell(s, "Spans", "spans", &body);
    buffer_puts(&body, "[");
    for (size_t i = 0; i < n; i++)
        if (s->lines.data[i] == '\n')
            s->lines.data[i] = ',';
    buffer_append(&body, s->lines.data, n);
    buffer_puts(&body, "]}]}]}");
    post(s, "/v1/traces", &body);
    s->lines.len -= n + 1;
    memmove(s->lines.data, s->lines.data + n + 1, s->lines.len);
    buffer_free(&body);
}

static void send_metrics(struct sender *s)
{
    struct buffer text = BUFFER_INIT, body = BUFFER_INIT;
    s->x->write_metrics(s->x->self, &text);
    json_t *metrics = buffer_failed(&text) || text.data == NULL
                          ? NULL
                          : metrics_json(text.data, s->started_us, clock_now_us(&system_clock));
    char *list = metrics != NULL ? json_dumps(metrics, JSON_COMPACT) : NULL;
    if (list != NULL) {
        put_shell(s, "Metrics", "metrics", &body);
        buffer_puts(&body, list);
        buffer_puts(&body, "}]}]}");
        post(s, "/v1/metrics", &body);
    }
    free(list);
    json_decref(metrics);
    buffer_free(&body);
    buffer_free(&text);
}

/* false: the pipe is empty. */
static bool read_some(struct sender *s)
{
    char bytes[SPAN_LINE_MAX];
    ssize_t n = read(s->x->spans_fd, bytes, sizeof bytes);
    if (n <= 0)
        return false;
    if (s->lines.len == 0)
        s->since_us = monotonic_us();
    buffer_append(&s->lines, bytes, (size_t)n);
    return true;
}

static void wait_for_spans(const struct sender *s)
{
    struct pollfd p = {.fd = s->x->spans_fd, .events = POLLIN};
    (void)poll(&p, 1, BATCH_US / 1000);
}

static void step(struct sender *s)
{
    int64_t now_us = monotonic_us();
    bool full = s->lines.len >= BATCH_BYTES;
    if (full || (s->lines.len > 0 && now_us - s->since_us >= BATCH_US))
        send_spans(s);
    if (now_us >= s->metrics_us) {
        s->metrics_us = now_us + s->x->settings->interval_s * US_PER_S;
        send_metrics(s);
    }
    if (!read_some(s))
        wait_for_spans(s);
    if (buffer_failed(&s->lines))
        buffer_free(&s->lines);
}

enum err exporter_run(const struct exporter *x, struct error *e)
{
    struct sender s = {.x = x,
                       .lines = BUFFER_INIT,
                       .started_us = clock_now_us(&system_clock),
                       .metrics_us = monotonic_us() + x->settings->interval_s * US_PER_S};
    enum err err = open_sender(&s, e);
    while (err == ERR_OK && *x->stop == 0)
        step(&s);
    while (err == ERR_OK && s.lines.len < BATCH_BYTES && read_some(&s))
        continue;
    if (err == ERR_OK) {
        send_spans(&s);
        send_metrics(&s);
    }
    curl_slist_free_all(s.headers);
    curl_easy_cleanup(s.easy);
    buffer_free(&s.lines);
    return err;
}
