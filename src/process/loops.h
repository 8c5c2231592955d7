/* The accept loops of the two pools. */
#ifndef PDF_OCR_PROCESS_LOOPS_H
#define PDF_OCR_PROCESS_LOOPS_H

#include "process/serve.h"

struct loop {
    const struct server *server;
    int listen_fd;              /* non-blocking */
    const volatile int *stop;   /* set by SIGTERM: drain and return */
    int64_t max_requests;       /* 0: no limit */
    int64_t drain_s;            /* how long kept connections may take to end */
    void (*retire)(void *self); /* called once when max_requests is reached: a successor is due */
    void *retire_self;
    void (*after)(void *self); /* called between requests, and while there are none; may be NULL */
    void *after_self;
    int turns_fd;    /* one request a client at a time (turns.h); -1: no turns */
    int64_t queue_s; /* how long a request may wait for its turn */
};

/* Holds many kept connections of nginx at once under epoll; one request at a time. */
enum err loop_kept_connections(const struct loop *l, struct error *e);

/* One connection a request. One whose client's turn is taken elsewhere waits here, and the process
 * takes others meanwhile. */
enum err loop_single_requests(const struct loop *l, struct error *e);

#endif
