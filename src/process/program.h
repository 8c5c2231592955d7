/* What the program gives to its processes: who answers, who delivers tasks, and what is done in
 * between. app/ fills it; nothing here knows which stores there are. */
#ifndef PDF_OCR_PROCESS_PROGRAM_H
#define PDF_OCR_PROCESS_PROGRAM_H

#include "base/source.h"
#include "core/config.h"

/* What one process works with, opened after fork(). */
struct instance {
    void *self;
    void *app;                        /* what handlers get */
    const unsigned char *signing_key; /* of links */
    const struct source *source;
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
};

#endif
