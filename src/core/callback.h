/* Telling the callback_url of a job's request that the job has ended.
 *
 * The task that delivers is put into the queue before the job is stored as ended, and only then is
 * the job stored: so none ends without its task. A task that comes before the job has ended waits
 * for it. A delivery that fails is a new task, later by a growing delay.
 */
#ifndef PDF_OCR_CORE_CALLBACK_H
#define PDF_OCR_CORE_CALLBACK_H

#include "core/job_service.h"

#define CALLBACK_URL_MAX 2048

/* The first delivery of a job that is about to be stored as ended, if its request has a
 * callback_url. A job that failed before it was ever started has none: who sent it has been told.
 * Errors of the queue. */
enum err callback_announce(const struct services *s, const struct job *j, struct error *e);

/* Which delivery of which end: what a task says. */
struct callback {
    char job_id[UUID_LEN + 1];
    int64_t version; /* of the job, before it ended */
    int attempt;     /* 0: the first */
};

/* Puts the next attempt into the queue. Errors of the queue. */
enum err callback_again(const struct services *s, const struct job *j, const struct callback *c,
                        struct error *e);

/* Loads the job of a callback; *out NULL: there is nobody to be told of it any more. ERR_CONFLICT:
 * it has not ended yet. */
enum err callback_job(const struct services *s, const struct callback *c, struct job **out,
                      struct error *e);

/* The URL of the job's request, to be freed; NULL: none, or memory is out. */
char *callback_url_of(const struct job *j);

#endif
