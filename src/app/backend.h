/* Opens the adapters that BACKEND names and wires them to the core. */
#ifndef PDF_OCR_APP_BACKEND_H
#define PDF_OCR_APP_BACKEND_H

#include "api/app.h"
#include "extract/pipeline.h"
#include "google/session.h"
#include "process/program.h"

struct backend {
    struct app app;
    struct pipeline pipeline;     /* what app.runner runs; it owns the recognizer */
    struct google_session google; /* BACKEND=google */
};

/* Looks at what the settings name, and asks nobody: the credentials, and who signs links. */
enum err backend_check(const struct config *cfg, struct error *e);

/* Makes the folders and the signing key that the backend needs; run once, by the master. */
enum err backend_prepare(const struct config *cfg, struct error *e);

/* Opens everything for one process; after fork(). notify_fd: the dispatcher's eventfd. */
enum err backend_open(const struct config *cfg, int notify_fd, struct backend *b, struct error *e);
void backend_close(struct backend *b);

/* Looks at what else would only show when it is used, and logs what is wrong: whether there is the
 * Gemini model. Asks Google. */
void backend_probe(const struct config *cfg, struct backend *b);

/* The above, as the processes need it. */
extern const struct program backend_program;

/* A path below DATA_DIR, in one buffer that the caller frees; NULL when memory is out. */
char *backend_path(const struct config *cfg, const char *name);

#endif
