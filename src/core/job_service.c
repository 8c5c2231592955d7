#include "core/job_service.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/attempts.h"
#include "core/extraction_request.h"
#include "core/feedback.h"
#include "formats/format.h"

#define CAS_TRIES            8
#define PROGRESS_INTERVAL_US (2 * US_PER_S) /* Firestore takes about a write a second */
#define SWEEP_BATCH          100
#define EXTRACTION_TASK      "extraction" /* kinds of tasks, in their names */
#define RETRY_TASK           "retry"

/* What users see is the wall clock's. */
static int64_t now(const struct services *s)
{
    return source_now_us(s->source);
}

/* Leases, delays and due times are not. */
static int64_t steady(const struct services *s)
{
    return source_steady_us(s->source);
}

enum err pdf_find(const struct services *s, const char *pdf_id, char name[BLOB_NAME_MAX + 1],
                  struct error *e)
{
    enum err err;
    struct blob_info info;
    if (strlen(pdf_id) == UUID_LEN) {
        char prefix[JOB_PDF_ID_MAX + 8];
        (void)snprintf(prefix, sizeof prefix, "pdfs/%s/", pdf_id);
        err = s->blobs.ops->find(s->blobs.self, prefix, name, &info, e);
    } else {
        (void)snprintf(name, BLOB_NAME_MAX + 1, "documents/%s.pdf", pdf_id);
        err = s->blobs.ops->stat(s->blobs.self, name, &info, e);
    }
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_NOT_FOUND, "There is no PDF %s; upload it first.", pdf_id);
    if (err == ERR_OK && info.size > (uint64_t)s->cfg->max_upload_bytes)
        return error_set(e, ERR_UNPROCESSABLE, "The PDF is larger than %" PRId64 " bytes.",
                         s->cfg->max_upload_bytes);
    return err;
}

/* A task's name holds the job's version: it grows with every change, so each new round gets a new
 * name, and a repeated create of the same round is one task. */
static void task_name(const char *kind, const struct job *j, char out[TASK_NAME_MAX + 1])
{
    (void)snprintf(out, TASK_NAME_MAX + 1, "%s-%s-%" PRId64, kind, j->id, j->version);
}

static enum err enqueue(const struct services *s, const char *kind, const char *path,
                        const struct job *j, struct buffer *body, int64_t schedule_us,
                        const char *traceparent, struct error *e)
{
    if (buffer_failed(body))
        return error_no_memory(e);
    struct task t = {.path = path,
                     .body = body->data,
                     .body_len = body->len,
                     .schedule_us = schedule_us,
                     .traceparent = traceparent};
    task_name(kind, j, t.name);
    return s->queue.ops->enqueue(s->queue.self, &t, e);
}

static enum err enqueue_extraction(const struct services *s, const struct job *j,
                                   const char *traceparent, struct error *e)
{
    struct buffer body = BUFFER_INIT;
    buffer_printf(&body, "{\"job_id\":\"%s\",\"pdf_id\":\"%s\",\"request_data\":%s}", j->id,
                  j->pdf_id, j->request_json);
    enum err err = enqueue(s, EXTRACTION_TASK, "/api/v1/tasks/process-extraction", j, &body, 0,
                           traceparent, e);
    buffer_free(&body);
    return err;
}

static enum err enqueue_retry(const struct services *s, const struct job *j, struct error *e)
{
    struct buffer body = BUFFER_INIT;
    buffer_printf(&body, "{\"job_id\":\"%s\",\"retry_count\":%d}", j->id, j->retry_count);
    enum err err =
        enqueue(s, RETRY_TASK, "/api/v1/tasks/retry-job", j, &body, j->next_attempt_us, NULL, e);
    buffer_free(&body);
    return err;
}

/* The rules know one clock; a job shows the other. */
static void set_shown_times(const struct services *s, struct job *j, bool ends)
{
    j->updated_us = now(s);
    if (ends && job_is_final(j))
        j->expires_us = j->updated_us + s->cfg->result_ttl_days * 86400 * US_PER_S;
}

/* A job has become final: for the log and for the analysts. */
static void job_ended(const struct services *s, const struct job *j)
{
    char attempts[16];
    const struct analytics_ops *analytics = s->analytics.ops;
    if (analytics != NULL && analytics->job_ended != NULL)
        analytics->job_ended(s->analytics.self, j);
    (void)snprintf(attempts, sizeof attempts, "%d", j->attempts);
    log_event(LOG_INFO, "job ended", "jobId", j->id, "status", job_status_names[j->status],
              "outcome", job_outcome_names[j->outcome], "attempts", attempts, "error_message",
              j->error_message, NULL);
}

/* A change of a job: reads *j, changes it. Run again on the newest record when somebody else was
 * faster. */
typedef enum err (*change_fn)(struct job *j, void *arg, struct error *e);

/* Applies change to the stored job by compare-and-swap; *out is the job as stored. */
static enum err job_change(const struct services *s, const char *owner, const char *id,
                           change_fn change, void *arg, struct job **out, struct error *e)
{
    enum err err = ERR_CONFLICT;
    struct job *j = NULL;
    *out = NULL;
    for (int i = 0; i < CAS_TRIES; i++) {
        if ((err = job_load(s, owner, id, &j, e)) != ERR_OK)
            return err;
        bool was_final = job_is_final(j);
        if ((err = change(j, arg, e)) != ERR_OK)
            break;
        set_shown_times(s, j, !was_final);
        if ((err = s->jobs.ops->replace(s->jobs.self, j, e)) == ERR_OK) {
            if (!was_final && job_is_final(j))
                job_ended(s, j);
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

enum err job_add_feedback(const struct services *s, const char *owner, const struct feedback *f,
                          struct error *e)
{
    const struct analytics_ops *analytics = s->analytics.ops;
    struct job *j = NULL;
    struct feedback own = *f;
    enum err err = job_load(s, owner, f->job_id, &j, e);
    own.expires_us = j != NULL ? j->expires_us : 0;
    if (err == ERR_OK && j->feedback_count >= FEEDBACK_OF_JOB_MAX)
        err = error_set(e, ERR_CONFLICT, "This job has %d entries of feedback; no more are taken.",
                        j->feedback_count);
    if (err == ERR_OK)
        err = s->jobs.ops->feedback_add(s->jobs.self, &own, e);
    if (err == ERR_OK && analytics != NULL && analytics->feedback_given != NULL)
        analytics->feedback_given(s->analytics.self, j->owner, f);
    job_free(j);
    return err;
}

struct message {
    const struct services *s;
    const char *text;
};

/* Ends a job that nobody holds: queued, or with an expired lease. */
static enum err change_fail(struct job *j, void *arg, struct error *e)
{
    const struct message *m = arg;
    if (job_is_final(j))
        return error_set(e, ERR_GONE, "The job is already %s.", job_status_names[j->status]);
    if (j->status == JOB_PROCESSING && j->lease_expires_us > steady(m->s))
        return error_set(e, ERR_CONFLICT, "Another worker is processing this job.");
    return job_fail(j, steady(m->s), j->status == JOB_PROCESSING ? j->lease_token : NULL, m->text,
                    e);
}

static enum err fail_unheld(const struct services *s, const char *id, const char *text,
                            struct error *e)
{
    struct message m = {s, text};
    struct job *j = NULL;
    enum err err = job_change(s, NULL, id, change_fail, &m, &j, e);
    job_free(j);
    return err;
}

/* The key was used before: its first answer may have been lost before the task was queued, or have
 * said that it could not be. */
static enum err submit_again(const struct services *s, const char *owner, struct job **j,
                             const char *traceparent, struct error *e)
{
    struct job *again = NULL;
    if ((*j)->attempts > 0)
        return ERR_OK;
    if ((*j)->status == JOB_QUEUED)
        return enqueue_extraction(s, *j, traceparent, e);
    if ((*j)->status != JOB_FAILED)
        return ERR_OK;
    enum err err = job_retry_now(s, owner, (*j)->id, 0, &again, e);
    if (err == ERR_OK) {
        job_free(*j);
        *j = again;
    }
    return err;
}

enum err job_submit(const struct services *s, const char *owner, const struct extraction_request *r,
                    const struct idempotency *idem, const char *traceparent, struct job **out,
                    struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    struct buffer request = BUFFER_INIT;
    struct job *existing = NULL;
    struct job *j = job_new();
    enum err err = j != NULL ? pdf_find(s, r->pdf_id, blob, e) : error_no_memory(e);
    if (err != ERR_OK)
        goto out;
    source_uuid(s->source, j->id);
    (void)snprintf(j->owner, sizeof j->owner, "%s", owner);
    (void)snprintf(j->pdf_id, sizeof j->pdf_id, "%s", r->pdf_id);
    (void)snprintf(j->output_format, sizeof j->output_format, "%s", format_names[r->format]);
    j->status = JOB_QUEUED;
    j->regions_count = (int)r->n_regions;
    j->progress.regions_total = (int)r->n_regions;
    j->created_us = j->updated_us = now(s);
    j->next_attempt_us = steady(s);
    extraction_request_write(r, &request);
    if ((j->request_json = buffer_take(&request)) == NULL) {
        err = error_no_memory(e);
        goto out;
    }
    if ((err = s->jobs.ops->create(s->jobs.self, j, idem, &existing, e)) != ERR_OK)
        goto out;
    if (existing != NULL) {
        err = submit_again(s, owner, &existing, traceparent, e);
        *out = err == ERR_OK ? existing : NULL;
        existing = err == ERR_OK ? NULL : existing;
        goto out;
    }
    j->version = 1;
    if ((err = enqueue_extraction(s, j, traceparent, e)) != ERR_OK) {
        struct error ignored;
        (void)fail_unheld(s, j->id, "The job could not be queued.", &ignored);
        log_error(LOG_ERROR, "a job could not be queued", e);
        char cause[ERROR_TEXT_MAX];
        (void)snprintf(cause, sizeof cause, "%s", e->cause[0] != '\0' ? e->cause : e->detail);
        err = error_set(e, ERR_UNAVAILABLE, "The job could not be queued; try again.");
        e->retry_after_s = 5;
        error_cause(e, "%s", cause);
        goto out;
    }
    *out = j;
    j = NULL;
out:
    buffer_free(&request);
    job_free(existing);
    job_free(j);
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
    return err == ERR_OK ? job_retry(j, steady(w->s), e) : err;
}

enum err job_retry_now(const struct services *s, const char *owner, const char *id, int64_t version,
                       struct job **out, struct error *e)
{
    struct wish w = {s, version};
    enum err err = job_change(s, owner, id, change_retry, &w, out, e);
    if (err != ERR_OK)
        return err;
    if ((err = enqueue_extraction(s, *out, NULL, e)) != ERR_OK) {
        struct error ignored;
        (void)fail_unheld(s, id, "The job could not be queued.", &ignored);
        job_free(*out);
        *out = NULL;
    }
    return err;
}

static enum err remove_results(const struct services *s, const char *id, struct error *e)
{
    char prefix[UUID_LEN + 16];
    (void)snprintf(prefix, sizeof prefix, "results/%.36s/", id);
    return s->blobs.ops->remove_prefix(s->blobs.self, prefix, e);
}

static enum err change_cancel(struct job *j, void *arg, struct error *e)
{
    const struct wish *w = arg;
    enum err err = check_version(j, w->version, e);
    return err == ERR_OK ? job_cancel(j, steady(w->s), e) : err;
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
            return remove_results(s, id, e);
        if (err != ERR_CONFLICT)
            return err;
    }
    if ((err = remove_results(s, id, e)) != ERR_OK)
        return err;
    return s->jobs.ops->remove(s->jobs.self, id, e);
}

/* --- running a job --- */

/* The worker's hold on a job: renews the lease while the work goes on. */
struct hold {
    const struct services *s;
    struct job *job;
    char token[33];
    int64_t deadline_us;     /* monotonic */
    int64_t renewed_us;      /* monotonic */
    struct job_progress now; /* kept by the runner */
    bool lost;               /* cancelled, or taken over after the lease ran out */
};

static int64_t lease_us(const struct services *s)
{
    return s->cfg->job_lease_s * US_PER_S;
}

/* What a holder does to its job; run on the newest record. */
typedef enum err (*held_fn)(struct hold *h, void *arg, struct error *e);

/* Changes and stores the job. What could not be stored is undone, so that the next change starts
 * from what the store has. */
static enum err held_try(struct hold *h, held_fn change, void *arg, struct error *e)
{
    struct job *before = job_copy(h->job);
    if (before == NULL)
        return error_no_memory(e);
    enum err err = change(h, arg, e);
    h->lost = h->lost || err == ERR_CONFLICT;
    if (err == ERR_OK) {
        set_shown_times(h->s, h->job, true);
        err = h->s->jobs.ops->replace(h->s->jobs.self, h->job, e);
    }
    if (err != ERR_OK) {
        struct job *failed = h->job;
        h->job = before;
        before = failed;
    }
    job_free(before);
    return err;
}

static enum err held_change(struct hold *h, held_fn change, void *arg, struct error *e)
{
    for (int i = 0; i < CAS_TRIES; i++) {
        enum err err = held_try(h, change, arg, e);
        if (err == ERR_NOT_FOUND) {
            h->lost = true;
            err = ERR_CONFLICT;
        }
        if (err != ERR_CONFLICT || h->lost)
            return err;
        struct job *newest = NULL;
        err = h->s->jobs.ops->get(h->s->jobs.self, h->job->id, &newest, e);
        if (err == ERR_NOT_FOUND) {
            h->lost = true;
            return ERR_CONFLICT;
        }
        if (err != ERR_OK)
            return err;
        job_free(h->job);
        h->job = newest;
    }
    return error_set(e, ERR_UNAVAILABLE, "The job is being changed by others; try again.");
}

static enum err held_renew(struct hold *h, void *arg, struct error *e)
{
    (void)arg;
    return job_renew(h->job, steady(h->s), lease_us(h->s), h->token, &h->now, e);
}

/* The checkpoint given to the pipeline. A store that does not answer is no reason to stop while
 * the lease still holds. */
static enum err heartbeat(void *self, struct error *e)
{
    struct hold *h = self;
    int64_t t = monotonic_us(), since = t - h->renewed_us;
    if (t >= h->deadline_us)
        return error_set(e, ERR_TIMEOUT, "The extraction took longer than %" PRId64 " s.",
                         h->s->cfg->task_deadline_s);
    bool moved = memcmp(&h->now, &h->job->progress, sizeof h->now) != 0;
    if (since < lease_us(h->s) / 3 && !(moved && since >= PROGRESS_INTERVAL_US))
        return ERR_OK;
    enum err err = held_change(h, held_renew, NULL, e);
    if (err == ERR_OK)
        h->renewed_us = t;
    else if (!h->lost && since < lease_us(h->s))
        err = ERR_OK;
    return err;
}

static enum err held_finish(struct hold *h, void *arg, struct error *e)
{
    h->job->progress = h->now;
    return job_finish(h->job, steady(h->s), h->token, arg, e);
}

static enum err held_fail(struct hold *h, void *arg, struct error *e)
{
    return job_fail(h->job, steady(h->s), h->token, arg, e);
}

struct deferral {
    const char *message;
    int64_t delay_us;
};

static enum err held_defer(struct hold *h, void *arg, struct error *e)
{
    const struct deferral *d = arg;
    int64_t t = steady(h->s);
    return job_defer(h->job, t, h->token, d->message, t + d->delay_us, e);
}

static void result_name(const char *job_id, int format, char out[BLOB_NAME_MAX + 1])
{
    (void)snprintf(out, BLOB_NAME_MAX + 1, "results/%s/result.%s", job_id,
                   formats[format].extension);
}

static void regions_json(const struct extraction *x, struct buffer *out)
{
    struct json_writer w = {.out = out};
    json_begin_array(&w, NULL);
    for (size_t i = 0; i < x->n_results; i++) {
        const struct region *r = &x->results[i].region;
        json_begin_object(&w, NULL);
        json_put_string(&w, "region_id", r->id);
        json_put_int(&w, "page", r->page);
        box_write(&w, r->box, 6);
        json_put_string(&w, "region_type", region_type_names[r->type]);
        json_put_real(&w, "confidence", r->confidence, 3);
        json_end_object(&w);
    }
    json_end_array(&w);
}

static enum err put_result(const struct hold *h, const struct extraction *x,
                           const struct extraction_request *r, int f, struct error *e)
{
    const struct blob_store *b = &h->s->blobs;
    struct format_options options = {.max_bytes = (size_t)h->s->cfg->max_result_bytes,
                                     .escape_formulas = r->escape_formulas};
    char name[BLOB_NAME_MAX + 1];
    struct buffer bytes = BUFFER_INIT;
    result_name(h->job->id, f, name);
    enum err err = format_write(x, f, &options, &bytes, e);
    if (err == ERR_OK)
        err = b->ops->put_bytes(b->self, name, bytes.data != NULL ? bytes.data : "", bytes.len,
                                formats[f].media_type, e);
    buffer_free(&bytes);
    return err;
}

/* Writes the results, then turns the job completed: a completed job always has its files. */
static enum err complete(struct hold *h, const struct extraction_request *r,
                         const struct extraction *x, struct error *e)
{
    const struct blob_store *b = &h->s->blobs;
    char result[BLOB_NAME_MAX + 1], graph[BLOB_NAME_MAX + 1];
    struct buffer regions = BUFFER_INIT;
    enum err err = ERR_OK;
    result_name(h->job->id, r->format, result);
    (void)snprintf(graph, sizeof graph, "results/%s/result_graph.json", h->job->id);
    for (int f = 0; err == ERR_OK && formats[f].name != NULL; f++)
        if (f == r->format || r->also[f])
            err = put_result(h, x, r, f, e);
    if (err == ERR_OK && x->debug_graph_json != NULL)
        err = b->ops->put_bytes(b->self, graph, x->debug_graph_json, strlen(x->debug_graph_json),
                                "application/json", e);
    regions_json(x, &regions);
    if (err == ERR_OK && buffer_failed(&regions))
        err = error_no_memory(e);
    if (err == ERR_OK) {
        struct job_result done = {x->outcome, result, x->debug_graph_json != NULL ? graph : NULL,
                                  regions.data};
        err = held_change(h, held_finish, &done, e);
    }
    buffer_free(&regions);
    return err;
}

/* What a dependency asked for and, on top, the jittered back-off. */
static int64_t retry_delay_us(const struct hold *h, const struct error *why)
{
    int64_t most = h->s->cfg->retry_max_s * US_PER_S;
    int64_t delay = job_backoff_us(h->job->retry_count, h->s->cfg->retry_base_s * US_PER_S, most);
    delay = why->retry_after_s * US_PER_S + source_jitter_us(h->s->source, delay);
    return delay < most ? delay : most;
}

/* Ends or defers the job after run_held failed with *why. */
static enum err settle_failure(struct hold *h, const struct error *why, struct error *e)
{
    char text[ERROR_TEXT_MAX];
    log_error(LOG_WARNING, "an extraction failed", why);
    if (!err_is_transient(why->kind))
        return held_change(h, held_fail, (void *)why->detail, e);
    if (h->job->retry_count + 1 >= h->s->cfg->job_max_retries) {
        text_format(text, sizeof text, "Max retries exceeded: %s", why->detail);
        return held_change(h, held_fail, text, e);
    }
    struct deferral d = {why->detail, retry_delay_us(h, why)};
    enum err err = held_change(h, held_defer, &d, e);
    return err == ERR_OK ? enqueue_retry(h->s, h->job, e) : err;
}

static enum err run_held(struct hold *h, const struct job_runner *runner, struct error *e)
{
    const struct services *s = h->s;
    char blob[BLOB_NAME_MAX + 1];
    struct extraction_request r = {0};
    struct extraction x = {0};
    struct checkpoint c = {heartbeat, h};
    int fd = -1;
    enum err err =
        extraction_request_parse(h->job->request_json, strlen(h->job->request_json), s->cfg, &r, e);
    if (err == ERR_OK)
        err = pdf_find(s, r.pdf_id, blob, e);
    if (err == ERR_OK)
        err = s->blobs.ops->open(s->blobs.self, blob, &fd, e);
    if (err == ERR_OK)
        err = runner->run(runner->self, s, h->job, fd, &r, &c, &h->now, &x, e);
    if (err == ERR_OK)
        err = complete(h, &r, &x, e);
    if (fd >= 0)
        (void)close(fd);
    extraction_free(&x);
    extraction_request_free(&r);
    return err;
}

static enum err change_claim(struct job *j, void *arg, struct error *e)
{
    const struct hold *h = arg;
    return job_claim(j, steady(h->s), lease_us(h->s), h->token, e);
}

enum err job_process(const struct services *s, const struct job_runner *runner, const char *id,
                     int64_t deadline_us, struct error *e)
{
    struct hold h = {.s = s, .deadline_us = deadline_us};
    struct error why = {0};
    struct job *j = NULL;
    enum err err = job_load(s, NULL, id, &j, e);
    if (err == ERR_NOT_FOUND) {
        log_event(LOG_WARNING, "a task for a job that does not exist is dropped", NULL);
        return ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    int attempts = j->attempts;
    job_free(j);
    if (attempts >= s->cfg->job_max_attempts) {
        err =
            fail_unheld(s, id, "Max retries exceeded: the work was broken off too many times.", e);
        return err == ERR_GONE ? ERR_OK : err;
    }
    source_hex(s->source, h.token, 16);
    err = job_change(s, NULL, id, change_claim, &h, &h.job, e);
    if (err == ERR_GONE) /* a second delivery of a finished job */
        return ERR_OK;
    if (err != ERR_OK)
        return err;
    h.renewed_us = monotonic_us();
    h.now = h.job->progress;
    err = run_held(&h, runner, &why);
    attempts_note(err);
    if (err != ERR_OK && !h.lost)
        err = settle_failure(&h, &why, e);
    if (h.lost) {
        /* Whoever took the job writes the same results; a cancelled one must leave none. */
        struct job *newest = NULL;
        log_event(LOG_NOTICE, "the job was cancelled or taken over; its work is dropped", NULL);
        err = s->jobs.ops->get(s->jobs.self, id, &newest, e);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && newest->status == JOB_CANCELLED))
            err = remove_results(s, id, e);
        job_free(newest);
    } else if (err == ERR_OK && job_is_final(h.job)) {
        job_ended(s, h.job);
    }
    job_free(h.job);
    return err;
}

static enum err change_requeue(struct job *j, void *arg, struct error *e)
{
    return job_requeue(j, steady(arg), e);
}

static enum err requeue(const struct services *s, const char *id, struct error *e)
{
    struct job *j = NULL;
    enum err err = job_change(s, NULL, id, change_requeue, (void *)s, &j, e);
    if (err == ERR_OK)
        err = enqueue_extraction(s, j, NULL, e);
    job_free(j);
    return err;
}

enum err job_retry_task(const struct services *s, const char *id, int retry_count, struct error *e)
{
    struct job *j = NULL;
    enum err err = job_load(s, NULL, id, &j, e);
    if (err == ERR_OK && retry_count >= s->cfg->job_max_retries) {
        char text[ERROR_TEXT_MAX];
        text_format(text, sizeof text, "Max retries exceeded: %s",
                    j->error_message != NULL ? j->error_message : "no more is known");
        err = fail_unheld(s, id, text, e);
    } else if (err == ERR_OK) {
        err = requeue(s, id, e);
    }
    job_free(j);
    if (err == ERR_NOT_FOUND)
        log_event(LOG_WARNING, "a retry of a job that does not exist is dropped", NULL);
    return err == ERR_NOT_FOUND || err == ERR_GONE ? ERR_OK : err;
}

/* Whether the queue still has the task of a queued job, which then only waits for its turn. */
static enum err task_waits(const struct services *s, const struct job *j, bool *waits,
                           struct error *e)
{
    static const char *const kinds[] = {EXTRACTION_TASK, RETRY_TASK};
    char name[TASK_NAME_MAX + 1];
    enum err err = ERR_OK;
    if (j->status != JOB_QUEUED)
        return ERR_OK;
    for (size_t i = 0; err == ERR_OK && !*waits && i < sizeof kinds / sizeof kinds[0]; i++) {
        task_name(kinds[i], j, name);
        err = s->queue.ops->exists(s->queue.self, name, waits, e);
    }
    return err;
}

/* Whether its task was dropped, or its worker is gone: the job is queued anew, as the
 * queue remembers the name of a dropped task and takes it for done. Two deliveries do no harm. */
static enum err take_up(const struct services *s, const struct job *j, struct error *e)
{
    if (j->attempts >= s->cfg->job_max_attempts)
        return fail_unheld(s, j->id,
                           "Max retries exceeded: the work was broken off too many times.", e);
    bool waits = false;
    enum err err = task_waits(s, j, &waits, e);
    if (err != ERR_OK || waits)
        return err != ERR_OK ? err : ERR_CONFLICT;
    log_event(LOG_NOTICE,
              j->status == JOB_QUEUED ? "a job whose task did not come is queued again"
                                      : "a job whose worker is gone is taken up again",
              "jobId", j->id, NULL);
    return requeue(s, j->id, e);
}

/* The sweep goes on past a job that cannot be handled now; the next sweep sees it again. */
static void recover(const struct services *s, const struct job *j, int *count)
{
    struct error e = {0};
    enum err err = take_up(s, j, &e);
    if (err == ERR_OK)
        ++*count;
    else if (err != ERR_CONFLICT && err != ERR_GONE && err != ERR_NOT_FOUND)
        log_error(LOG_WARNING, "a stale job could not be queued again", &e);
}

enum err job_sweep(const struct services *s, int64_t retention_us, int *requeued, int *erased,
                   struct error *e)
{
    struct job_page page = {0};
    int64_t t = steady(s);
    int again = 0, gone = 0;
    enum err err = s->jobs.ops->list_stale(s->jobs.self, t - s->cfg->job_stale_s * US_PER_S,
                                           t - lease_us(s), SWEEP_BATCH, &page, e);
    for (size_t i = 0; err == ERR_OK && i < page.n; i++)
        recover(s, page.jobs[i], &again);
    job_page_free(&page);
    if (err == ERR_OK)
        err = s->jobs.ops->list_expired(s->jobs.self, retention_us, SWEEP_BATCH, &page, e);
    for (size_t i = 0; err == ERR_OK && i < page.n; i++) {
        if ((err = remove_results(s, page.jobs[i]->id, e)) == ERR_OK &&
            (err = s->jobs.ops->remove(s->jobs.self, page.jobs[i]->id, e)) == ERR_OK)
            gone++;
    }
    job_page_free(&page);
    if (requeued != NULL)
        *requeued = again;
    if (erased != NULL)
        *erased = gone;
    return err;
}
