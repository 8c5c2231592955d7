/* The pages of a job that OCR has read, kept beside its results until it is done, and its budgets
 * (ports/page_journal.h).
 */
#ifndef PDF_OCR_CORE_JOB_PAGES_H
#define PDF_OCR_CORE_JOB_PAGES_H

#include "core/job_service.h"
#include "ports/page_journal.h"

/* Of one task of a job. */
struct job_pages {
    const struct services *s;
    const struct job *job;
    struct page_journal journal; /* what the runner is given */
    int64_t enough_us;           /* monotonic: what is not begun by then is for the next task */
    int found, kept;             /* pages read by earlier tasks, and by this one */
    bool first;                  /* nothing was kept before the job's first task */
    int spent;                   /* pages that this task has had read for money */
    bool paused;                 /* go_on() has said that the rest is for the next task */
};

/* deadline_us: of the task, monotonic. The job is borrowed. */
void job_pages_begin(struct job_pages *p, const struct services *s, const struct job *j,
                     int64_t deadline_us);

/* Erases what was kept, once the job is done. What cannot be erased now goes with the results. */
void job_pages_drop(const struct job_pages *p);

/* ERR_RATE_LIMITED, with the time to wait, when the owner has used up the pages of the day and
 * nothing reads for nothing instead. */
enum err job_pages_check_budget(const struct services *s, const char *owner,
                                enum engine_choice engine, struct error *e);

#endif
