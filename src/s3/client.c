#include "s3/client.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/circuit.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "base/random.h"
#include "base/uri.h"
#include "s3/counters.h"
#include "s3/reply.h"

#define TRY_S           5
#define TRANSFER_S      300 /* of one body; one that stalls ends before (exchange.c) */
#define RETRY_S         6   /* no try begins later than this after the first */
#define BACKOFF_BASE_US (US_PER_S / 10)
#define BACKOFF_MOST_US (2 * US_PER_S)
#define SHA256_HEX      (2 * crypto_hash_sha256_BYTES)

struct s3_client {
    const struct s3_settings *settings;
    const struct clock *clock;
    struct s3_keyring *keyring;
    struct circuit circuit;
    CURL *easy;
    char *base, *signature;
};

/* A request on its way through its tries. */
struct call {
    struct s3_client *client;
    const struct s3_request *q;
    struct answer *a;
    struct buffer url;
    char sha256[SHA256_HEX + 32]; /* the header of the body's digest */
    enum verdict verdict;
};

/* --- where the bucket is --- */

static void append_endpoint(const struct s3_settings *s, bool links, struct buffer *out)
{
    if (links && s->link_endpoint != NULL)
        buffer_puts(out, s->link_endpoint);
    else if (s->endpoint != NULL)
        buffer_puts(out, s->endpoint);
    else
        buffer_printf(out, "https://s3.%s.amazonaws.com", s->region);
}

void s3_origin(const struct s3_settings *s, struct buffer *out)
{
    struct buffer url = BUFFER_INIT;
    s3_base_url(s, true, &url);
    const char *slashes = url.data != NULL ? strstr(url.data, "://") : NULL;
    if (slashes != NULL)
        buffer_printf(out, "%.*s", (int)(slashes + 3 - url.data + strcspn(slashes + 3, "/")),
                      url.data);
    out->failed = out->failed || url.failed;
    buffer_free(&url);
}

void s3_base_url(const struct s3_settings *s, bool links, struct buffer *out)
{
    struct buffer endpoint = BUFFER_INIT;
    append_endpoint(s, links, &endpoint);
    const char *url = endpoint.data != NULL ? endpoint.data : "";
    const char *slashes = strstr(url, "://"), *host = slashes != NULL ? slashes + 3 : url;
    if (s->path_style)
        buffer_printf(out, "%s/%s", url, s->bucket);
    else
        buffer_printf(out, "%.*s%s.%s", (int)(host - url), url, s->bucket, host);
    out->failed = out->failed || endpoint.failed;
    buffer_free(&endpoint);
}

/* --- one try --- */

static void hash_file(const struct s3_request *q, unsigned char digest[crypto_hash_sha256_BYTES])
{
    crypto_hash_sha256_state s;
    unsigned char chunk[16384];
    (void)crypto_hash_sha256_init(&s);
    for (int64_t done = 0; done < q->body_len;) {
        size_t left = (size_t)(q->body_len - done);
        ssize_t n =
            pread(q->body_fd, chunk, left < sizeof chunk ? left : sizeof chunk, q->body_at + done);
        if (n <= 0)
            break; /* sending it fails as well */
        (void)crypto_hash_sha256_update(&s, chunk, (unsigned long long)n);
        done += n;
    }
    (void)crypto_hash_sha256_final(&s, digest);
}

static void set_digest(struct call *k)
{
    static const char name[] = "x-amz-content-sha256: ";
    unsigned char digest[crypto_hash_sha256_BYTES];
    const struct s3_request *q = k->q;
    if (q->body_from_file)
        hash_file(q, digest);
    else
        (void)crypto_hash_sha256(digest, q->body, (unsigned long long)q->body_len);
    memcpy(k->sha256, name, sizeof name);
    (void)sodium_bin2hex(k->sha256 + sizeof name - 1, SHA256_HEX + 1, digest, sizeof digest);
}

#define HEADERS_MAX 8

static enum err exchange(struct call *k, const struct s3_keys *keys, struct error *e)
{
    const struct s3_request *q = k->q;
    struct buffer token = BUFFER_INIT;
    const char *headers[HEADERS_MAX] = {k->sha256};
    size_t n = 1;
    if (keys->token != NULL) {
        buffer_printf(&token, "x-amz-security-token: %s", keys->token);
        headers[n++] = token.data;
    }
    for (size_t i = 0; q->headers != NULL && q->headers[i] != NULL && n + 1 < HEADERS_MAX; i++)
        headers[n++] = q->headers[i];
    const struct exchange x = {.service = "S3",
                               .method = q->method,
                               .url = k->url.data,
                               .headers = headers,
                               .timeout_s = q->moves_bytes ? TRANSFER_S : TRY_S,
                               .ca_file = k->client->settings->ca_file,
                               .body = q->body,
                               .body_len = q->body_len,
                               .body_from_file = q->body_from_file,
                               .body_fd = q->body_fd,
                               .body_at = q->body_at,
                               .to_file = q->to_file,
                               .sink_fd = q->sink_fd,
                               .signature = k->client->signature,
                               .access_key = keys->access,
                               .secret_key = keys->secret};
    enum err err =
        buffer_failed(&token) ? error_no_memory(e) : exchange_run(k->client->easy, &x, k->a, e);
    if (token.data != NULL)
        sodium_memzero(token.data, token.len);
    buffer_free(&token);
    return err;
}

static enum err try_once(struct call *k, struct error *e)
{
    const struct s3_keys *keys;
    struct answer *a = k->a;
    answer_clear(a);
    k->verdict = VERDICT_OPERATOR;
    enum err err = s3_keyring_get(k->client->keyring, &keys, e);
    if (err != ERR_OK)
        return err;
    k->verdict = VERDICT_AGAIN;
    int64_t started_us = monotonic_us();
    err = exchange(k, keys, e);
    s3_counters_note(CALL_TRIED, a->status, monotonic_us() - started_us);
    if (err != ERR_OK)
        return err;
    bool good = a->status >= 200 && a->status <= 299;
    if (good && (k->q->to_file || !reply_is_error(a->body.data, a->body.len)))
        return ERR_OK;
    err = reply_judge(a->status, a->body.data, a->body.len, &k->verdict, e);
    if (err_is_transient(err) && a->retry_after_s > 0)
        e->retry_after_s = a->retry_after_s;
    return err;
}

/* --- many tries --- */

static int64_t jitter_us(int tries)
{
    return random_full_jitter_us(backoff_us(BACKOFF_BASE_US, tries, BACKOFF_MOST_US));
}

bool s3_again(enum err err, int64_t started_us, int tries)
{
    int64_t pause = jitter_us(tries);
    if ((err != ERR_UNAVAILABLE && err != ERR_TIMEOUT && err != ERR_RATE_LIMITED) ||
        monotonic_us() + pause - started_us > RETRY_S * US_PER_S || pause >= context_left_us())
        return false;
    struct timespec t = {(time_t)(pause / US_PER_S), (long)(pause % US_PER_S) * 1000};
    (void)nanosleep(&t, NULL);
    s3_counters_note(CALL_RETRIED, 0, 0);
    return true;
}

static void log_retry(int tries, const struct error *e)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", tries);
    log_event(LOG_INFO, "a call is tried again", "api", "S3", "tries", text, "cause", e->cause,
              NULL);
}

static enum err may_call(const struct s3_client *c, struct error *e)
{
    int64_t left = circuit_open_us(&c->circuit, monotonic_us());
    if (left == 0)
        return ERR_OK;
    s3_counters_note(CALL_REFUSED, 0, 0);
    error_set(e, ERR_UNAVAILABLE, "S3 does not answer; try again.");
    e->retry_after_s = (int)(left / US_PER_S) + 1;
    return error_cause(e, "not called for another %d s after repeated failure", e->retry_after_s);
}

/* What was refused was answered, so the server is not down. */
static void note(struct s3_client *c, const struct call *k, enum err err)
{
    bool failed = err_is_transient(err) && err != ERR_RATE_LIMITED && err != ERR_STORAGE_FULL &&
                  k->verdict == VERDICT_AGAIN;
    if (circuit_note(&c->circuit, failed, monotonic_us()))
        log_event(LOG_WARNING, "an API keeps failing and is left alone for a while", "api", "S3",
                  NULL);
}

static enum err run(struct call *k, struct error *e)
{
    struct s3_client *c = k->client;
    int64_t started_us = monotonic_us();
    bool renewed = false;
    for (int tries = 1;; tries++) {
        enum err err = try_once(k, e);
        if (err != ERR_OK && k->verdict == VERDICT_KEYS && !renewed &&
            s3_keyring_renew(c->keyring)) {
            renewed = true;
            continue;
        }
        if (err == ERR_OK || k->verdict != VERDICT_AGAIN || k->q->to_file ||
            !s3_again(err, started_us, tries)) {
            note(c, k, err);
            return err;
        }
        log_retry(tries, e);
    }
}

enum err s3_call(struct s3_client *c, const struct s3_request *q, struct answer *a, struct error *e)
{
    struct call k = {.client = c, .q = q, .a = a};
    memset(a, 0, sizeof *a);
    enum err err = may_call(c, e);
    if (err != ERR_OK)
        return err;
    buffer_printf(&k.url, "%s/", c->base);
    if (q->name != NULL)
        uri_escape_path(&k.url, q->name);
    if (q->query != NULL)
        buffer_printf(&k.url, "?%s", q->query);
    set_digest(&k);
    err = buffer_failed(&k.url) ? error_no_memory(e) : run(&k, e);
    buffer_free(&k.url);
    return err;
}

enum err s3_client_keys(struct s3_client *c, const struct s3_keys **out, struct error *e)
{
    return s3_keyring_get(c->keyring, out, e);
}

enum err s3_client_open(const struct s3_settings *settings, const struct clock *clock,
                        struct s3_client **out, struct error *e)
{
    struct s3_client *c = calloc(1, sizeof *c);
    struct buffer base = BUFFER_INIT, signature = BUFFER_INIT;
    *out = c;
    if (c == NULL)
        return error_no_memory(e);
    c->settings = settings;
    c->clock = clock;
    s3_base_url(settings, false, &base);
    buffer_printf(&signature, "aws:amz:%s:s3", settings->region);
    c->base = buffer_take(&base);
    c->signature = buffer_take(&signature);
    c->easy = curl_easy_init();
    enum err err = c->base != NULL && c->signature != NULL && c->easy != NULL
                       ? s3_keyring_open(settings, clock, &c->keyring, e)
                       : error_no_memory(e);
    if (err != ERR_OK) {
        s3_client_close(c);
        *out = NULL;
    }
    return err;
}

void s3_client_close(struct s3_client *c)
{
    if (c == NULL)
        return;
    s3_keyring_close(c->keyring);
    curl_easy_cleanup(c->easy);
    free(c->base);
    free(c->signature);
    free(c);
}
