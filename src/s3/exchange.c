#include "s3/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/context.h"

#define CONNECT_S    3
#define STALLED_S    10 /* nothing moves for so long */
#define STALLED_RATE 1  /* bytes a second */
#define ANSWER_MAX   (4U << 20)
#define WAIT_MOST_S  86400

struct progress {
    CURL *easy;
    const struct exchange *x;
    struct answer *a;
    int64_t sent;
    bool sink_failed;
};

void answer_clear(struct answer *a)
{
    buffer_free(&a->body);
    memset(a, 0, sizeof *a);
}

static bool keep(struct progress *p, const char *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t m = write(p->x->sink_fd, bytes + done, n - done);
        if (m < 0 && errno != EINTR) {
            p->sink_failed = true;
            return false;
        }
        done += m > 0 ? (size_t)m : 0;
    }
    return true;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *self)
{
    struct progress *p = self;
    long status = 0;
    (void)size;
    (void)curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    if (p->x->to_file && status >= 200 && status <= 299)
        return keep(p, bytes, n) ? n : 0;
    if (p->a->body.len + n > ANSWER_MAX)
        return 0;
    buffer_append(&p->a->body, bytes, n);
    return buffer_failed(&p->a->body) ? 0 : n;
}

static size_t on_read(char *out, size_t size, size_t n, void *self)
{
    struct progress *p = self;
    const struct exchange *x = p->x;
    size_t left = (size_t)(x->body_len - p->sent), most = size * n < left ? size * n : left;
    if (x->body_from_file) {
        ssize_t got = pread(x->body_fd, out, most, x->body_at + p->sent);
        if (got < 0 || (got == 0 && most > 0))
            return CURL_READFUNC_ABORT;
        most = (size_t)got;
    } else if (most > 0) {
        memcpy(out, (const char *)x->body + p->sent, most);
    }
    p->sent += (int64_t)most;
    return most;
}

static int on_seek(void *self, curl_off_t offset, int origin)
{
    struct progress *p = self;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    p->sent = offset;
    return CURL_SEEKFUNC_OK;
}

static enum err set_headers(const struct exchange *x, struct curl_slist **out, struct error *e)
{
    *out = NULL;
    for (const char *const *h = x->headers; h != NULL && *h != NULL; h++) {
        struct curl_slist *longer = curl_slist_append(*out, *h);
        if (longer == NULL)
            return error_no_memory(e);
        *out = longer;
    }
    return ERR_OK;
}

static void set_body(struct progress *p)
{
    const struct exchange *x = p->x;
    bool sends = strcmp(x->method, "PUT") == 0 || strcmp(x->method, "POST") == 0;
    if (sends) {
        (void)curl_easy_setopt(p->easy, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(p->easy, CURLOPT_READFUNCTION, on_read);
        (void)curl_easy_setopt(p->easy, CURLOPT_READDATA, p);
        (void)curl_easy_setopt(p->easy, CURLOPT_SEEKFUNCTION, on_seek);
        (void)curl_easy_setopt(p->easy, CURLOPT_SEEKDATA, p);
        (void)curl_easy_setopt(p->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->body_len);
    }
    if (strcmp(x->method, "HEAD") == 0)
        (void)curl_easy_setopt(p->easy, CURLOPT_NOBODY, 1L);
    else
        (void)curl_easy_setopt(p->easy, CURLOPT_CUSTOMREQUEST, x->method);
}

static void set_limits(CURL *easy, const struct exchange *x)
{
    int64_t left_ms = context_left_us() / 1000;
    long ms = x->timeout_s * 1000L;
    if (left_ms < ms)
        ms = left_ms > 1 ? (long)left_ms : 1;
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_S * 1000L);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALLED_RATE);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (x->ca_file != NULL)
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, x->ca_file);
    if (x->direct)
        (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

static bool set_signature(CURL *easy, const struct exchange *x)
{
    return x->signature == NULL ||
           (curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, x->signature) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_USERNAME, x->access_key) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_PASSWORD, x->secret_key) == CURLE_OK);
}

static void read_headers(CURL *easy, struct answer *a)
{
    struct curl_header *h;
    curl_off_t length = -1, modified = -1, wait = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &a->status);
    (void)curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    (void)curl_easy_getinfo(easy, CURLINFO_FILETIME_T, &modified);
    (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait);
    a->length = length;
    a->updated_us = modified > 0 ? modified * US_PER_S : 0;
    a->retry_after_s = wait > 0 && wait < WAIT_MOST_S ? (int)wait : 0;
    if (curl_easy_header(easy, "ETag", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        (void)snprintf(a->etag, sizeof a->etag, "%s", h->value);
}

static enum err transport_error(const struct progress *p, CURLcode code, struct error *e)
{
    const char *name = p->x->service;
    if (p->sink_failed)
        return error_set(e, ERR_STORAGE_FULL, "A download could not be stored; try again.");
    if (code == CURLE_OPERATION_TIMEDOUT)
        error_set(e, ERR_TIMEOUT, "%s did not answer in time; try again.", name);
    else
        error_set(e, ERR_UNAVAILABLE, "%s cannot be reached; try again.", name);
    e->retry_after_s = 2;
    return error_cause(e, "%s", curl_easy_strerror(code));
}

enum err exchange_run(CURL *easy, const struct exchange *x, struct answer *a, struct error *e)
{
    struct progress p = {.easy = easy, .x = x, .a = a};
    struct curl_slist *headers = NULL;
    memset(a, 0, sizeof *a);
    curl_easy_reset(easy);
    enum err err = set_headers(x, &headers, e);
    if (err == ERR_OK &&
        (curl_easy_setopt(easy, CURLOPT_URL, x->url) != CURLE_OK || !set_signature(easy, x)))
        err = error_no_memory(e);
    if (err == ERR_OK) {
        set_limits(easy, x);
        set_body(&p);
        (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &p);
        (void)curl_easy_setopt(easy, CURLOPT_FILETIME, 1L);
        CURLcode code = curl_easy_perform(easy);
        read_headers(easy, a);
        if (code != CURLE_OK)
            err = transport_error(&p, code, e);
    }
    curl_slist_free_all(headers);
    return err;
}
