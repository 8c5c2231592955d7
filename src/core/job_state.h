/* The job's state machine: pure. A job, an event and the time go in; the changed job comes out.
 *
 *   queued ──claim──> processing ──finish──> completed
 *     ^  └─cancel─> cancelled <─cancel─┘ ├──fail────> failed ──retry (by the user)──> queued
 *     └─────defer (transient), continue──┘
 *
 * Nothing here reads or writes anything; the caller stores the result by compare-and-swap.
 */
#ifndef PDF_OCR_CORE_JOB_STATE_H
#define PDF_OCR_CORE_JOB_STATE_H

#include "base/error.h"
#include "ports/job.h"

/* Whether the job has reached a state that only the user can leave. */
bool job_is_final(const struct job *j);

/* How far the job is, 0 to 100; 100 only when completed. */
int job_percent(const struct job *j);

/* queued, or processing with an expired lease -> processing: a new lease, attempts + 1.
 * ERR_CONFLICT with retry_after_s while another worker holds it; ERR_GONE when final. */
enum err job_claim(struct job *j, int64_t now_us, int64_t lease_us, const char *token,
                   struct error *e);

/* Extends the lease and notes the progress. ERR_CONFLICT when token no longer holds the job. */
enum err job_renew(struct job *j, int64_t now_us, int64_t lease_us, const char *token,
                   const struct job_progress *p, struct error *e);

/* processing -> completed. The strings are copied; all but result_name may be NULL. */
struct job_result {
    enum job_outcome outcome;
    const char *result_name, *debug_graph_name, *approved_regions_json, *regions_name;
};
enum err job_finish(struct job *j, int64_t now_us, const char *token, const struct job_result *r,
                    struct error *e);

/* processing (by its holder) or queued (token NULL) -> failed, for good. */
enum err job_fail(struct job *j, int64_t now_us, const char *token, const struct error *why,
                  struct error *e);

/* processing -> queued after a transient failure: retry_count + 1, why is kept, due at
 * next_attempt_us. further: the attempt has brought the job further, so that the failures before it
 * count no more. */
enum err job_defer(struct job *j, int64_t now_us, const char *token, bool further,
                   const struct error *why, int64_t next_attempt_us, struct error *e);

/* processing -> queued, due now, when a task has brought the job further but not to its end. Starts
 * and failures count anew. */
enum err job_continue(struct job *j, int64_t now_us, const char *token,
                      const struct job_progress *p, struct error *e);

/* queued again and due now, by the sweep or retry-job: any job that is not final and not held. */
enum err job_requeue(struct job *j, int64_t now_us, struct error *e);

/* failed -> queued by the user: counters and the error are cleared. ERR_CONFLICT otherwise. */
enum err job_retry(struct job *j, int64_t now_us, struct error *e);

/* queued or processing -> cancelled; cancelling twice is ERR_OK; ERR_CONFLICT when completed or
 * failed. */
enum err job_cancel(struct job *j, int64_t now_us, struct error *e);

#endif
