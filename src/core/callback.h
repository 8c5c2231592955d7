/* Telling the callback_url of a job's request that the job has ended.
 *
 * A mark in the blob store is written before the job is stored as ended, and removed when its end
 * has been told or is given up: so none ends without one. The task that delivers is queued after
 * that; the sweep queues it anew where it was dropped, or never came. A delivery that fails is a
 * new task, later by a growing delay, with a mark of its own.
 */
#ifndef PDF_OCR_CORE_CALLBACK_H
#define PDF_OCR_CORE_CALLBACK_H

#include "core/job_service.h"

#define CALLBACK_URL_MAX 2048

/* Marks that the end of a job, which is about to be stored, has to be told, if its request has a
 * callback_url. A job that failed before it was ever started has none: who sent it has been told.
 * Errors of the blob store. */
enum err callback_mark(const struct services *s, const struct job *j, struct error *e);

/* Queues the first delivery for a job that has ended just now and was marked. What cannot be queued
 * is left to the sweep. */
void callback_announce(const struct services *s, const struct job *j);

/* Which delivery of which end: what a task says. */
struct callback {
    char job_id[UUID_LEN + 1];
    int64_t version; /* of the job when it ended */
    int attempt;     /* 0: the first */
};

/* Marks the next attempt and puts it into the queue. Errors of the blob store and the queue. */
enum err callback_again(const struct services *s, const struct job *j, const struct callback *c,
                        struct error *e);

/* The end has been told, or nobody will be told any more. What cannot be removed now is tried again
 * by the sweep, which may tell it once more. */
void callback_done(const struct services *s, const char *job_id);

/* Loads the job of a callback; *out NULL: there is nobody to be told of it any more. */
enum err callback_job(const struct services *s, const struct callback *c, struct job **out,
                      struct error *e);

/* Maintenance: queues again what was marked JOB_STALE_S ago and has no task, and forgets the marks
 * of jobs that were erased. */
enum err callback_sweep(const struct services *s, struct error *e);

/* The URL of the job's request, to be freed; NULL: none, or memory is out. */
char *callback_url_of(const struct job *j);

#endif
