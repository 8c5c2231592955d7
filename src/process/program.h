/* What the program gives to its processes: who answers, who delivers tasks, and what is done in
 * between. app/ fills it; nothing here knows which stores there are. */
#ifndef PDF_OCR_PROCESS_PROGRAM_H
#define PDF_OCR_PROCESS_PROGRAM_H

#include "auth/auth.h"
#include "base/clock.h"
#include "core/config.h"
#include "http/http.h"

/* A job, as who waits for it is told of it. */
struct job_sight {
    bool final;
    int64_t version;
    struct buffer text; /* one line of JSON; the caller frees it */
};

/* What one process works with, opened after fork(). */
struct instance {
    void *self;
    void *app;                        /* what handlers get */
    const unsigned char *signing_key; /* of links */
    const struct clock *clock;
    struct task_tokens task_tokens; /* what deliveries may carry */

    /* Whether the caller may have a page's image, which nginx may have kept: asked by the api pool
     * before the request is passed on. Appends to version that of the document, nothing
     * where its name tells the content: what was drawn of another is not shown. */
    enum err (*admit)(void *app, const struct request *r, struct buffer *version, struct error *e);

    /* Looks at a job, whosever it is, for requests that have been let in and wait. *out is zeroed.
     * ERR_NOT_FOUND. */
    enum err (*look)(void *app, const char *job_id, struct job_sight *out, struct error *e);
};

struct dispatch {
    const char *auth_key;     /* what tasks are delivered with */
    int notify_fd;            /* an eventfd that tells of new tasks */
    const volatile int *stop; /* set by SIGTERM */
};

struct program {
    /* notify_fd: the eventfd that new tasks are told by. On an error nothing is open. */
    enum err (*open)(const struct config *cfg, int notify_fd, struct instance *out,
                     struct error *e);
    void (*close)(struct instance *i);

    /* Sends what was put off until nobody waits for it, for give_ms at most. */
    void (*flush)(struct instance *i, int give_ms);

    /* Delivers tasks, where nobody else does, and does the maintenance, until *stop is set. */
    enum err (*dispatch)(struct instance *i, const struct dispatch *d, struct error *e);

    /* Whether spans and metrics are sent elsewhere; and does it, until *stop is set. spans_fd: a
     * pipe of the lines of base/span.h, non-blocking. */
    bool (*exports)(const struct config *cfg);
    enum err (*export)(struct instance *i, int spans_fd, const volatile int *stop, struct error *e);
};

#endif
