/* What the operations on jobs share (core/job_service.h): the clocks, compare-and-swap, tasks. */
#ifndef PDF_OCR_CORE_JOB_CHANGE_H
#define PDF_OCR_CORE_JOB_CHANGE_H

#include "core/job_service.h"

#define JOB_CAS_TRIES       8
#define JOB_EXTRACTION_TASK "extraction" /* kinds of tasks, in their names */
#define JOB_RETRY_TASK      "retry"

/* Microseconds. What users see is the wall clock's; leases, delays and due times are not. */
int64_t job_now_us(const struct services *s);
int64_t job_steady_us(const struct services *s);

/* JOB_LEASE_S in microseconds. */
int64_t job_lease_us(const struct services *s);

/* The name of the task of a kind for a job. It holds the job's version, which grows with every
 * change, so each new round gets a new name, and a repeated create of the same round is one task.
 */
void job_task_name(const char *kind, const struct job *j, char out[TASK_NAME_MAX + 1]);

/* Queue the extraction now, or the retry of a deferred job when it is due. Errors: those of the
 * queue. */
enum err job_enqueue_extraction(const struct services *s, const struct job *j, struct error *e);
enum err job_enqueue_retry(const struct services *s, const struct job *j, struct error *e);

/* What follows is done for this job: log lines and calls to other services carry its trace, where
 * it has one. */
void job_follow(const struct job *j);

/* Sets the times that users see: the rules know one clock, a job shows the other. ends: a final
 * job gets the time when it expires. */
void job_set_times(const struct services *s, struct job *j, bool ends);

/* A job has become final: for the log and for the analysts. */
void job_note_end(const struct services *s, const struct job *j);

/* A change of a job: reads *j, changes it. Run again on the newest record when somebody else was
 * faster. */
typedef enum err (*job_change_fn)(struct job *j, void *arg, struct error *e);

/* Applies change to the stored job by compare-and-swap; *out is the job as stored, owned by the
 * caller. owner NULL: anybody's. Errors: ERR_NOT_FOUND, that of change, those of the store. */
enum err job_change(const struct services *s, const char *owner, const char *id,
                    job_change_fn change, void *arg, struct job **out, struct error *e);

/* Ends a job that has no living lease: queued, or with an expired one. ERR_GONE when it has ended,
 * ERR_CONFLICT when a worker has it. */
enum err job_fail_unleased(const struct services *s, const char *id, const struct error *why,
                           struct error *e);

/* The same for one whose work was broken off too often. */
enum err job_give_up(const struct services *s, const char *id, struct error *e);

/* Erases the blobs of a job's results. */
enum err job_remove_results(const struct services *s, const char *id, struct error *e);

#endif
