#include "core/callback.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/blob_names.h"
#include "core/job_change.h"

#define TASK_PATH   "/api/v1/tasks/deliver-callback"
#define SWEEP_BATCH 1000 /* marks */

/* Within a string of the JSON the quotes would be escaped. */
static bool has_callback(const struct job *j)
{
    return j->request_json != NULL && strstr(j->request_json, ",\"callback_url\":\"") != NULL;
}

static bool is_told(const struct job *j)
{
    return has_callback(j) && (j->status != JOB_FAILED || j->attempts > 0);
}

static struct callback callback_of(const char *job_id, int64_t version, int attempt)
{
    struct callback c = {.version = version, .attempt = attempt};
    (void)snprintf(c.job_id, sizeof c.job_id, "%s", job_id);
    return c;
}

static void task_name(const struct callback *c, char out[TASK_NAME_MAX + 1])
{
    (void)snprintf(out, TASK_NAME_MAX + 1, "callback-%s-%" PRId64 "-%d", c->job_id, c->version,
                   c->attempt);
}

static enum err put_mark(const struct services *s, const struct callback *c, struct error *e)
{
    char name[BLOB_NAME_MAX + 1];
    callback_mark_name(c->job_id, c->version, c->attempt, name);
    return s->blobs.ops->put_bytes(s->blobs.self, name, "", 0, "text/plain", e);
}

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
                     .schedule_us = delay_us > 0 ? job_steady_us(s) + delay_us : 0,
                     .traceparent = j->traceparent,
                     .owner = j->owner,
                     .size = 1};
    task_name(c, t.name);
    return s->queue.ops->enqueue(s->queue.self, &t, e);
}

enum err callback_mark(const struct services *s, const struct job *j, struct error *e)
{
    const struct callback c = callback_of(j->id, j->version + 1, 0); /* as it will be stored */
    return is_told(j) ? put_mark(s, &c, e) : ERR_OK;
}

void callback_announce(const struct services *s, const struct job *j)
{
    const struct callback c = callback_of(j->id, j->version, 0);
    struct error e = {0};
    if (is_told(j) && enqueue(s, j, &c, 0, &e) != ERR_OK)
        log_error(LOG_WARNING, "a callback could not be queued yet; the sweep does it", &e);
}

static enum err queue_next(const struct services *s, const struct job *j, const struct callback *c,
                           int64_t delay_us, struct error *e)
{
    const struct callback next = callback_of(c->job_id, c->version, c->attempt + 1);
    enum err err = put_mark(s, &next, e);
    return err == ERR_OK ? enqueue(s, j, &next, delay_us, e) : err;
}

enum err callback_again(const struct services *s, const struct job *j, const struct callback *c,
                        struct error *e)
{
    return queue_next(
        s, j, c,
        backoff_us(s->cfg->retry_base_s * US_PER_S, c->attempt, s->cfg->retry_max_s * US_PER_S), e);
}

void callback_done(const struct services *s, const char *job_id)
{
    char prefix[BLOB_NAME_MAX + 1];
    struct error e = {0};
    callback_marks_prefix(job_id, prefix);
    if (s->blobs.ops->remove_prefix(s->blobs.self, prefix, &e) != ERR_OK)
        log_error(LOG_WARNING, "the mark of a callback cannot be removed yet", &e);
}

/* Who changed a job that has not ended after all announces its end again. */
enum err callback_job(const struct services *s, const struct callback *c, struct job **out,
                      struct error *e)
{
    *out = NULL;
    enum err err = job_load(s, NULL, c->job_id, out, e);
    if (err == ERR_OK && has_callback(*out) && job_is_final(*out))
        return ERR_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    job_free(*out);
    *out = NULL;
    log_event(LOG_INFO, "a callback is dropped: the job was erased, goes on or has none", NULL);
    return ERR_OK;
}

/* --- the sweep --- */

static bool read_mark(const char *name, struct callback *out)
{
    const char *rest = name + strlen(CALLBACKS_PREFIX);
    return sscanf(rest, "%36[^/]/%" SCNd64 "-%d", out->job_id, &out->version, &out->attempt) == 3;
}

/* A name that was queued within the hour may be known to the queue as done: hence the next one. */
static enum err take_up(const struct services *s, const struct callback *c, struct error *e)
{
    char name[TASK_NAME_MAX + 1];
    struct job *j = NULL;
    bool waits = false;
    task_name(c, name);
    enum err err = s->queue.ops->exists(s->queue.self, name, &waits, e);
    if (err == ERR_OK && !waits)
        err = job_load(s, NULL, c->job_id, &j, e);
    if (err == ERR_NOT_FOUND) {
        callback_done(s, c->job_id);
        return ERR_OK;
    }
    if (err == ERR_OK && j != NULL && job_is_final(j)) {
        log_event(LOG_NOTICE, "a callback whose task did not come is queued again", "jobId", j->id,
                  NULL);
        err = queue_next(s, j, c, 0, e);
    }
    job_free(j);
    return err;
}

/* Of a job's marks the last counts; one at the end of the list is seen again with those after it.
 */
static enum err sweep_marks(const struct services *s, const struct blob_list *marks, bool more,
                            struct error *e)
{
    int64_t stale_us = clock_now_us(s->clock) - s->cfg->job_stale_s * US_PER_S;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < marks->n; i++) {
        struct callback c = {0}, next = {0};
        bool last = i + 1 == marks->n;
        if (!read_mark(marks->items[i].name, &c) || (last && more) ||
            marks->items[i].info.updated_us > stale_us)
            continue;
        if (last || !read_mark(marks->items[i + 1].name, &next) ||
            strcmp(c.job_id, next.job_id) != 0)
            err = take_up(s, &c, e);
    }
    return err;
}

enum err callback_sweep(const struct services *s, struct error *e)
{
    char after[BLOB_NAME_MAX + 1] = "";
    enum err err = ERR_OK;
    for (bool more = true; err == ERR_OK && more;) {
        struct blob_list marks = {0};
        err = s->blobs.ops->list(s->blobs.self, CALLBACKS_PREFIX, after, SWEEP_BATCH, &marks, e);
        more = err == ERR_OK && marks.n == SWEEP_BATCH;
        if (err == ERR_OK)
            err = sweep_marks(s, &marks, more, e);
        if (more)
            (void)snprintf(after, sizeof after, "%s", marks.items[marks.n - 2].name);
        blob_list_free(&marks);
    }
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
