/* What users do with jobs: find their PDF, submit, give feedback, retry, erase. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "core/blob_names.h"
#include "core/document_owner.h"
#include "core/extraction_request.h"
#include "core/feedback.h"
#include "core/job_change.h"
#include "core/job_pages.h"
#include "core/quota.h"
#include "core/sealed_password.h"
#include "formats/format.h"

#define FEEDBACK_TRIES 5

enum err pdf_not_found(const char *pdf_id, struct error *e)
{
    return error_set(e, ERR_NOT_FOUND, "There is no PDF %.64s; upload it first.", pdf_id);
}

bool pdf_replaceable(const char *pdf_id)
{
    return strlen(pdf_id) == UUID_LEN;
}

enum err pdf_find(const struct services *s, const char *pdf_id, char name[BLOB_NAME_MAX + 1],
                  char version[BLOB_VERSION_MAX + 1], struct error *e)
{
    enum err err;
    struct blob_info info = {0};
    if (pdf_replaceable(pdf_id)) {
        char prefix[BLOB_NAME_MAX + 1];
        pdf_prefix(pdf_id, prefix);
        err = s->blobs.ops->find(s->blobs.self, prefix, name, &info, e);
    } else {
        document_name(pdf_id, name);
        err = s->blobs.ops->stat(s->blobs.self, name, &info, e);
    }
    if (err == ERR_NOT_FOUND)
        return pdf_not_found(pdf_id, e);
    if (err == ERR_OK && info.size > (uint64_t)s->cfg->max_upload_bytes)
        return error_set(e, ERR_UNPROCESSABLE, "The PDF is larger than %" PRId64 " bytes.",
                         s->cfg->max_upload_bytes);
    if (version != NULL)
        text_format(version, BLOB_VERSION_MAX + 1, "%s",
                    pdf_replaceable(pdf_id) ? info.version : "");
    return err;
}

/* Feedback on the job as it is now. *again: it has got its first feedback meanwhile. */
static enum err add_feedback(const struct services *s, const struct job *j,
                             const struct feedback *f, bool *again, struct error *e)
{
    struct counter counters[2 * FEEDBACK_COUNTERS];
    struct feedback own = *f;
    *again = false;
    if (j->feedback_count >= FEEDBACK_OF_JOB_MAX)
        return error_set(e, ERR_CONFLICT, "This job has %d entries of feedback; no more are taken.",
                         j->feedback_count);
    own.expires_us = j->expires_us;
    enum err err = s->jobs.ops->feedback_add(s->jobs.self, j, &own, counters,
                                             feedback_counters(j, f, counters), e);
    *again = err == ERR_CONFLICT;
    return err;
}

enum err job_add_feedback(const struct services *s, const char *owner, const struct feedback *f,
                          struct error *e)
{
    const struct analytics_ops *analytics = s->analytics.ops;
    enum err err = ERR_CONFLICT;
    bool again = true;
    for (int tries = 0; again && tries < FEEDBACK_TRIES; tries++) {
        struct job *j = NULL;
        again = false;
        err = job_load(s, owner, f->job_id, &j, e);
        if (err == ERR_OK)
            err = add_feedback(s, j, f, &again, e);
        if (err == ERR_OK && analytics != NULL)
            analytics->feedback_given(s->analytics.self, j->owner, f);
        job_free(j);
    }
    if (again)
        err = error_set(e, ERR_UNAVAILABLE, "The job changes all the time; try again.");
    return err;
}

/* The document's name: the last part of the blob of an upload; one that is known by its bytes is
 * called as its owner calls it. */
static enum err find_file_name(const struct services *s, const char *owner, const char *pdf_id,
                               const char *blob, char **out, struct error *e)
{
    char name[BLOB_NAME_MAX + 1];
    (void)snprintf(name, sizeof name, "%s", strrchr(blob, '/') + 1);
    enum err err = ERR_OK;
    if (strlen(pdf_id) != UUID_LEN)
        err = document_owner_name(s, owner, pdf_id, name, e);
    if (err == ERR_NOT_FOUND) /* an admin's job on the document of another */
        return ERR_OK;
    if (err == ERR_OK && (*out = strdup(name)) == NULL)
        err = error_no_memory(e);
    return err;
}

static enum err keep_password(const struct services *s, const struct extraction_request *r,
                              const char *job_id, struct error *e)
{
    return r->password[0] != '\0' ? sealed_password_put(s, job_id, r->password, e) : ERR_OK;
}

/* The key was used before: its first answer may have been lost before the task was queued, or have
 * said that it could not be. */
static enum err submit_again(const struct services *s, const char *owner,
                             const struct extraction_request *r, struct job **j, struct error *e)
{
    struct job *again = NULL;
    if ((*j)->attempts > 0)
        return ERR_OK;
    if ((*j)->status == JOB_QUEUED)
        return job_enqueue_extraction(s, *j, e);
    if ((*j)->status != JOB_FAILED)
        return ERR_OK;
    enum err err = keep_password(s, r, (*j)->id, e);
    if (err == ERR_OK)
        err = job_retry_now(s, owner, (*j)->id, 0, &again, e);
    if (err == ERR_OK) {
        job_free(*j);
        *j = again;
    }
    return err;
}

/* A job that the client can name, by its key or its id, waits for him, or for the sweep: while this
 * request waited for the queue, another may have been told that the job is accepted. */
static enum err not_queued(const struct services *s, const char *id, bool named, struct error *e)
{
    struct error why, ignored;
    char cause[ERROR_TEXT_MAX];
    (void)error_set(&why, ERR_UNAVAILABLE, "The job could not be queued.");
    if (!named)
        (void)job_fail_unleased(s, id, &why, &ignored);
    log_error(LOG_ERROR, "a job could not be queued", e);
    (void)snprintf(cause, sizeof cause, "%s", e->cause[0] != '\0' ? e->cause : e->detail);
    error_set(e, ERR_UNAVAILABLE, "The job could not be queued; try again.");
    e->retry_after_s = 5;
    return error_cause(e, "%s", cause);
}

/* A request that was sent before makes no job: *existing is its job, and no quota is asked. */
static enum err check_room(const struct services *s, const char *owner,
                           const struct extraction_request *r, const char *blob,
                           const struct idempotency *idem, struct job **existing, struct error *e)
{
    enum err err = ERR_OK;
    if (!quota_is_set(s->cfg))
        return ERR_OK;
    if (idem != NULL)
        err = s->jobs.ops->find_by_key(s->jobs.self, idem, existing, e);
    if (err != ERR_OK || *existing != NULL)
        return err;
    err = job_pages_check_budget(s, owner, r->engine, e);
    return err == ERR_OK ? quota_check_job(s, owner, r->pdf_id, blob, e) : err;
}

static enum err fill_job(const struct services *s, const char *owner,
                         const struct extraction_request *r, const char *blob,
                         const char *traceparent, struct job *j, struct error *e)
{
    struct buffer request = BUFFER_INIT;
    random_uuid(j->id);
    (void)snprintf(j->owner, sizeof j->owner, "%s", owner);
    (void)snprintf(j->pdf_id, sizeof j->pdf_id, "%s", r->pdf_id);
    (void)snprintf(j->output_format, sizeof j->output_format, "%s", format_names[r->format]);
    text_format(j->traceparent, sizeof j->traceparent, "%s",
                traceparent != NULL ? traceparent : "");
    j->status = JOB_QUEUED;
    j->regions_count = (int)r->n_regions;
    j->progress.regions_total = (int)r->n_regions;
    j->created_us = j->updated_us = job_now_us(s);
    j->next_attempt_us = job_steady_us(s);
    extraction_request_write(r, &request);
    j->request_json = buffer_take(&request);
    buffer_free(&request);
    return j->request_json != NULL ? find_file_name(s, owner, r->pdf_id, blob, &j->file_name, e)
                                   : error_no_memory(e);
}

static enum err store_job(const struct services *s, const struct extraction_request *r,
                          const struct idempotency *idem, struct job *j, struct job **existing,
                          struct error *e)
{
    enum err err = keep_password(s, r, j->id, e);
    if (err != ERR_OK)
        return err;
    err = s->jobs.ops->create(s->jobs.self, j, idem, existing, e);
    if (err != ERR_OK || *existing != NULL) {
        sealed_password_drop(s, j);
        return err;
    }
    j->version = 1;
    err = job_enqueue_extraction(s, j, e);
    return err == ERR_OK ? ERR_OK : not_queued(s, j->id, idem != NULL && idem->of_client, e);
}

enum err job_submit(const struct services *s, const char *owner, const struct extraction_request *r,
                    const struct idempotency *idem, const char *traceparent, struct job **out,
                    struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    struct job *existing = NULL;
    struct job *j = job_new();
    enum err err = j != NULL ? pdf_find(s, r->pdf_id, blob, j->pdf_version, e) : error_no_memory(e);
    if (err == ERR_OK)
        err = check_room(s, owner, r, blob, idem, &existing, e);
    if (err == ERR_OK && existing == NULL)
        err = fill_job(s, owner, r, blob, traceparent, j, e);
    if (err == ERR_OK && existing == NULL)
        err = store_job(s, r, idem, j, &existing, e);
    if (err == ERR_OK && existing != NULL)
        err = submit_again(s, owner, r, &existing, e);
    if (err == ERR_OK && existing != NULL) {
        job_free(j);
        j = existing;
    } else if (err != ERR_OK) {
        job_free(existing);
        job_free(j);
        j = NULL;
    }
    *out = j;
    return err;
}

/* A change that the user wants, of the version that the user has seen. */
struct wish {
    const struct services *s;
    int64_t version; /* 0: any */
};

static enum err check_version(const struct job *j, int64_t version, struct error *e)
{
    if (version == 0 || version == j->version)
        return ERR_OK;
    return error_set(e, ERR_PRECONDITION, "The job has changed since it was read; read it again.");
}

static enum err change_retry(struct job *j, void *arg, struct error *e)
{
    const struct wish *w = arg;
    enum err err = check_version(j, w->version, e);
    return err == ERR_OK ? job_retry(j, job_steady_us(w->s), e) : err;
}

enum err job_retry_now(const struct services *s, const char *owner, const char *id, int64_t version,
                       struct job **out, struct error *e)
{
    struct wish w = {s, version};
    enum err err = job_change(s, owner, id, change_retry, &w, out, e);
    if (err != ERR_OK || (err = job_enqueue_extraction(s, *out, e)) == ERR_OK)
        return err;
    job_free(*out);
    *out = NULL;
    return not_queued(s, id, true, e);
}

static enum err change_cancel(struct job *j, void *arg, struct error *e)
{
    const struct wish *w = arg;
    enum err err = check_version(j, w->version, e);
    return err == ERR_OK ? job_cancel(j, job_steady_us(w->s), e) : err;
}

enum err job_erase(const struct services *s, const char *owner, const char *id, int64_t version,
                   struct error *e)
{
    struct wish w = {s, version};
    struct job *j = NULL;
    enum err err = job_load(s, owner, id, &j, e);
    if (err != ERR_OK)
        return err;
    bool final = job_is_final(j);
    err = check_version(j, version, e);
    job_free(j);
    if (err != ERR_OK)
        return err;
    j = NULL;
    if (!final) {
        err = job_change(s, owner, id, change_cancel, &w, &j, e);
        job_free(j);
        /* ERR_CONFLICT: it ended in between, so it is erased like any ended job. */
        if (err == ERR_OK)
            return job_remove_results(s, id, e);
        if (err != ERR_CONFLICT)
            return err;
    }
    if ((err = job_remove_results(s, id, e)) != ERR_OK)
        return err;
    return s->jobs.ops->remove(s->jobs.self, id, e);
}
