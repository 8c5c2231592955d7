/* One try of a call, on libcurl. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/context.h"
#include "google/call.h"

#define CONNECT_S 5
#define TRY_S     10

bool call_is_grpc(const struct call *k)
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
    if (good && call_is_grpc(k))
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
    size_t capacity = size * n < (size_t)left ? size * n : (size_t)left;
    ssize_t got = pread(k->q->body_fd, out, capacity, k->q->body_offset + k->sent);
    if (got < 0 || (got == 0 && capacity > 0))
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
    else if (ok && o->tokens.token != NULL && !q->no_auth) {
        if ((err = o->tokens.token(o->tokens.self, &token, &k->token, e)) == ERR_OK)
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

enum err call_rewind(const struct call *k, struct error *e)
{
    if (k->q->to_file && (ftruncate(k->q->sink_fd, k->sink_start) != 0 ||
                          lseek(k->q->sink_fd, k->sink_start, SEEK_SET) < 0))
        return error_set(e, ERR_STORAGE_FULL, "A download could not be stored; try again.");
    return ERR_OK;
}

enum err call_start(struct call *k)
{
    enum err err = ERR_OK;
    if (k->q->json != NULL && k->json.len == 0)
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

void call_end_try(struct call *k)
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
