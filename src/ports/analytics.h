/* Port: the analysts' copy of what happened (BigQuery). Where analysts read the job store's own
 * tables (SQLite, PostgreSQL) there is none: ops is NULL.
 *
 * Rows are taken at once and sent by flush(), after the request at hand has been answered: best
 * effort, tried again a few times, never in the way of a job.
 */
#ifndef PDF_OCR_PORTS_ANALYTICS_H
#define PDF_OCR_PORTS_ANALYTICS_H

#include "ports/job_store.h"

struct analytics_ops {
    const char *name; /* for logs: "bigquery" */

    /* Takes note of a job that has become final, and of feedback. owner: the job's. */
    void (*job_ended)(void *self, const struct job *j);
    void (*feedback_given)(void *self, const char *owner, const struct feedback *f);

    /* Sends what was noted, for give_ms at most: what could not be sent is kept for the next time.
     */
    void (*flush)(void *self, int give_ms);

    void (*close)(void *self);
};

struct analytics {
    const struct analytics_ops *ops;
    void *self;
};

#endif
