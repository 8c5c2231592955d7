#include "google/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/context.h"
#include "base/log.h"
#include "base/text.h"
#include "google/credentials.h"

#define TRIES              4
#define BACKOFF_BASE_US    (US_PER_S / 4)
#define BACKOFF_MOST_US    (8 * US_PER_S)
#define CONNECT_S          5
#define TRY_S              10
#define PAUSE_MOST_US      (10 * US_PER_S) /* a longer Retry-After is the caller's to wait out */
#define RETRY_AFTER_MOST_S 86400
#define POLL_MS            1000
#define LATE_US            5000 /* curl 7.88 sees the end of a stream when it is next called only */
#define REPLY_MAX          (64U << 20) /* what is read into memory at most */
#define CIRCUIT_FAILURES   5           /* calls in a row that failed in all their tries */
#define CIRCUIT_OPEN_US    (10 * US_PER_S)

const char *const google_api_names[GOOGLE_API__MAX] = {
    "Cloud Storage", "Firestore", "Cloud Tasks",     "BigQuery",
    "Document AI",   "Gemini",    "IAM Credentials", "the token service",
};

struct circuit {
    int failures; /* in a row */
    int64_t open_until_us;
};

struct google_client {
    struct google_client_options o; /* its strings are owned */
    CURLM *multi;
    struct circuit circuits[GOOGLE_API__MAX];
};

/* One call on its way through its tries. */
struct call {
    struct google_client *client;
    const struct google_request *q;
    struct google_reply *r;
    struct error *e;
    CURL *easy;
    struct curl_slist *headers;
    curl_mime *mime;
    struct buffer json; /* the request's tree as text */
    struct buffer body; /* of the answer */
    int tries;
    int64_t not_before_us; /* when the next try may start */
    int64_t started_us, sent;
    int64_t retry_after_s; /* 0: not told, or at once */
    off_t sink_start;
    unsigned token; /* the number of the one sent */
    bool renewed;   /* after a 401 */
    bool done;

    /* Of gRPC. */
    long grpc_status; /* -1: none came */
    char grpc_message[256];
    bool enough;      /* the answer was broken off as no more was wanted */
    enum err refused; /* by the one who takes the messages */
};

void google_reply_clear(struct google_reply *r)
{
    json_decref(r->json);
    memset(r, 0, sizeof *r);
}

enum err google_json_body(const json_t *tree, struct buffer *out, struct error *e)
{
    char *text = tree != NULL ? json_dumps(tree, JSON_COMPACT) : NULL;
    if (text != NULL)
        buffer_puts(out, text);
    free(text);
    return text != NULL && !buffer_failed(out) ? ERR_OK : error_no_memory(e);
}

void google_escape(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     strchr("-._~", c) != NULL;
        if (plain)
            buffer_append(out, text, 1);
        else
            buffer_printf(out, "%%%02X", c);
    }
}

static void observe(const struct google_client *c, enum google_api api, enum google_event event,
                    long status, int64_t us)
{
    if (c->o.observe != NULL)
        c->o.observe(api, event, status, us);
}

/* --- the circuit: an API that keeps failing is left alone --- */

static enum err circuit_check(const struct google_client *c, enum google_api api, struct error *e)
{
    int64_t left = c->circuits[api].open_until_us - monotonic_us();
    if (left <= 0)
        return ERR_OK;
    observe(c, api, GOOGLE_REFUSED, 0, 0);
    error_set(e, ERR_UNAVAILABLE, "%s does not answer; try again.", google_api_names[api]);
    e->retry_after_s = (int)(left / US_PER_S) + 1;
    return error_cause(e, "not called for another %d s after repeated failure", e->retry_after_s);
}

/* Told once a call, when its tries are over. After the pause one call is let through (is_held); its
 * failure opens the circuit again at once. */
static void circuit_note(struct google_client *c, enum google_api api, bool failed)
{
    struct circuit *k = &c->circuits[api];
    if (!failed) {
        *k = (struct circuit){0};
        return;
    }
    if (++k->failures < CIRCUIT_FAILURES)
        return;
    if (k->failures == CIRCUIT_FAILURES)
        log_event(LOG_WARNING, "an API keeps failing and is left alone for a while", "api",
                  google_api_names[api], NULL);
    k->open_until_us = monotonic_us() + CIRCUIT_OPEN_US;
}

/* --- what curl calls --- */

static bool is_grpc_answer(const struct call *k)
{
    const char *type = NULL;
    return k->q->on_message != NULL &&
           curl_easy_getinfo(k->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL &&
           strncmp(type, "application/grpc", 16) == 0;
}

static size_t take_messages(struct call *k, const char *bytes, size_t n)
{
    k->refused = grpc_take(&k->body, bytes, n, REPLY_MAX, k->q->on_message, k->q->on_message_self,
                           &k->enough, k->e);
    return k->refused == ERR_OK && !k->enough ? n : 0;
}

static size_t keep_file(const struct call *k, const char *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t m = write(k->q->sink_fd, bytes + done, n - done);
        if (m < 0 && errno != EINTR)
            return 0;
        done += m > 0 ? (size_t)m : 0;
    }
    return n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *self)
{
    struct call *k = self;
    long status = 0;
    (void)size;
    (void)curl_easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &status);
    bool good = status >= 200 && status <= 299;
    if (good && is_grpc_answer(k))
        return take_messages(k, bytes, n);
    if (good && k->q->to_file)
        return keep_file(k, bytes, n);
    if (k->body.len + n > REPLY_MAX)
        return 0;
    buffer_append(&k->body, bytes, n);
    return buffer_failed(&k->body) ? 0 : n;
}

static void copy_header(const char *value, size_t n, char *out, size_t size)
{
    while (n > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        n--;
    }
    while (n > 0 && strchr("\r\n \t", value[n - 1]) != NULL)
        n--;
    (void)snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), value);
}

static size_t on_header(char *line, size_t size, size_t n, void *self)
{
    struct call *k = self;
    char number[32];
    const char *colon = memchr(line, ':', n);
    (void)size;
    if (colon == NULL)
        return n;
    size_t name = (size_t)(colon - line), rest = n - name - 1;
    if (name == 8 && strncasecmp(line, "Location", name) == 0)
        copy_header(colon + 1, rest, k->r->location, sizeof k->r->location);
    else if (name == 5 && strncasecmp(line, "Range", name) == 0)
        copy_header(colon + 1, rest, k->r->range, sizeof k->r->range);
    else if (name == 17 && strncasecmp(line, "x-goog-generation", name) == 0) {
        copy_header(colon + 1, rest, number, sizeof number);
        k->r->generation = strtoll(number, NULL, 10);
    } else if (name == 11 && strncasecmp(line, "grpc-status", name) == 0) {
        copy_header(colon + 1, rest, number, sizeof number);
        k->grpc_status = strtol(number, NULL, 10);
    } else if (name == 12 && strncasecmp(line, "grpc-message", name) == 0)
        copy_header(colon + 1, rest, k->grpc_message, sizeof k->grpc_message);
    return n;
}

static size_t on_read(char *out, size_t size, size_t n, void *self)
{
    struct call *k = self;
    int64_t left = k->q->body_file_len - k->sent;
    size_t want = size * n < (size_t)left ? size * n : (size_t)left;
    ssize_t got = pread(k->q->body_fd, out, want, k->q->body_offset + k->sent);
    if (got < 0 || (got == 0 && want > 0))
        return CURL_READFUNC_ABORT;
    k->sent += got;
    return (size_t)got;
}

static int on_seek(void *self, curl_off_t offset, int origin)
{
    struct call *k = self;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    k->sent = offset;
    return CURL_SEEKFUNC_OK;
}

/* --- one try --- */

static bool add_header(struct call *k, const char *line)
{
    struct curl_slist *list = curl_slist_append(k->headers, line);
    if (list != NULL)
        k->headers = list;
    return list != NULL;
}

static enum err set_headers(struct call *k, struct error *e)
{
    const struct google_client_options *o = &k->client->o;
    const struct google_request *q = k->q;
    struct buffer line = BUFFER_INIT;
    const char *token = NULL, *trace = context_traceparent();
    enum err err = ERR_OK;
    bool ok = add_header(k, "Expect:");
    for (size_t i = 0; ok && q->headers != NULL && q->headers[i] != NULL; i++)
        ok = add_header(k, q->headers[i]);
    if (ok && q->api == GOOGLE_GEMINI && o->api_key != NULL)
        buffer_printf(&line, "x-goog-api-key: %s", o->api_key);
    else if (ok && o->emulated[q->api] && !q->no_auth)
        buffer_puts(&line, "Authorization: Bearer owner");
    else if (ok && o->credentials != NULL && !q->no_auth) {
        if ((err = google_credentials_token(o->credentials, &token, &k->token, e)) == ERR_OK)
            buffer_printf(&line, "Authorization: Bearer %s", token);
    }
    if (ok && line.len > 0)
        ok = !buffer_failed(&line) && add_header(k, line.data);
    buffer_reset(&line);
    if (ok && q->on_message != NULL)
        ok = add_header(k, "Content-Type: application/grpc") && add_header(k, "TE: trailers");
    else if (ok && (q->content_type != NULL || q->body != NULL || q->json != NULL)) {
        buffer_printf(&line, "Content-Type: %s",
                      q->content_type != NULL ? q->content_type : "application/json");
        ok = !buffer_failed(&line) && add_header(k, line.data);
    }
    buffer_reset(&line);
    if (ok && trace[0] != '\0') {
        buffer_printf(&line, "traceparent: %s", trace);
        ok = !buffer_failed(&line) && add_header(k, line.data);
    }
    buffer_free(&line);
    return err != ERR_OK ? err : ok ? ERR_OK : error_no_memory(e);
}

/* A multipart/related body; curl adds the boundary to the Content-Type. */
static bool set_parts(struct call *k)
{
    const struct google_request *q = k->q;
    bool ok = (k->mime = curl_mime_init(k->easy)) != NULL;
    for (size_t i = 0; ok && i < q->n_parts; i++) {
        curl_mimepart *part = curl_mime_addpart(k->mime);
        ok = part != NULL && curl_mime_data(part, q->parts[i].bytes, q->parts[i].n) == CURLE_OK &&
             curl_mime_type(part, q->parts[i].content_type) == CURLE_OK;
    }
    return ok && curl_easy_setopt(k->easy, CURLOPT_MIMEPOST, k->mime) == CURLE_OK;
}

/* gRPC needs HTTP/2, which only TLS can agree on with the server. Without TLS (emulators) it is
 * taken for granted, on a connection of its own: curl shares one without asking what it speaks. */
static bool set_message(struct call *k)
{
    const struct google_request *q = k->q;
    const char *base = k->client->o.base_url[q->api];
    bool plain = base != NULL && strncmp(base, "http:", 5) == 0;
    struct buffer framed = BUFFER_INIT;
    grpc_put(&framed, q->body, q->body_len);
    if (plain) {
        (void)curl_easy_setopt(k->easy, CURLOPT_HTTP_VERSION,
                               (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
        (void)curl_easy_setopt(k->easy, CURLOPT_FRESH_CONNECT, 1L);
        (void)curl_easy_setopt(k->easy, CURLOPT_FORBID_REUSE, 1L);
    }
    (void)curl_easy_setopt(k->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)framed.len);
    bool ok = !buffer_failed(&framed) &&
              curl_easy_setopt(k->easy, CURLOPT_COPYPOSTFIELDS, framed.data) == CURLE_OK;
    buffer_free(&framed);
    return ok;
}

static void set_body(struct call *k)
{
    const struct google_request *q = k->q;
    const char *bytes = q->json != NULL ? k->json.data : q->body;
    if (q->body_from_file) {
        (void)curl_easy_setopt(k->easy, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(k->easy, CURLOPT_READFUNCTION, on_read);
        (void)curl_easy_setopt(k->easy, CURLOPT_READDATA, k);
        (void)curl_easy_setopt(k->easy, CURLOPT_SEEKFUNCTION, on_seek);
        (void)curl_easy_setopt(k->easy, CURLOPT_SEEKDATA, k);
        (void)curl_easy_setopt(k->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body_file_len);
    } else if (bytes != NULL || strcmp(q->method, "POST") == 0 || strcmp(q->method, "PUT") == 0) {
        size_t n = q->json != NULL ? k->json.len : q->body_len;
        (void)curl_easy_setopt(k->easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(k->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
        (void)curl_easy_setopt(k->easy, CURLOPT_POSTFIELDS, bytes != NULL ? bytes : "");
    }
}

static void set_limits(struct call *k)
{
    int64_t left_ms = context_left_us() / 1000, own_ms = k->q->timeout_s * INT64_C(1000);
    long ms = (long)(own_ms > 0 ? own_ms : TRY_S * 1000);
    if (left_ms < ms)
        ms = left_ms > 1 ? (long)left_ms : 1;
    (void)curl_easy_setopt(k->easy, CURLOPT_TIMEOUT_MS, ms);
    (void)curl_easy_setopt(k->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_S * 1000L);
    (void)curl_easy_setopt(k->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(k->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(k->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(k->easy, CURLOPT_PIPEWAIT, 1L); /* rather one more stream */
    (void)curl_easy_setopt(k->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (k->client->o.ca_file != NULL)
        (void)curl_easy_setopt(k->easy, CURLOPT_CAINFO, k->client->o.ca_file);
    if (!k->q->to_file)
        (void)curl_easy_setopt(k->easy, CURLOPT_ACCEPT_ENCODING, "");
}

static enum err set_url(struct call *k, struct error *e)
{
    const char *base = k->client->o.base_url[k->q->api], *path = k->q->path;
    struct buffer url = BUFFER_INIT;
    buffer_printf(&url, "%s%s", path[0] == '/' && base != NULL ? base : "", path);
    enum err err = buffer_failed(&url) ? error_no_memory(e) : ERR_OK;
    if (err == ERR_OK && curl_easy_setopt(k->easy, CURLOPT_URL, url.data) != CURLE_OK)
        err = error_no_memory(e);
    buffer_free(&url);
    return err;
}

/* Undoes what an earlier try wrote. */
static enum err rewind_sink(const struct call *k, struct error *e)
{
    if (k->q->to_file && (ftruncate(k->q->sink_fd, k->sink_start) != 0 ||
                          lseek(k->q->sink_fd, k->sink_start, SEEK_SET) < 0))
        return error_set(e, ERR_STORAGE_FULL, "A download could not be stored; try again.");
    return ERR_OK;
}

static enum err start(struct call *k)
{
    /* A call that was let through makes all its tries. */
    enum err err = k->tries == 0 ? circuit_check(k->client, k->q->api, k->e) : ERR_OK;
    if (err == ERR_OK && k->q->json != NULL && k->json.len == 0)
        err = google_json_body(k->q->json, &k->json, k->e);
    if (err != ERR_OK)
        return err;
    if ((k->easy = curl_easy_init()) == NULL)
        return error_no_memory(k->e);
    k->sent = 0;
    k->retry_after_s = 0;
    k->grpc_status = -1;
    k->grpc_message[0] = '\0';
    k->refused = ERR_OK;
    buffer_reset(&k->body);
    google_reply_clear(k->r);
    if (k->q->on_message != NULL &&
        (err = k->q->on_message(k->q->on_message_self, NULL, 0, &k->enough, k->e)) != ERR_OK)
        return err;
    if ((err = set_headers(k, k->e)) != ERR_OK || (err = set_url(k, k->e)) != ERR_OK)
        return err;
    set_limits(k);
    if ((k->q->n_parts > 0 && !set_parts(k)) || (k->q->on_message != NULL && !set_message(k)))
        return error_no_memory(k->e);
    if (k->q->n_parts == 0 && k->q->on_message == NULL)
        set_body(k);
    (void)curl_easy_setopt(k->easy, CURLOPT_CUSTOMREQUEST, k->q->method);
    (void)curl_easy_setopt(k->easy, CURLOPT_HTTPHEADER, k->headers);
    (void)curl_easy_setopt(k->easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(k->easy, CURLOPT_WRITEDATA, k);
    (void)curl_easy_setopt(k->easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(k->easy, CURLOPT_HEADERDATA, k);
    (void)curl_easy_setopt(k->easy, CURLOPT_PRIVATE, k);
    k->started_us = monotonic_us();
    k->tries++;
    if (curl_multi_add_handle(k->client->multi, k->easy) == CURLM_OK)
        return ERR_OK;
    return error_no_memory(k->e);
}

static void free_try(struct call *k)
{
    if (k->easy != NULL) {
        (void)curl_multi_remove_handle(k->client->multi, k->easy);
        curl_easy_cleanup(k->easy);
    }
    curl_slist_free_all(k->headers);
    curl_mime_free(k->mime);
    k->easy = NULL;
    k->headers = NULL;
    k->mime = NULL;
}

/* --- what a try came to --- */

static enum err transport_error(const struct call *k, CURLcode code, struct error *e)
{
    const char *name = google_api_names[k->q->api];
    if (code == CURLE_OPERATION_TIMEDOUT)
        error_set(e, ERR_TIMEOUT, "%s did not answer in time; try again.", name);
    else if (code == CURLE_WRITE_ERROR && k->q->to_file)
        error_set(e, ERR_STORAGE_FULL, "A download could not be stored; try again.");
    else
        error_set(e, ERR_UNAVAILABLE, "%s cannot be reached; try again.", name);
    e->retry_after_s = 2;
    return error_cause(e, "%s", curl_easy_strerror(code));
}

/* {"error":{"code":..,"message":..,"status":..}}; some APIs put it into an array. */
static void read_google_error(struct call *k, char *message, size_t size)
{
    const json_t *root = json_is_array(k->r->json) ? json_array_get(k->r->json, 0) : k->r->json;
    const json_t *error = json_object_get(root, "error");
    const char *text = json_string_value(json_object_get(error, "message"));
    const char *status = json_string_value(json_object_get(error, "status"));
    if (text == NULL) /* OAuth's errors (RFC 6749) */
        text = json_string_value(json_object_get(root, "error_description"));
    text_format(k->r->reason, sizeof k->r->reason, "%s", status != NULL ? status : "");
    text_format(message, size, "%s", text != NULL ? text : "no message");
}

/* What is missing is not what was asked for, but a bucket, a queue, a database, an index. */
static bool not_set_up(const struct call *k)
{
    return k->q->must_exist &&
           (k->r->status == 404 ||
            (k->r->status == 400 && strcmp(k->r->reason, "FAILED_PRECONDITION") == 0));
}

static enum err kind_of(const struct call *k)
{
    long s = k->r->status;
    if (not_set_up(k) || strcmp(k->r->reason, "ABORTED") == 0)
        return ERR_UNAVAILABLE;
    if (s == 409 || s == 412 || strcmp(k->r->reason, "FAILED_PRECONDITION") == 0)
        return ERR_CONFLICT;
    if (s == 404)
        return ERR_NOT_FOUND;
    if (s == 413)
        return ERR_TOO_LARGE;
    if (s == 429)
        return ERR_RATE_LIMITED;
    if (s == 408 || s == 504)
        return ERR_TIMEOUT;
    return s >= 400 && s < 500 && s != 401 && s != 403 ? ERR_UNPROCESSABLE : ERR_UNAVAILABLE;
}

static enum err http_error(struct call *k, struct error *e)
{
    const char *name = google_api_names[k->q->api];
    char message[256];
    long s = k->r->status;
    read_google_error(k, message, sizeof message);
    enum err kind = kind_of(k);
    if (s == 401 || s == 403)
        error_set(e, kind, "%s refuses the service's credentials; tell the operator.", name);
    else if (not_set_up(k))
        error_set(e, kind, "%s is not set up; tell the operator.", name);
    else if (kind == ERR_RATE_LIMITED)
        error_set(e, kind, "%s takes no more calls for the moment; try again.", name);
    else if (err_is_transient(kind))
        error_set(e, kind, "%s has a fault (%ld); try again.", name, s);
    else
        error_set(e, kind, "%s refused the request: %s", name, message);
    if (err_is_transient(kind))
        e->retry_after_s = k->retry_after_s > 0 ? (int)k->retry_after_s : 2;
    return error_cause(e, "%ld %s: %s", s, k->r->reason, message);
}

/* A status of gRPC is judged as the HTTP status and the error JSON that the same API gives. */
static void translate_status(struct call *k)
{
    char *message = curl_easy_unescape(k->easy, k->grpc_message, 0, NULL);
    k->r->status = grpc_http_status(k->grpc_status);
    /* A message that is not UTF-8, or was cut within a character, is left out. */
    k->r->json = json_pack("{s:{s:o*,s:s}}", "error", "message", json_string(message), "status",
                           grpc_status_name(k->grpc_status));
    curl_free(message);
}

static bool succeeded(const struct call *k)
{
    return (k->r->status >= 200 && k->r->status <= 299) || k->r->status == 308;
}

/* Strings may hold U+0000: what others stored must not make their whole document unreadable. */
static json_t *parse(const struct call *k, json_error_t *where)
{
    return json_loadb(k->body.data, k->body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, where);
}

static enum err broken(const struct call *k, const char *why, struct error *e)
{
    error_set(e, ERR_UNAVAILABLE, "%s gave an answer that cannot be read; try again.",
              google_api_names[k->q->api]);
    e->retry_after_s = 2;
    return error_cause(e, "%ld, %zu bytes: %s", k->r->status, k->body.len, why);
}

/* What must be JSON and is not was cut off or made by something in between. */
static enum err read_json(struct call *k, struct error *e)
{
    json_error_t where;
    if (k->body.len == 0 || k->q->to_file || k->r->status == 204 ||
        (k->r->json = parse(k, &where)) != NULL)
        return ERR_OK;
    return broken(k, where.text, e);
}

/* An answer of gRPC is whole when its status has come and no message is left half. */
static enum err read_status(struct call *k, struct error *e)
{
    if (k->enough)
        return ERR_OK;
    if (!is_grpc_answer(k))
        return broken(k, "it is no gRPC", e);
    if (k->grpc_status < 0 || (k->grpc_status == 0 && k->body.len > 0))
        return broken(k, "it was cut off", e);
    if (k->grpc_status == 0)
        return ERR_OK;
    translate_status(k);
    return http_error(k, e);
}

/* Seconds or a date; curl reads both (RFC 9110). */
static int64_t told_retry_after_s(const struct call *k)
{
    curl_off_t s = 0;
    if (curl_easy_getinfo(k->easy, CURLINFO_RETRY_AFTER, &s) != CURLE_OK || s < 0)
        return 0;
    return s < RETRY_AFTER_MOST_S ? s : RETRY_AFTER_MOST_S;
}

static enum err judge(struct call *k, CURLcode code)
{
    (void)curl_easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &k->r->status);
    k->retry_after_s = told_retry_after_s(k);
    if (k->refused != ERR_OK)
        return k->refused;
    if (code != CURLE_OK && !k->enough) {
        k->r->status = 0;
        return transport_error(k, code, k->e);
    }
    if (succeeded(k))
        return k->q->on_message != NULL ? read_status(k, k->e) : read_json(k, k->e);
    json_error_t ignored;
    if (k->body.len > 0)
        k->r->json = parse(k, &ignored);
    return http_error(k, k->e);
}

/* Whether it may pass by itself, unlike what the operator has to set right. */
static bool may_pass(const struct call *k, enum err err)
{
    return (err == ERR_RATE_LIMITED || err == ERR_UNAVAILABLE || err == ERR_TIMEOUT) &&
           k->r->status != 401 && k->r->status != 403 && !not_set_up(k);
}

static bool worth_another_try(const struct call *k, enum err err)
{
    return k->tries < TRIES && k->q->idempotent && may_pass(k, err);
}

/* Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
static int64_t jitter_us(const struct google_client *c, int tries)
{
    int64_t most = BACKOFF_BASE_US << (tries < 16 ? tries : 16);
    uint32_t random;
    if (most > BACKOFF_MOST_US)
        most = BACKOFF_MOST_US;
    c->o.source->random_bytes(c->o.source->self, &random, sizeof random);
    return (int64_t)((double)most * random / UINT32_MAX);
}

static int64_t pause_us(const struct call *k)
{
    return k->retry_after_s > 0 ? k->retry_after_s * US_PER_S : jitter_us(k->client, k->tries);
}

void google_pause(const struct google_client *c, int tries)
{
    int64_t us = jitter_us(c, tries), left = context_left_us();
    if (us > left)
        us = left > 0 ? left : 0;
    struct timespec t = {(time_t)(us / US_PER_S), (long)(us % US_PER_S) * 1000};
    (void)nanosleep(&t, NULL);
}

static void log_retry(const struct call *k, int64_t pause)
{
    char tries[16], ms[24];
    (void)snprintf(tries, sizeof tries, "%d", k->tries);
    (void)snprintf(ms, sizeof ms, "%" PRId64, pause / 1000);
    log_event(LOG_INFO, "a call is tried again", "api", google_api_names[k->q->api], "tries", tries,
              "pause_ms", ms, "cause", k->e->cause, NULL);
}

/* Decides whether the call is over. */
static enum err settle(struct call *k, enum err err)
{
    struct google_client *c = k->client;
    observe(c, k->q->api, GOOGLE_TRIED, k->r->status, monotonic_us() - k->started_us);
    if (k->r->status == 401 && c->o.credentials != NULL && !k->renewed && !k->q->no_auth) {
        google_credentials_refuse(c->o.credentials, k->token);
        k->renewed = true;
        k->not_before_us = 0;
        return rewind_sink(k, k->e);
    }
    if (worth_another_try(k, err)) {
        int64_t pause = pause_us(k);
        if (pause <= PAUSE_MOST_US && pause < context_left_us()) {
            k->not_before_us = monotonic_us() + pause;
            log_retry(k, pause);
            observe(c, k->q->api, GOOGLE_RETRIED, 0, 0);
            return rewind_sink(k, k->e);
        }
    }
    /* Whatever answers, even with what cannot be read, is not down. */
    bool failed = may_pass(k, err) && err != ERR_RATE_LIMITED && !succeeded(k);
    if (!failed || !k->q->goes_on)
        circuit_note(c, k->q->api, failed);
    k->done = true;
    return err;
}

/* --- many calls --- */

struct batch {
    struct google_client *client;
    struct call *calls;
    size_t n, running, left;
    enum err first; /* the first error */
};

static void end_call(struct batch *b, struct call *k, enum err err)
{
    k->done = true;
    b->left--;
    if (err != ERR_OK && b->first == ERR_OK)
        b->first = err;
    if (err == ERR_OK)
        *k->e = (struct error){0};
}

/* Half open: one call shows whether the API is back before the others of the batch follow. */
static bool is_held(const struct batch *b, const struct call *k)
{
    if (k->tries > 0 || b->client->circuits[k->q->api].failures < CIRCUIT_FAILURES)
        return false;
    for (size_t i = 0; i < b->n; i++)
        if (b->calls[i].tries > 0 && !b->calls[i].done && b->calls[i].q->api == k->q->api)
            return true;
    return false;
}

static int64_t longest_wait_us(const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->calls[i].easy != NULL && b->calls[i].q->on_message != NULL)
            return LATE_US;
    return POLL_MS * 1000;
}

/* Starts what is due; returns when the next is, in microseconds from now. */
static int64_t start_due(struct batch *b)
{
    int64_t wait = longest_wait_us(b), t = monotonic_us();
    for (size_t i = 0; i < b->n && b->running < (size_t)b->client->o.parallel; i++) {
        struct call *k = &b->calls[i];
        if (k->done || k->easy != NULL || is_held(b, k))
            continue;
        if (k->not_before_us > t) {
            wait = k->not_before_us - t < wait ? k->not_before_us - t : wait;
            continue;
        }
        enum err err = start(k);
        if (err == ERR_OK) {
            b->running++;
            continue;
        }
        free_try(k);
        end_call(b, k, err);
    }
    return wait;
}

static void collect(struct batch *b)
{
    int more;
    for (CURLMsg *m; (m = curl_multi_info_read(b->client->multi, &more)) != NULL;) {
        struct call *k = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&k);
        enum err err = settle(k, judge(k, code));
        free_try(k);
        b->running--;
        if (k->done || err != ERR_OK)
            end_call(b, k, err);
    }
}

static enum err run(struct batch *b, const struct checkpoint *checkpoint, struct error *e)
{
    int64_t checked_us = monotonic_us();
    while (b->left > 0) {
        int running;
        if (curl_multi_perform(b->client->multi, &running) != CURLM_OK)
            return error_no_memory(e);
        collect(b);
        if (checkpoint != NULL && monotonic_us() - checked_us > US_PER_S) {
            enum err err = checkpoint_pass(checkpoint, e);
            if (err != ERR_OK)
                return err;
            checked_us = monotonic_us();
        }
        int64_t wait = start_due(b); /* in the places of those that have ended, too */
        if (b->left > 0 &&
            curl_multi_poll(b->client->multi, NULL, 0, (int)(wait / 1000) + 1, NULL) != CURLM_OK)
            return error_no_memory(e);
    }
    return ERR_OK;
}

enum err google_call_many(struct google_client *c, const struct google_request *q, size_t n,
                          const struct checkpoint *checkpoint, struct google_reply *r,
                          struct error *errors, struct error *e)
{
    struct batch b = {.client = c, .n = n, .left = n, .calls = calloc(n + 1, sizeof *b.calls)};
    memset(r, 0, n * sizeof *r);
    memset(errors, 0, n * sizeof *errors);
    if (b.calls == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < n; i++)
        b.calls[i] =
            (struct call){.client = c,
                          .q = &q[i],
                          .r = &r[i],
                          .e = &errors[i],
                          .sink_start = q[i].to_file ? lseek(q[i].sink_fd, 0, SEEK_CUR) : 0};
    enum err err = run(&b, checkpoint, e);
    for (size_t i = 0; i < n; i++) {
        if (err == ERR_OK && b.first != ERR_OK && errors[i].kind == b.first) {
            *e = errors[i];
            err = b.first;
        }
        free_try(&b.calls[i]);
        buffer_free(&b.calls[i].json);
        buffer_free(&b.calls[i].body);
    }
    free(b.calls);
    return err;
}

enum err google_call(struct google_client *c, const struct google_request *q,
                     struct google_reply *r, struct error *e)
{
    struct error own;
    return google_call_many(c, q, 1, NULL, r, &own, e);
}

/* --- opening --- */

enum err google_client_open(const struct google_client_options *o, struct google_client **out,
                            struct error *e)
{
    struct google_client *c = calloc(1, sizeof *c);
    bool ok = true;
    *out = NULL;
    if (c == NULL)
        return error_no_memory(e);
    c->o = *o;
    c->o.api_key = text_dup(o->api_key, &ok);
    c->o.ca_file = text_dup(o->ca_file, &ok);
    for (int i = 0; i < GOOGLE_API__MAX; i++)
        c->o.base_url[i] = text_dup(o->base_url[i], &ok);
    if (c->o.parallel < 1)
        c->o.parallel = 1;
    if (!ok || (c->multi = curl_multi_init()) == NULL) {
        google_client_close(c);
        return error_no_memory(e);
    }
    (void)curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    *out = c;
    return ERR_OK;
}

void google_client_close(struct google_client *c)
{
    if (c == NULL)
        return;
    if (c->multi != NULL)
        (void)curl_multi_cleanup(c->multi);
    free((char *)c->o.api_key);
    free((char *)c->o.ca_file);
    for (int i = 0; i < GOOGLE_API__MAX; i++)
        free((char *)c->o.base_url[i]);
    free(c);
}
