/* A whole run: schema, reading, loading, merging, verifying. */
#ifndef PDF_OCR_MIGRATE_MIGRATION_H
#define PDF_OCR_MIGRATE_MIGRATION_H

#include <signal.h>

#include "core/config.h"
#include "google/session.h"

enum mode { MODE_MIGRATE, MODE_DRY_RUN, MODE_VERIFY, MODE_CREATE };

struct migration_options {
    enum mode mode;
    bool resume, json;
    int64_t batch_size;                /* documents a load job */
    const char *rejects;               /* file of what cannot be converted */
    const char *state_dir;             /* what --resume needs; removed at the end */
    const volatile sig_atomic_t *stop; /* a signal's number: ends the run as soon as it can */
};

/* Runs. Returns the exit status: 0 all is there, 1 something is missing, differs or was rejected, 2
 * it could not be done (*e tells), 128 + signal when stopped. */
int migration_run(const struct config *cfg, struct google_session *session,
                  const struct migration_options *o, struct error *e);

#endif
