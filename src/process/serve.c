#include "process/serve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "auth/limits.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "base/span.h"
#include "http/problem.h"
#include "http/request.h"
#include "process/metrics.h"

#define SETTLE_S   20
#define HEALTH_S   4 /* less than a probe waits */
#define FILE_S     45
#define FILE_CHUNK 65536
#define RETRY_S    5 /* after a failure that may pass and does not say when */

#define PASSED_ON_MAX 512
#define PLAIN         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

void reply_header(struct reply *p, const char *name, const char *fmt, ...)
{
    if (p->n_headers == REPLY_HEADERS_MAX)
        return;
    char *value = p->headers[p->n_headers].value;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(value, sizeof p->headers[0].value, fmt, args);
    va_end(args);
    if (n < 0 || n >= (int)sizeof p->headers[0].value || strpbrk(value, "\r\n") != NULL)
        return;
    p->headers[p->n_headers++].name = name;
}

/* --- writing the answer --- */

static void close_file(struct reply *p)
{
    if (p->file != NULL)
        (void)fclose(p->file);
    p->file = NULL;
}

static size_t length_of(const struct reply *p)
{
    struct stat st;
    bool known = p->file != NULL && fstat(fileno(p->file), &st) == 0;
    return p->body.len + (known ? (size_t)st.st_size : 0);
}

/* Ends early when the client has gone away, which is no error of ours. */
static void send_file(FILE *file, FCGX_Stream *out)
{
    char chunk[FILE_CHUNK];
    size_t n;
    rewind(file);
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        if (FCGX_PutStr(chunk, (int)n, out) < 0)
            return;
    if (ferror(file))
        log_event(LOG_ERROR, "a file could not be read to its end", "cause", strerror(errno), NULL);
}

/* application/problem+json, RFC 9457. */
static void write_problem(const struct request *r, const struct error *e, const char *allow,
                          struct reply *p)
{
    buffer_reset(&p->body);
    close_file(p);
    p->n_headers = 0;
    p->status = err_http_status(e->kind);
    p->content_type = "application/problem+json";
    problem_open(e, &p->body);
    buffer_puts(&p->body, ",\"instance\":");
    buffer_json_string(&p->body, r->path);
    buffer_puts(&p->body, ",\"request_id\":");
    buffer_json_string(&p->body, r->request_id);
    buffer_puts(&p->body, "}");
    reply_header(p, "Cache-Control", "no-store");
    if (e->kind == ERR_UNAUTHORIZED)
        reply_header(p, "WWW-Authenticate", "%s", r->challenge);
    if (e->kind == ERR_METHOD_NOT_ALLOWED && allow[0] != '\0')
        reply_header(p, "Allow", "%s", allow);
    if (e->retry_after_s > 0 || err_is_transient(e->kind))
        reply_header(p, "Retry-After", "%d", e->retry_after_s > 0 ? e->retry_after_s : RETRY_S);
    if (p->status >= 500)
        log_error(LOG_ERROR, "a request failed", e);
}

static void preflight(const char *allow, struct reply *p)
{
    p->status = 204;
    reply_header(p, "Access-Control-Allow-Methods", "%s", allow);
    reply_header(
        p, "Access-Control-Allow-Headers",
        "X-API-Key, Authorization, Content-Type, Idempotency-Key, If-Match, X-PDF-Password, "
        "If-None-Match");
    reply_header(p, "Access-Control-Max-Age", "3600");
    reply_header(p, "Allow", "%s", allow);
}

static void write_reply(const struct server *s, FCGX_Request *cgi, const struct request *r,
                        const struct reply *p)
{
    struct buffer head = BUFFER_INIT;
    const char *origin = origins_allowed(&s->origins, request_header(r, "Origin"));
    bool redirect = false;
    buffer_printf(&head, "Status: %d\r\nX-Request-ID: %s\r\n", p->status, r->request_id);
    if (p->status != 204 && p->status != 304)
        buffer_printf(&head, "Content-Type: %s\r\n", p->content_type);
    for (size_t i = 0; i < p->n_headers; i++) {
        redirect = redirect || strcmp(p->headers[i].name, "X-Accel-Redirect") == 0;
        buffer_printf(&head, "%s: %s\r\n", p->headers[i].name, p->headers[i].value);
    }
    if (!redirect && p->status != 204 && p->status != 304)
        buffer_printf(&head, "Content-Length: %zu\r\n", length_of(p));
    if (r->rate.limit > 0)
        buffer_printf(&head,
                      "RateLimit-Limit: %" PRId64 "\r\nRateLimit-Remaining: %" PRId64
                      "\r\nRateLimit-Reset: %" PRId64 "\r\n",
                      r->rate.limit, r->rate.remaining, r->rate.reset_s);
    if (s->origins.items[0] != NULL)
        buffer_puts(&head, "Vary: Origin\r\n");
    if (origin != NULL)
        buffer_printf(&head,
                      "Access-Control-Allow-Origin: %s\r\nAccess-Control-Expose-Headers: ETag, "
                      "Location, Retry-After, X-Request-ID, RateLimit-Limit, RateLimit-Remaining, "
                      "RateLimit-Reset, WWW-Authenticate\r\n",
                      origin);
    if (r->step == AUTH_STEP_CHECK && p->status != 204)
        buffer_printf(&head, "X-Refused: %s\r\n", p->body.data != NULL ? p->body.data : "");
    buffer_puts(&head, "\r\n");
    if (r->method != METHOD_HEAD)
        buffer_append(&head, p->body.data, p->body.len);
    /* A client that has gone away is no error of ours. */
    bool sent = !buffer_failed(&head) && FCGX_PutStr(head.data, (int)head.len, cgi->out) >= 0;
    if (sent && p->file != NULL && r->method != METHOD_HEAD)
        send_file(p->file, cgi->out);
    buffer_free(&head);
}

static void write_access_text(const struct request *r, const struct reply *p,
                              const struct route *route, int64_t latency_us)
{
    char status[16], latency[32];
    (void)snprintf(status, sizeof status, "%d", p->status);
    (void)snprintf(latency, sizeof latency, "%.6fs", (double)latency_us / 1e6);
    log_event(LOG_INFO, "request", "method", method_names[r->method], "path", r->path, "status",
              status, "latency", latency, "remoteIp", r->remote_addr, "route",
              route != NULL ? route->name : "none", "key", r->auth.key_id, "jobId", p->job_id,
              NULL);
}

static void write_access_log(const struct request *r, const struct reply *p,
                             const struct route *route, int64_t latency_us)
{
    struct buffer line = BUFFER_INIT;
    char time[RFC3339_LEN + 1];
    rfc3339_format(clock_now_us(&system_clock), time);
    buffer_printf(&line,
                  "{\"severity\":\"INFO\",\"time\":\"%s\",\"message\":\"request\",\"httpRequest\":{"
                  "\"requestMethod\":\"%s\",\"requestUrl\":",
                  time, method_names[r->method]);
    buffer_json_string(&line, r->path);
    buffer_printf(&line,
                  ",\"status\":%d,\"latency\":\"%.6fs\",\"remoteIp\":\"%s\"},\"requestId\":"
                  "\"%s\",\"route\":\"%s\"",
                  p->status, (double)latency_us / 1e6, r->remote_addr, r->request_id,
                  route != NULL ? route->name : "none");
    if (!r->auth.anonymous) {
        buffer_puts(&line, ",\"key\":");
        buffer_json_string(&line, r->auth.key_id);
    }
    const char *task = request_header(r, "X-CloudTasks-TaskName");
    if (task != NULL) {
        buffer_puts(&line, ",\"task\":");
        buffer_json_string(&line, task);
    }
    if (p->job_id[0] != '\0')
        buffer_printf(&line, ",\"jobId\":\"%s\"", p->job_id);
    if (log_trace_name()[0] != '\0')
        buffer_printf(&line, ",\"logging.googleapis.com/trace\":\"%s\"", log_trace_name());
    buffer_puts(&line, "}");
    if (!buffer_failed(&line))
        log_raw(line.data, line.len);
    buffer_free(&line);
}

/* What calls made for this request may take. A task gets some seconds more, to record how it
 * ended; a file has to be passed on. */
static void set_context(const struct server *s, const struct route *route, const struct request *r)
{
    int64_t more_s = s->pool == POOL_TASK ? SETTLE_S : 0;
    if (route->body == BODY_FILE)
        more_s = FILE_S;
    context_set(r->deadline_us + more_s * US_PER_S, r->traceparent);
}

/* Appends the parameters that the route knows, each as it was understood, in the table's order: the
 * same page is then asked for, and kept, under one address. */
static enum err write_known_query(const struct request *r, const char *names, struct buffer *out,
                                  struct error *e)
{
    char list[256], *rest = NULL;
    enum err err = ERR_OK;
    (void)snprintf(list, sizeof list, "%s", names);
    for (const char *name = strtok_r(list, " ", &rest); err == ERR_OK && name != NULL;
         name = strtok_r(NULL, " ", &rest)) {
        struct buffer value = BUFFER_INIT;
        bool found = false;
        err = request_query(r, name, &value, &found, e);
        const char *text = value.data != NULL ? value.data : "";
        if (err == ERR_OK && strspn(text, PLAIN) != value.len)
            err = error_set(e, ERR_UNPROCESSABLE, "%s: has characters that are not possible", name);
        if (err == ERR_OK && found)
            buffer_printf(out, "%s%s=%s", out->len > 0 ? "&" : "?", name, text);
        buffer_free(&value);
    }
    return err;
}

/* Whose turn it takes where clients take turns. */
static void tell_client(const struct request *r, struct reply *p)
{
    char address[64];
    limits_address(r->remote_addr, address, sizeof address);
    reply_header(p, "X-Turn-Client", "%s", r->auth.anonymous ? address : r->auth.subject);
}

/* nginx asks the page pool, or its cache. It decodes the path once more, hence plain ones only. */
static enum err pass_to_page_pool(const struct server *s, const struct request *r,
                                  const struct route *route, struct reply *p, struct error *e)
{
    struct buffer query = BUFFER_INIT, version = BUFFER_INIT;
    if (r->path[strspn(r->path, PLAIN "/")] != '\0')
        return error_set(e, ERR_NOT_FOUND, "There is nothing at %.200s.", r->path);
    if (strlen(r->path) + strlen(r->query) > PASSED_ON_MAX)
        return error_set(e, ERR_BAD_REQUEST, "The address is too long.");
    enum err err = s->admit(s->app, r, &version, e);
    if (err == ERR_OK)
        err = write_known_query(r, route->query, &query, e);
    if (err == ERR_OK && (buffer_failed(&query) || buffer_failed(&version)))
        err = error_no_memory(e);
    if (err == ERR_OK) {
        reply_header(p, "X-Accel-Redirect", "/_page%s%s", r->path,
                     query.data != NULL ? query.data : "");
        tell_client(r, p);
        reply_header(p, "X-Page-Version", "%s", version.data != NULL ? version.data : "");
    }
    buffer_free(&query);
    buffer_free(&version);
    return err;
}

/* The client of the replaced service may send what that one passed over. */
static enum err let_in(const struct server *s, const struct route *route, struct request *r,
                       struct error *e)
{
    enum err err = authenticate(&s->auth, route, r, e);
    return err == ERR_OK && !r->old_path ? request_query_known(r, route->query, e) : err;
}

static enum err answer(const struct server *s, FCGX_Request *cgi, struct request *r,
                       struct reply *p, const struct route **route, char allow[64], struct error *e)
{
    enum err err = router_find(routes, r, route, allow, e);
    if (err == ERR_METHOD_NOT_ALLOWED && r->method == METHOD_OPTIONS) {
        preflight(allow, p);
        return ERR_OK;
    }
    if (err == ERR_OK && r->step == AUTH_STEP_CHECK) {
        p->status = 204;
        if ((err = let_in(s, *route, r, e)) == ERR_OK)
            tell_client(r, p);
        return err;
    }
    bool pass_on = err == ERR_OK && (*route)->pool == POOL_PAGE && s->pool == POOL_API;
    if (err == ERR_OK && (*route)->pool != s->pool && !pass_on)
        err = error_set(e, ERR_NOT_FOUND, "There is nothing at %.200s.", r->path);
    /* What comes to the page pool has been let in by the api pool. */
    if (err == ERR_OK && s->pool != POOL_PAGE)
        err = let_in(s, *route, r, e);
    if (err == ERR_OK && r->may_not_wait)
        err = error_set(e, ERR_RATE_LIMITED, "%" PRId64 " of your requests wait for jobs already.",
                        s->cfg->waiting_per_key);
    if (err == ERR_OK)
        set_context(s, *route, r);
    if (err == ERR_OK && pass_on)
        return pass_to_page_pool(s, r, *route, p, e);
    if (err == ERR_OK)
        err = request_read_body(cgi, *route, s->cfg->max_json_bytes, s->cfg->uploads_dir, r, e);
    if (err == ERR_OK)
        err = (*route)->handler(s->app, r, p, e);
    if (err == ERR_OK && buffer_failed(&p->body))
        err = error_no_memory(e);
    return err;
}

/* What a refused request has left unread would be taken for the next one on a kept connection. */
static void drain_body(FCGX_Request *cgi)
{
    char rest[8192];
    while (FCGX_GetStr(rest, sizeof rest, cgi->in) > 0)
        continue;
}

/* refused: the request's turn has not come. */
static void serve(const struct server *s, FCGX_Request *cgi, bool refused)
{
    struct request r;
    struct reply p = {.status = 200, .content_type = "application/json"};
    struct error e = {0};
    const struct route *route = NULL;
    char path[2048], allow[64] = "", parent[SPAN_ID_LEN + 1] = "";
    int64_t started_us = monotonic_us();
    const int64_t deadlines_s[POOL__MAX] = {[POOL_API] = s->cfg->request_deadline_s,
                                            [POOL_TASK] = s->cfg->task_deadline_s,
                                            [POOL_PAGE] = s->cfg->page_deadline_s,
                                            [POOL_HEALTH] = HEALTH_S,
                                            [POOL_UPLOAD] = s->cfg->request_deadline_s};
    metrics_busy(s->pool, true);
    enum err err = request_read(cgi, path, &r, &e);
    r.started_us = started_us;
    r.deadline_us = started_us + deadlines_s[s->pool] * US_PER_S;
    if (span_enabled())
        span_begin(r.traceparent, sizeof r.traceparent, parent);
    log_context(r.request_id, NULL);
    log_trace(r.traceparent);
    if (err == ERR_OK && refused)
        err =
            error_set(&e, ERR_RATE_LIMITED,
                      s->pool == POOL_PAGE
                          ? "Pages that you asked for before are still being drawn; try again."
                          : "Documents that you named before are still being fetched; try again.");
    if (err == ERR_OK)
        err = answer(s, cgi, &r, &p, &route, allow, &e);
    if (err != ERR_OK)
        write_problem(&r, &e, allow, &p);
    drain_body(cgi);
    write_reply(s, cgi, &r, &p);
    int64_t latency_us = monotonic_us() - started_us;
    /* The request itself comes yet. */
    bool asked = (r.step == AUTH_STEP_CHECK && p.status == 204) || p.comes_back;
    const struct span span = {route != NULL ? route->name : "none",
                              SPAN_SERVER,
                              r.traceparent,
                              parent,
                              latency_us,
                              p.status,
                              p.job_id};
    if (!asked) {
        metrics_request(route != NULL ? (int)(route - routes) : -1, p.status, latency_us);
        span_end(&span);
    }
    metrics_busy(s->pool, false);
    /* The api worker that let a page's request in has logged it. */
    if (s->cfg->access_log && log_enabled(LOG_INFO) && !asked && s->pool != POOL_PAGE)
        (log_is_text() ? write_access_text : write_access_log)(&r, &p, route, latency_us);
    log_context(NULL, NULL);
    log_trace(NULL);
    context_set(0, NULL);
    buffer_free(&r.body);
    buffer_free(&p.body);
    close_file(&p);
}

void serve_request(const struct server *s, FCGX_Request *cgi)
{
    serve(s, cgi, false);
}

void serve_refusal(const struct server *s, FCGX_Request *cgi)
{
    serve(s, cgi, true);
}

const char *serve_client(const FCGX_Request *cgi)
{
    const char *client = FCGX_GetParam("TURN_CLIENT", cgi->envp);
    return client != NULL && client[0] != '\0' ? client : NULL;
}
