/* Port: the analysts' copy of what happened, and the questions only it can answer (SQLite's own
 * tables, BigQuery).
 *
 * Rows are taken at once and sent by flush(), after the request at hand has been answered: best
 * effort, tried again a few times, never in the way of a job.
 */
#ifndef PDF_OCR_PORTS_ANALYTICS_H
#define PDF_OCR_PORTS_ANALYTICS_H

#include "ports/job_store.h"

/* What a correction does: delete, move, resize, retype. */
enum { FEEDBACK_ACTIONS = 4 };
extern const char *const feedback_action_names[FEEDBACK_ACTIONS + 1];

struct feedback_stats {
    int64_t feedback_count; /* feedback records */
    int64_t jobs_with_feedback;
    int64_t corrections_count; /* all corrections in them */
    int64_t by_action[FEEDBACK_ACTIONS];
};

struct analytics_ops {
    const char *name; /* for logs: "sqlite", "bigquery" */

    /* Takes note of a job that has become final, and of feedback. owner: the job's. These and
     * flush are NULL where there is no copy to keep. */
    void (*job_ended)(void *self, const struct job *j);
    void (*feedback_given)(void *self, const char *owner, const struct feedback *f);

    /* Sends what was noted, for give_ms at most: what could not be sent is kept for the next time.
     */
    void (*flush)(void *self, int give_ms);

    /* owner NULL: everybody's. */
    enum err (*feedback_stats)(void *self, const char *owner, struct feedback_stats *out,
                               struct error *e);
    void (*close)(void *self);
};

struct analytics {
    const struct analytics_ops *ops;
    void *self;
};

#endif
