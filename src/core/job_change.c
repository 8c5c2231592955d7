#include "core/job_change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "core/blob_names.h"
#include "core/callback.h"
#include "core/sealed_password.h"

#define REQUEST_IN_TASK_MAX 65536 /* bytes: queues and nginx refuse long bodies */

#define SIZE_MOST 60 /* a large task waits for later small ones no longer than this, in seconds */

int64_t job_now_us(const struct services *s)
{
    return clock_now_us(s->clock);
}

int64_t job_steady_us(const struct services *s)
{
    return clock_steady_us(s->clock);
}

int64_t job_lease_us(const struct services *s)
{
    return s->cfg->job_lease_s * US_PER_S;
}

void job_task_name(const char *kind, const struct job *j, char out[TASK_NAME_MAX + 1])
{
    (void)snprintf(out, TASK_NAME_MAX + 1, "%s-%s-%" PRId64, kind, j->id, j->version);
}

/* A second a region; who looks for them has a whole document read. */
static int size_of(const struct job *j)
{
    int n = j->regions_count > 0 ? j->regions_count : SIZE_MOST;
    return n < SIZE_MOST ? n : SIZE_MOST;
}

static enum err enqueue(const struct services *s, const char *kind, const char *path,
                        const struct job *j, struct buffer *body, int64_t schedule_us,
                        struct error *e)
{
    if (buffer_failed(body))
        return error_no_memory(e);
    struct task t = {.path = path,
                     .body = body->data,
                     .body_len = body->len,
                     .schedule_us = schedule_us,
                     .traceparent = j->traceparent,
                     .owner = j->owner,
                     .size = size_of(j)};
    job_task_name(kind, j, t.name);
    return s->queue.ops->enqueue(s->queue.self, &t, e);
}

enum err job_enqueue_extraction(const struct services *s, const struct job *j, struct error *e)
{
    struct buffer body = BUFFER_INIT;
    buffer_printf(&body, "{\"job_id\":\"%s\",\"pdf_id\":\"%s\"", j->id, j->pdf_id);
    if (strlen(j->request_json) <= REQUEST_IN_TASK_MAX)
        buffer_printf(&body, ",\"request_data\":%s", j->request_json);
    buffer_puts(&body, "}");
    enum err err =
        enqueue(s, JOB_EXTRACTION_TASK, "/api/v1/tasks/process-extraction", j, &body, 0, e);
    buffer_free(&body);
    return err;
}

enum err job_enqueue_retry(const struct services *s, const struct job *j, struct error *e)
{
    struct buffer body = BUFFER_INIT;
    buffer_printf(&body, "{\"job_id\":\"%s\",\"retry_count\":%d}", j->id, j->retry_count);
    enum err err =
        enqueue(s, JOB_RETRY_TASK, "/api/v1/tasks/retry-job", j, &body, j->next_attempt_us, e);
    buffer_free(&body);
    return err;
}

void job_follow(const struct job *j)
{
    if (j->traceparent[0] == '\0')
        return;
    log_trace(j->traceparent);
    context_trace(j->traceparent);
}

void job_set_times(const struct services *s, struct job *j, bool ends)
{
    j->updated_us = job_now_us(s);
    if (ends && job_is_final(j))
        j->expires_us = j->updated_us + s->cfg->result_ttl_days * 86400 * US_PER_S;
}

void job_note_end(const struct services *s, const struct job *j)
{
    char attempts[16];
    const struct analytics_ops *analytics = s->analytics.ops;
    sealed_password_drop(s, j);
    callback_announce(s, j);
    if (analytics != NULL)
        analytics->job_ended(s->analytics.self, j);
    (void)snprintf(attempts, sizeof attempts, "%d", j->attempts);
    log_event(LOG_INFO, "job ended", "jobId", j->id, "status", job_status_names[j->status],
              "outcome", job_outcome_names[j->outcome], "attempts", attempts, "error_message",
              j->error_message, NULL);
}

enum err job_load(const struct services *s, const char *owner, const char *id, struct job **out,
                  struct error *e)
{
    enum err err = s->jobs.ops->get(s->jobs.self, id, out, e);
    if (err == ERR_OK && owner != NULL && strcmp(owner, (*out)->owner) != 0) {
        job_free(*out);
        *out = NULL;
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_NOT_FOUND, "There is no job %.64s.", id);
    return err;
}

enum err job_change(const struct services *s, const char *owner, const char *id,
                    job_change_fn change, void *arg, struct job **out, struct error *e)
{
    enum err err = ERR_CONFLICT;
    struct job *j = NULL;
    *out = NULL;
    for (int i = 0; i < JOB_CAS_TRIES; i++) {
        if ((err = job_load(s, owner, id, &j, e)) != ERR_OK)
            return err;
        bool was_final = job_is_final(j);
        if ((err = change(j, arg, e)) != ERR_OK)
            break;
        job_set_times(s, j, !was_final);
        err = !was_final && job_is_final(j) ? callback_mark(s, j, e) : ERR_OK;
        if (err == ERR_OK)
            err = s->jobs.ops->replace(s->jobs.self, j, e);
        if (err == ERR_OK) {
            if (!was_final && job_is_final(j))
                job_note_end(s, j);
            *out = j;
            return ERR_OK;
        }
        if (err != ERR_CONFLICT)
            break;
        err = error_set(e, ERR_UNAVAILABLE, "The job is being changed by others; try again.");
        job_free(j);
        j = NULL;
    }
    job_free(j);
    return err;
}

struct failure {
    const struct services *s;
    const struct error *why;
};

static enum err change_fail(struct job *j, void *arg, struct error *e)
{
    const struct failure *m = arg;
    if (job_is_final(j))
        return error_set(e, ERR_GONE, "The job is already %s.", job_status_names[j->status]);
    if (j->status == JOB_PROCESSING && j->lease_expires_us > job_steady_us(m->s))
        return error_set(e, ERR_CONFLICT, "Another worker is processing this job.");
    return job_fail(j, job_steady_us(m->s), j->status == JOB_PROCESSING ? j->lease_token : NULL,
                    m->why, e);
}

enum err job_fail_unleased(const struct services *s, const char *id, const struct error *why,
                           struct error *e)
{
    struct failure m = {s, why};
    struct job *j = NULL;
    enum err err = job_change(s, NULL, id, change_fail, &m, &j, e);
    job_free(j);
    return err;
}

enum err job_give_up(const struct services *s, const char *id, struct error *e)
{
    struct error why;
    (void)error_set(&why, ERR_INTERNAL,
                    "Max retries exceeded: the work was broken off too many times.");
    return job_fail_unleased(s, id, &why, e);
}

enum err job_remove_results(const struct services *s, const char *id, struct error *e)
{
    char prefix[BLOB_NAME_MAX + 1];
    results_prefix(id, prefix);
    return s->blobs.ops->remove_prefix(s->blobs.self, prefix, e);
}
