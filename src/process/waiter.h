/* The process in which requests wait for their jobs, so that no api worker does.
 *
 * An api worker that has let a request in hands it on (X-Accel-Redirect to /_wait or /_events of
 * nginx.conf.in), with the job's id and how long it may wait. When the job has ended, or the time
 * is up, nginx is sent back to an api worker, which answers as if nobody had waited. Who follows a
 * job's events is told here each time that it changes. */
#ifndef PDF_OCR_PROCESS_WAITER_H
#define PDF_OCR_PROCESS_WAITER_H

#include "process/program.h"

struct waiter {
    const struct instance *instance; /* asked about jobs */
    int listen_fd;                   /* non-blocking */
    const volatile int *stop;        /* set by SIGTERM: answer all, and return */
    int64_t most_of_one;             /* requests of one client that may wait */
};

/* Raises the limit of open files to what the system allows, as each request takes one. */
enum err waiter_run(const struct waiter *w, struct error *e);

#endif
