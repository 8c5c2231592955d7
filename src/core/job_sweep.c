/* Jobs that nobody works on any more are queued again; those that have expired are erased. */

#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "core/callback.h"
#include "core/job_change.h"

#define SWEEP_BATCH 100

static enum err change_requeue(struct job *j, void *arg, struct error *e)
{
    return job_requeue(j, job_steady_us(arg), e);
}

static enum err requeue(const struct services *s, const char *id, struct error *e)
{
    struct job *j = NULL;
    enum err err = job_change(s, NULL, id, change_requeue, (void *)s, &j, e);
    if (err == ERR_OK)
        err = job_enqueue_extraction(s, j, e);
    job_free(j);
    return err;
}

enum err job_retry_task(const struct services *s, const char *id, int retry_count, struct error *e)
{
    struct job *j = NULL;
    enum err err = job_load(s, NULL, id, &j, e);
    if (err == ERR_OK)
        job_follow(j);
    if (err == ERR_OK && retry_count >= s->cfg->job_max_retries) {
        struct error why;
        (void)error_set(&why, err_of_code(j->error_code), "Max retries exceeded: %s",
                        j->error_message != NULL ? j->error_message : "no more is known");
        err = job_fail_unleased(s, id, &why, e);
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
    static const char *const kinds[] = {JOB_EXTRACTION_TASK, JOB_RETRY_TASK};
    char name[TASK_NAME_MAX + 1];
    enum err err = ERR_OK;
    if (j->status != JOB_QUEUED)
        return ERR_OK;
    for (size_t i = 0; err == ERR_OK && !*waits && i < sizeof kinds / sizeof kinds[0]; i++) {
        job_task_name(kinds[i], j, name);
        err = s->queue.ops->exists(s->queue.self, name, waits, e);
    }
    return err;
}

/* Whether its task was dropped, or its worker is gone: the job is queued anew, as the
 * queue remembers the name of a dropped task and takes it for done. Two deliveries do no harm. */
static enum err take_up(const struct services *s, const struct job *j, struct error *e)
{
    if (j->attempts >= s->cfg->job_max_attempts)
        return job_give_up(s, j->id, e);
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
    job_follow(j);
    enum err err = take_up(s, j, &e);
    if (err == ERR_OK)
        ++*count;
    else if (err != ERR_CONFLICT && err != ERR_GONE && err != ERR_NOT_FOUND)
        log_error(LOG_WARNING, "a stale job could not be queued again", &e);
    log_trace(NULL);
    context_trace("");
}

enum err job_sweep(const struct services *s, int64_t retention_us, int *requeued, int *erased,
                   struct error *e)
{
    struct job_page page = {0};
    int64_t t = job_steady_us(s);
    int again = 0, gone = 0;
    enum err err = s->jobs.ops->list_stale(s->jobs.self, t - s->cfg->job_stale_s * US_PER_S,
                                           t - job_lease_us(s), SWEEP_BATCH, &page, e);
    for (size_t i = 0; err == ERR_OK && i < page.n; i++)
        recover(s, page.jobs[i], &again);
    job_page_free(&page);
    if (err == ERR_OK)
        err = callback_sweep(s, e);
    if (err == ERR_OK)
        err = s->jobs.ops->list_expired(s->jobs.self, retention_us, SWEEP_BATCH, &page, e);
    for (size_t i = 0; err == ERR_OK && i < page.n; i++) {
        if ((err = job_remove_results(s, page.jobs[i]->id, e)) == ERR_OK &&
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
