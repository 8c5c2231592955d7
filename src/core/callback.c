#include "core/callback.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/job_change.h"

#define TASK_PATH "/api/v1/tasks/deliver-callback"
#define STORED_US US_PER_S /* until then the end of the job is stored, as a rule */

static enum err enqueue(const struct services *s, const struct job *j, const struct callback *c,
                        int64_t delay_us, struct error *e)
{
    char body[160];
    int n =
        snprintf(body, sizeof body, "{\"job_id\":\"%s\",\"version\":%" PRId64 ",\"attempt\":%d}",
                 c->job_id, c->version, c->attempt);
    struct task t = {.path = TASK_PATH,
                     .body = body,
                     .body_len = (size_t)n,
                     .schedule_us = job_steady_us(s) + delay_us,
                     .traceparent = j->traceparent,
                     .owner = j->owner,
                     .size = 1};
    (void)snprintf(t.name, sizeof t.name, "callback-%s-%" PRId64 "-%d", c->job_id, c->version,
                   c->attempt);
    return s->queue.ops->enqueue(s->queue.self, &t, e);
}

/* Within a string of the JSON the quotes would be escaped. */
static bool has_callback(const struct job *j)
{
    return j->request_json != NULL && strstr(j->request_json, ",\"callback_url\":\"") != NULL;
}

enum err callback_announce(const struct services *s, const struct job *j, struct error *e)
{
    struct callback c = {.version = j->version};
    if (!has_callback(j) || (j->status == JOB_FAILED && j->attempts == 0))
        return ERR_OK;
    (void)snprintf(c.job_id, sizeof c.job_id, "%s", j->id);
    return enqueue(s, j, &c, STORED_US, e);
}

enum err callback_again(const struct services *s, const struct job *j, const struct callback *c,
                        struct error *e)
{
    struct callback next = *c;
    next.attempt++;
    return enqueue(
        s, j, &next,
        backoff_us(s->cfg->retry_base_s * US_PER_S, c->attempt, s->cfg->retry_max_s * US_PER_S), e);
}

/* Who changed a job that has not ended after all announces its end again. */
enum err callback_job(const struct services *s, const struct callback *c, struct job **out,
                      struct error *e)
{
    enum err err = job_load(s, NULL, c->job_id, out, e);
    bool asked = err == ERR_OK && has_callback(*out);
    if (asked && job_is_final(*out))
        return ERR_OK;
    bool nobody = err == ERR_OK && (!asked || (*out)->version > c->version);
    if (err == ERR_OK)
        job_free(*out);
    *out = NULL;
    if (err == ERR_NOT_FOUND || nobody) {
        log_event(LOG_INFO, "a callback is dropped: the job was erased, goes on or has none", NULL);
        return ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    err = error_set(e, ERR_CONFLICT, "The job has not ended yet.");
    e->retry_after_s = 1;
    return err;
}

char *callback_url_of(const struct job *j)
{
    json_t *request = has_callback(j) ? json_loads(j->request_json, 0, NULL) : NULL;
    const char *url = json_string_value(json_object_get(request, "callback_url"));
    char *copy = url != NULL ? strdup(url) : NULL;
    json_decref(request);
    return copy;
}
