#include "core/job_state.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool job_is_final(const struct job *j)
{
    return j->status == JOB_COMPLETED || j->status == JOB_FAILED || j->status == JOB_CANCELLED;
}

int job_percent(const struct job *j)
{
    const struct job_progress *p = &j->progress;
    bool by_page = p->pages_total > 0;
    int64_t done = by_page ? p->pages_done : p->regions_done;
    int total = by_page ? p->pages_total : p->regions_total;
    if (j->status == JOB_COMPLETED)
        return 100;
    if (total <= 0 || done <= 0)
        return 0;
    return done >= total ? 99 : (int)(done * 100 / total);
}

static bool set_text(char **field, const char *text)
{
    char *copy = NULL;
    if (text != NULL && (copy = strdup(text)) == NULL)
        return false;
    free(*field);
    *field = copy;
    return true;
}

static void release(struct job *j, enum job_status status, int64_t now_us)
{
    j->status = status;
    j->updated_us = now_us;
    j->lease_expires_us = 0;
    j->lease_token[0] = '\0';
    j->next_attempt_us = 0;
}

static enum err check_lease(const struct job *j, const char *token, struct error *e)
{
    if (j->status == JOB_PROCESSING && strcmp(j->lease_token, token) == 0)
        return ERR_OK;
    return error_set(e, ERR_CONFLICT, "The job is %s and no longer held by this worker.",
                     job_status_names[j->status]);
}

enum err job_claim(struct job *j, int64_t now_us, int64_t lease_us, const char *token,
                   struct error *e)
{
    if (job_is_final(j))
        return error_set(e, ERR_GONE, "The job is already %s.", job_status_names[j->status]);
    if (j->status == JOB_PROCESSING && j->lease_expires_us > now_us) {
        error_set(e, ERR_CONFLICT, "Another worker is processing this job.");
        if (e != NULL)
            e->retry_after_s = (int)((j->lease_expires_us - now_us) / US_PER_S) + 1;
        return ERR_CONFLICT;
    }
    release(j, JOB_PROCESSING, now_us);
    j->attempts++;
    j->lease_expires_us = now_us + lease_us;
    (void)snprintf(j->lease_token, sizeof j->lease_token, "%s", token);
    return ERR_OK;
}

enum err job_renew(struct job *j, int64_t now_us, int64_t lease_us, const char *token,
                   const struct job_progress *p, struct error *e)
{
    enum err err = check_lease(j, token, e);
    if (err != ERR_OK)
        return err;
    j->lease_expires_us = now_us + lease_us;
    j->updated_us = now_us;
    j->progress = *p;
    return ERR_OK;
}

/* why NULL: none. false: memory is out. */
static bool set_error(struct job *j, const struct error *why)
{
    (void)snprintf(j->error_code, sizeof j->error_code, "%s",
                   why != NULL ? err_code(why->kind) : "");
    return set_text(&j->error_message, why != NULL ? why->detail : NULL);
}

enum err job_finish(struct job *j, int64_t now_us, const char *token, const struct job_result *r,
                    struct error *e)
{
    enum err err = check_lease(j, token, e);
    if (err != ERR_OK)
        return err;
    if (!set_text(&j->result_name, r->result_name) ||
        !set_text(&j->debug_graph_name, r->debug_graph_name) ||
        !set_text(&j->approved_regions_json, r->approved_regions_json) ||
        !set_text(&j->regions_name, r->regions_name) || !set_error(j, NULL))
        return error_no_memory(e);
    release(j, JOB_COMPLETED, now_us);
    j->outcome = r->outcome;
    return ERR_OK;
}

enum err job_fail(struct job *j, int64_t now_us, const char *token, const struct error *why,
                  struct error *e)
{
    if (token != NULL || j->status != JOB_QUEUED) {
        enum err err = check_lease(j, token != NULL ? token : "", e);
        if (err != ERR_OK)
            return err;
    }
    if (!set_error(j, why))
        return error_no_memory(e);
    release(j, JOB_FAILED, now_us);
    j->outcome = OUTCOME_FAILED;
    return ERR_OK;
}

enum err job_defer(struct job *j, int64_t now_us, const char *token, bool further,
                   const struct error *why, int64_t next_attempt_us, struct error *e)
{
    enum err err = check_lease(j, token, e);
    if (err != ERR_OK)
        return err;
    if (!set_error(j, why))
        return error_no_memory(e);
    release(j, JOB_QUEUED, now_us);
    j->retry_count = further ? 1 : j->retry_count + 1;
    j->next_attempt_us = next_attempt_us;
    return ERR_OK;
}

enum err job_continue(struct job *j, int64_t now_us, const char *token,
                      const struct job_progress *p, struct error *e)
{
    enum err err = check_lease(j, token, e);
    if (err != ERR_OK)
        return err;
    release(j, JOB_QUEUED, now_us);
    j->attempts = 1;
    j->retry_count = 0;
    j->progress = *p;
    j->next_attempt_us = now_us;
    return ERR_OK;
}

enum err job_requeue(struct job *j, int64_t now_us, struct error *e)
{
    if (job_is_final(j))
        return error_set(e, ERR_GONE, "The job is already %s.", job_status_names[j->status]);
    if (j->status == JOB_PROCESSING && j->lease_expires_us > now_us)
        return error_set(e, ERR_CONFLICT, "Another worker is processing this job.");
    release(j, JOB_QUEUED, now_us);
    j->next_attempt_us = now_us;
    return ERR_OK;
}

enum err job_retry(struct job *j, int64_t now_us, struct error *e)
{
    if (j->status != JOB_FAILED)
        return error_set(e, ERR_CONFLICT, "Only a failed job can be retried; this one is %s.",
                         job_status_names[j->status]);
    if (!set_error(j, NULL))
        return error_no_memory(e);
    release(j, JOB_QUEUED, now_us);
    j->outcome = OUTCOME_NONE;
    j->attempts = 0;
    j->retry_count = 0;
    j->expires_us = 0;
    memset(&j->progress, 0, sizeof j->progress);
    j->progress.regions_total = j->regions_count;
    j->next_attempt_us = now_us;
    return ERR_OK;
}

enum err job_cancel(struct job *j, int64_t now_us, struct error *e)
{
    if (j->status == JOB_CANCELLED)
        return ERR_OK;
    if (job_is_final(j))
        return error_set(e, ERR_CONFLICT, "The job is already %s.", job_status_names[j->status]);
    release(j, JOB_CANCELLED, now_us);
    return ERR_OK;
}
