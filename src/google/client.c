#include "google/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "google/call.h"

#define TRIES           4
#define BACKOFF_BASE_US (US_PER_S / 4)
#define BACKOFF_MOST_US (8 * US_PER_S)
#define PAUSE_MOST_US   (10 * US_PER_S) /* a longer Retry-After is the caller's to wait out */
#define POLL_MS         1000
#define LATE_US         5000 /* curl 7.88 sees the end of a stream when it is next called only */

const char *const google_api_names[GOOGLE_API__MAX] = {
    "Cloud Storage", "Firestore", "Cloud Tasks",     "BigQuery",
    "Document AI",   "Gemini",    "IAM Credentials", "the token service",
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

static void observe(const struct google_client *c, enum google_api api, enum call_event event,
                    long status, int64_t us)
{
    if (c->o.observe != NULL)
        c->o.observe(api, event, status, us);
}

/* --- the circuits: an API that keeps failing is left alone --- */

enum err google_may_call(const struct google_client *c, enum google_api api, struct error *e)
{
    int64_t left = circuit_open_us(&c->circuits[api], monotonic_us());
    if (left == 0)
        return ERR_OK;
    observe(c, api, CALL_REFUSED, 0, 0);
    error_set(e, ERR_UNAVAILABLE, "%s does not answer; try again.", google_api_names[api]);
    e->retry_after_s = (int)(left / US_PER_S) + 1;
    return error_cause(e, "not called for another %d s after repeated failure", e->retry_after_s);
}

static void note_failure(struct google_client *c, enum google_api api, bool failed)
{
    if (circuit_note(&c->circuits[api], failed, monotonic_us()))
        log_event(LOG_WARNING, "an API keeps failing and is left alone for a while", "api",
                  google_api_names[api], NULL);
}

static bool worth_another_try(const struct call *k, enum err err)
{
    return k->tries < TRIES && k->q->idempotent && call_may_pass(k, err);
}

static int64_t jitter_us(int tries)
{
    return random_full_jitter_us(backoff_us(BACKOFF_BASE_US, tries, BACKOFF_MOST_US));
}

static int64_t pause_us(const struct call *k)
{
    return k->retry_after_s > 0 ? k->retry_after_s * US_PER_S : jitter_us(k->tries);
}

void google_pause(int tries)
{
    int64_t us = jitter_us(tries), left = context_left_us();
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
static enum err decide(struct call *k, enum err err)
{
    struct google_client *c = k->client;
    observe(c, k->q->api, CALL_TRIED, k->r->status, monotonic_us() - k->started_us);
    if (k->r->status == 401 && c->o.tokens.token != NULL && !k->renewed && !k->q->no_auth) {
        c->o.tokens.refuse(c->o.tokens.self, k->token);
        k->renewed = true;
        k->not_before_us = 0;
        return call_rewind(k, k->e);
    }
    if (worth_another_try(k, err)) {
        int64_t pause = pause_us(k);
        if (pause <= PAUSE_MOST_US && pause < context_left_us()) {
            k->not_before_us = monotonic_us() + pause;
            log_retry(k, pause);
            observe(c, k->q->api, CALL_RETRIED, 0, 0);
            return call_rewind(k, k->e);
        }
    }
    /* Whatever answers, even with what cannot be read, is not down. */
    bool failed = call_may_pass(k, err) && err != ERR_RATE_LIMITED && !call_succeeded(k);
    if (!failed || !k->q->caller_retries)
        note_failure(c, k->q->api, failed);
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
static bool waits_for_probe(const struct batch *b, const struct call *k)
{
    if (k->tries > 0 || !circuit_tripped(&b->client->circuits[k->q->api]))
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
        if (k->done || k->easy != NULL || waits_for_probe(b, k))
            continue;
        if (k->not_before_us > t) {
            wait = k->not_before_us - t < wait ? k->not_before_us - t : wait;
            continue;
        }
        /* A call that was let through makes all its tries. */
        enum err err = k->tries == 0 ? google_may_call(b->client, k->q->api, k->e) : ERR_OK;
        if (err == ERR_OK)
            err = call_start(k);
        if (err == ERR_OK) {
            b->running++;
            continue;
        }
        call_end_try(k);
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
        enum err err = decide(k, call_result(k, code));
        call_end_try(k);
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
        call_end_try(&b.calls[i]);
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
