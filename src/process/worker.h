/* What a forked child does, by role. */
#ifndef PDF_OCR_PROCESS_WORKER_H
#define PDF_OCR_PROCESS_WORKER_H

#include "auth/keys.h"
#include "core/config.h"
#include "process/program.h"

enum role {
    ROLE_API,
    ROLE_TASK,
    ROLE_PAGE,
    ROLE_HEALTH,
    ROLE_UPLOAD,
    ROLE_FETCH, /* of the upload pool, what has to be fetched first */
    ROLE_WAITER,
    ROLE_DISPATCHER,
    ROLE_EXPORTER,
    ROLE__MAX
};
extern const char *const role_names[ROLE__MAX];

struct worker {
    const struct program *program;
    const struct config *cfg;
    const struct key_set *keys;
    const char *task_key; /* what the dispatcher sends */
    int listen_fd;        /* -1 for the dispatcher */
    int notify_fd;        /* eventfd from the queue to the dispatcher */
    int spans_fd;         /* a pipe of spans, for the exporter its end to read; -1: none */
    int retire_fd;        /* a pipe to the master: a pid whose successor is due */
};

/* Runs until SIGTERM or, for a pool, until its requests are used up. Returns the exit status. */
int worker_run(const struct worker *w, enum role role);

#endif
