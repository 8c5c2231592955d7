#include "migrate/retry.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"

#define STEP_MS         100
#define RETRY_AFTER_MAX 60

enum err retry_reason(const char *reason)
{
    static const struct {
        const char *reason;
        enum err kind;
    } reasons[] = {
        {"backendError", ERR_UNAVAILABLE},          {"internalError", ERR_UNAVAILABLE},
        {"jobBackendError", ERR_UNAVAILABLE},       {"jobInternalError", ERR_UNAVAILABLE},
        {"tableUnavailable", ERR_UNAVAILABLE},      {"rateLimitExceeded", ERR_RATE_LIMITED},
        {"jobRateLimitExceeded", ERR_RATE_LIMITED}, {"userRateLimitExceeded", ERR_RATE_LIMITED},
    };
    for (size_t i = 0; reason != NULL && i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].reason, reason) == 0)
            return reasons[i].kind;
    return ERR_UNPROCESSABLE;
}

enum err retry_wait(const struct checkpoint *checkpoint, int64_t ms, struct error *e)
{
    enum err err = checkpoint_pass(checkpoint, e);
    for (int64_t end_us = monotonic_us() + ms * 1000; err == ERR_OK && monotonic_us() < end_us;) {
        struct timespec t = {0, (ms < STEP_MS ? ms : STEP_MS) * 1000000L};
        (void)nanosleep(&t, NULL);
        err = checkpoint_pass(checkpoint, e);
    }
    return err;
}

enum err retry_pause(const struct checkpoint *checkpoint, int round, int retry_after_s,
                     struct error *e)
{
    int64_t most = backoff_us(US_PER_S / 4, round, 8 * US_PER_S);
    int64_t ms = random_jitter_us(most) / 1000;
    if (retry_after_s > 0)
        ms = (retry_after_s < RETRY_AFTER_MAX ? retry_after_s : RETRY_AFTER_MAX) * INT64_C(1000);
    return retry_wait(checkpoint, ms, e);
}

/* 403 is BigQuery's answer to a limit too; its reason tells. */
static enum err error_kind(const struct google_reply *r, enum err err, struct error *e)
{
    const json_t *error = json_object_get(r->json, "error");
    const json_t *first = json_array_get(json_object_get(error, "errors"), 0);
    const char *reason = json_string_value(json_object_get(first, "reason"));
    if (r->status != 403 || reason == NULL)
        return r->status == 401 || r->status == 403 ? ERR_UNPROCESSABLE : err;
    if (strcmp(reason, "quotaExceeded") == 0) {
        const char *message = json_string_value(json_object_get(error, "message"));
        error_set(e, ERR_UNPROCESSABLE, "A quota is used up; go on later with --resume.");
        return error_cause(e, "%s", message != NULL ? message : reason);
    }
    return retry_reason(reason);
}

enum err retry_call(struct google_client *c, const struct google_request *q,
                    const struct checkpoint *checkpoint, struct google_reply *r, struct error *e)
{
    struct error own;
    enum err err;
    for (int round = 0;; round++) {
        struct error stopped;
        *e = (struct error){0};
        memset(r, 0, sizeof *r);
        err = checkpoint_pass(checkpoint, e);
        if (err == ERR_OK)
            err = google_call_many(c, q, 1, checkpoint, r, &own, e);
        if (err == ERR_OK || checkpoint_pass(checkpoint, &stopped) != ERR_OK)
            return err;
        enum err kind = error_kind(r, err, e);
        e->kind = kind;
        if (!err_is_transient(kind) || kind == ERR_STORAGE_FULL || !q->idempotent ||
            round + 1 >= RETRY_ROUNDS)
            return e->kind;
        google_reply_clear(r);
        if ((err = retry_pause(checkpoint, round, e->retry_after_s, &stopped)) != ERR_OK) {
            *e = stopped;
            return err;
        }
    }
}
