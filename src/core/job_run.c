/* A task's work: claim the job, run it under a lease, record how it ended. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "core/attempts.h"
#include "core/blob_names.h"
#include "core/callback.h"
#include "core/extraction_request.h"
#include "core/job_change.h"
#include "core/job_pages.h"
#include "core/quota.h"
#include "core/result_file.h"
#include "core/sealed_password.h"

#define PROGRESS_INTERVAL_US (2 * US_PER_S) /* Firestore takes about a write a second */
#define REGIONS_IN_JOB_MAX   (256 * 1024)   /* bytes of their JSON */

/* The worker's hold on a job: renews the lease while the work goes on. */
struct lease {
    const struct services *s;
    struct job *job;
    char token[33];
    int64_t deadline_us;     /* monotonic */
    int64_t renewed_us;      /* monotonic */
    struct job_progress now; /* kept by the runner */
    struct job_pages pages;
    bool lost; /* cancelled, or taken over after the lease ran out */
};

/* What a holder does to its job; run on the newest record. */
typedef enum err (*lease_fn)(struct lease *h, void *arg, struct error *e);

/* Changes and stores the job. What could not be stored is undone, so that the next change starts
 * from what the store has. */
static enum err lease_try(struct lease *h, lease_fn change, void *arg, struct error *e)
{
    struct job *before = job_copy(h->job);
    if (before == NULL)
        return error_no_memory(e);
    enum err err = change(h, arg, e);
    h->lost = h->lost || err == ERR_CONFLICT;
    if (err == ERR_OK) {
        job_set_times(h->s, h->job, true);
        if (job_is_final(h->job))
            err = callback_mark(h->s, h->job, e);
    }
    if (err == ERR_OK)
        err = h->s->jobs.ops->replace(h->s->jobs.self, h->job, e);
    if (err != ERR_OK) {
        struct job *failed = h->job;
        h->job = before;
        before = failed;
    }
    job_free(before);
    return err;
}

static enum err lease_change(struct lease *h, lease_fn change, void *arg, struct error *e)
{
    for (int i = 0; i < JOB_CAS_TRIES; i++) {
        enum err err = lease_try(h, change, arg, e);
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

static enum err lease_renew(struct lease *h, void *arg, struct error *e)
{
    (void)arg;
    return job_renew(h->job, job_steady_us(h->s), job_lease_us(h->s), h->token, &h->now, e);
}

/* The checkpoint given to the pipeline. A store that does not answer is no reason to stop while
 * the lease still holds. */
static enum err heartbeat(void *self, struct error *e)
{
    struct lease *h = self;
    int64_t t = monotonic_us(), since = t - h->renewed_us;
    if (t >= h->deadline_us)
        return error_set(e, ERR_TIMEOUT, "The extraction took longer than %" PRId64 " s.",
                         h->s->cfg->task_deadline_s);
    bool moved = memcmp(&h->now, &h->job->progress, sizeof h->now) != 0;
    if (since < job_lease_us(h->s) / 3 && !(moved && since >= PROGRESS_INTERVAL_US))
        return ERR_OK;
    enum err err = lease_change(h, lease_renew, NULL, e);
    if (err == ERR_OK)
        h->renewed_us = t;
    else if (!h->lost && since < job_lease_us(h->s))
        err = ERR_OK;
    return err;
}

static enum err lease_finish(struct lease *h, void *arg, struct error *e)
{
    h->job->progress = h->now;
    return job_finish(h->job, job_steady_us(h->s), h->token, arg, e);
}

static enum err lease_fail(struct lease *h, void *arg, struct error *e)
{
    return job_fail(h->job, job_steady_us(h->s), h->token, arg, e);
}

struct deferral {
    const struct error *why;
    int64_t delay_us;
};

static enum err lease_defer(struct lease *h, void *arg, struct error *e)
{
    const struct deferral *d = arg;
    int64_t t = job_steady_us(h->s);
    return job_defer(h->job, t, h->token, h->pages.kept > 0, d->why, t + d->delay_us, e);
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

static enum err put_results(const struct lease *h, const struct extraction_request *r,
                            const struct extraction *x, struct error *e)
{
    const struct format_options options = {.max_bytes = (size_t)h->s->cfg->max_result_bytes,
                                           .escape_formulas = r->escape_formulas,
                                           .sheets = r->sheets};
    char name[BLOB_NAME_MAX + 1];
    enum err err = ERR_OK;
    for (int f = 0; err == ERR_OK && formats[f].name != NULL; f++) {
        if (f != r->format && !r->also[f])
            continue;
        result_name(h->job, f, &r->sheets, name);
        err = result_file_put(h->s, name, x, f, &options, e);
    }
    return err;
}

/* A job's document in Firestore holds 1 MiB: long lists of regions lie beside the results. */
static enum err put_regions(const struct lease *h, const struct extraction *x,
                            char name[BLOB_NAME_MAX + 1], struct buffer *out, struct error *e)
{
    const struct blob_store *b = &h->s->blobs;
    name[0] = '\0';
    regions_json(x, out);
    if (buffer_failed(out))
        return error_no_memory(e);
    if (out->len <= REGIONS_IN_JOB_MAX)
        return ERR_OK;
    regions_name(h->job, name);
    return b->ops->put_bytes(b->self, name, out->data, out->len, "application/json", e);
}

/* Writes the results, then turns the job completed: a completed job always has its files. */
static enum err complete(struct lease *h, const struct extraction_request *r,
                         const struct extraction *x, struct error *e)
{
    const struct blob_store *b = &h->s->blobs;
    char result[BLOB_NAME_MAX + 1], graph[BLOB_NAME_MAX + 1], beside[BLOB_NAME_MAX + 1];
    struct buffer regions = BUFFER_INIT;
    enum err err = put_results(h, r, x, e);
    result_name(h->job, r->format, &r->sheets, result);
    graph_name(h->job, graph);
    if (err == ERR_OK && x->debug_graph_json != NULL)
        err = b->ops->put_bytes(b->self, graph, x->debug_graph_json, strlen(x->debug_graph_json),
                                "application/json", e);
    if (err == ERR_OK)
        err = put_regions(h, x, beside, &regions, e);
    if (err == ERR_OK) {
        bool is_beside = beside[0] != '\0';
        struct job_result done = {x->outcome, result, x->debug_graph_json != NULL ? graph : NULL,
                                  is_beside ? NULL : regions.data, is_beside ? beside : NULL};
        err = lease_change(h, lease_finish, &done, e);
    }
    buffer_free(&regions);
    return err;
}

/* Those that still count: what brought the job further has ended them. */
static int failures_before(const struct lease *h)
{
    return h->pages.kept > 0 ? 0 : h->job->retry_count;
}

/* What a dependency asked for and, on top, the jittered back-off. */
static int64_t retry_delay_us(const struct lease *h, const struct error *why)
{
    int64_t most = h->s->cfg->retry_max_s * US_PER_S;
    int64_t delay = backoff_us(h->s->cfg->retry_base_s * US_PER_S, failures_before(h), most);
    delay = why->retry_after_s * US_PER_S + random_jitter_us(delay);
    return delay < most ? delay : most;
}

static enum err lease_continue(struct lease *h, void *arg, struct error *e)
{
    (void)arg;
    return job_continue(h->job, job_steady_us(h->s), h->token, &h->now, e);
}

/* The next task goes on from the pages that this one has kept. */
static enum err go_on_later(struct lease *h, struct error *e)
{
    char kept[16];
    (void)snprintf(kept, sizeof kept, "%d", h->pages.kept);
    log_event(LOG_INFO, "the job goes on in a next task", "pages_read", kept, NULL);
    enum err err = lease_change(h, lease_continue, NULL, e);
    return err == ERR_OK ? job_enqueue_extraction(h->s, h->job, e) : err;
}

/* Ends or defers the job after run_leased failed with *why. */
static enum err record_failure(struct lease *h, const struct error *why, struct error *e)
{
    struct error last = *why;
    if (why->kind == ERR_TIMEOUT && h->pages.kept > 0 &&
        (h->pages.paused || monotonic_us() >= h->deadline_us))
        return go_on_later(h, e);
    log_error(LOG_WARNING, "an extraction failed", why);
    if (!err_is_transient(why->kind))
        return lease_change(h, lease_fail, &last, e);
    if (failures_before(h) + 1 >= h->s->cfg->job_max_retries) {
        (void)error_set(&last, why->kind, "Max retries exceeded: %s", why->detail);
        return lease_change(h, lease_fail, &last, e);
    }
    struct deferral d = {why, retry_delay_us(h, why)};
    enum err err = lease_change(h, lease_defer, &d, e);
    return err == ERR_OK ? job_enqueue_retry(h->s, h->job, e) : err;
}

static enum err run_leased(struct lease *h, const struct job_runner *runner, struct error *e)
{
    const struct services *s = h->s;
    char blob[BLOB_NAME_MAX + 1];
    struct extraction_request r = {0};
    struct extraction x = {0};
    struct checkpoint c = {heartbeat, h};
    int fd = -1;
    enum err err =
        extraction_request_parse(h->job->request_json, strlen(h->job->request_json), s->cfg, &r, e);
    if (err == ERR_OK && r.has_password)
        err = sealed_password_get(s, h->job->id, r.password, e);
    if (err == ERR_OK)
        err = pdf_find(s, r.pdf_id, blob, NULL, e);
    if (err == ERR_OK)
        err = s->blobs.ops->open(s->blobs.self, blob, h->job->pdf_version, &fd, e);
    if (err == ERR_GONE)
        error_set(e, ERR_GONE, "The PDF was replaced after this job was made; make a new job.");
    if (err == ERR_OK)
        err = runner->run(runner->self, fd, &r, &c, &h->pages.journal, &h->now, &x, e);
    if (err == ERR_OK)
        err = complete(h, &r, &x, e);
    if (err == ERR_OK)
        quota_note(s, QUOTA_PAGES, h->job->owner, x.pages_read);
    if (fd >= 0)
        (void)close(fd);
    extraction_free(&x);
    extraction_request_free(&r);
    return err;
}

static enum err change_claim(struct job *j, void *arg, struct error *e)
{
    const struct lease *h = arg;
    return job_claim(j, job_steady_us(h->s), job_lease_us(h->s), h->token, e);
}

enum err job_process(const struct services *s, const struct job_runner *runner, const char *id,
                     int64_t deadline_us, struct error *e)
{
    struct lease h = {.s = s, .deadline_us = deadline_us};
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
    job_follow(j);
    job_free(j);
    if (attempts >= s->cfg->job_max_attempts) {
        err = job_give_up(s, id, e);
        return err == ERR_GONE ? ERR_OK : err;
    }
    random_hex(h.token, 16);
    err = job_change(s, NULL, id, change_claim, &h, &h.job, e);
    if (err == ERR_GONE) /* a second delivery of a finished job */
        return ERR_OK;
    if (err != ERR_OK)
        return err;
    h.renewed_us = monotonic_us();
    h.now = h.job->progress;
    job_pages_begin(&h.pages, s, h.job, deadline_us);
    err = run_leased(&h, runner, &why);
    attempts_note(err);
    if (err != ERR_OK && !h.lost)
        err = record_failure(&h, &why, e);
    else if (err == ERR_OK)
        job_pages_drop(&h.pages);
    if (h.lost) {
        /* Whoever took the job writes the same results; a cancelled one must leave none. */
        struct job *newest = NULL;
        log_event(LOG_NOTICE, "the job was cancelled or taken over; its work is dropped", NULL);
        err = s->jobs.ops->get(s->jobs.self, id, &newest, e);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && newest->status == JOB_CANCELLED))
            err = job_remove_results(s, id, e);
        job_free(newest);
    } else if (err == ERR_OK && job_is_final(h.job)) {
        job_note_end(s, h.job);
    }
    job_free(h.job);
    return err;
}
