/* Moves what a job store holds to another: jobs, feedback, idempotency keys, counters and tasks. */
#ifndef PDF_OCR_MOVE_MOVE_H
#define PDF_OCR_MOVE_MOVE_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

enum move_mode {
    MOVE_COPY,
    MOVE_COMPARE, /* write nothing; missing and differing rows make the exit status 1 */
    MOVE_FORETELL /* write nothing, and tell what would be written */
};

struct move_options {
    const char *from, *to; /* as in JOB_STORE; NULL: not given */
    enum move_mode mode;
    bool json; /* an object a line */
    const volatile sig_atomic_t *stop;
};

/* Copies the rows that the target lacks or has otherwise, page by page, each page a transaction,
 * and then compares the fingerprint of each row on both sides. Nothing is removed from either. What
 * was stopped or killed goes on when it is run again: rows that are there already are only
 * compared. Others cannot write to the source meanwhile. A target that is in use, with jobs that
 * the source has not or has older, is refused. Settings come from the environment.
 *
 * Returns the exit status: 0; 1 where rows are missing or differ; 2 with *e where it could not be
 * done; 128 and the signal when it was stopped. */
int move_run(const struct move_options *o, struct error *e);

#endif
