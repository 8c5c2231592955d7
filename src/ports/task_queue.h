/* Port: the queue that calls us back over HTTP (Cloud Tasks, or the local dispatcher's table). */
#ifndef PDF_OCR_PORTS_TASK_QUEUE_H
#define PDF_OCR_PORTS_TASK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TASK_NAME_MAX 128

struct task {
    char name[TASK_NAME_MAX + 1]; /* [A-Za-z0-9_-]+, unique for an hour after the task ended */
    const char *path;             /* under API_BASE_URL: /api/v1/tasks/process-extraction */
    const char *body;             /* JSON */
    size_t body_len;
    int64_t schedule_us;     /* not before this time; 0: at once */
    const char *traceparent; /* may be NULL; sent along as a header */
    const char *owner;       /* may be NULL; a queue of this machine takes owners in turn, */
    int size;                /* and of an owner's tasks the smaller ones first: about seconds */
};

struct task_queue_ops {
    const char *name; /* for logs: "sqlite", "cloud-tasks" */

    /* Accepts a task, durably. A name that exists, or existed within the hour, is ERR_OK and no
     * second task. ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_STORAGE_FULL. */
    enum err (*enqueue)(void *self, const struct task *t, struct error *e);

    /* Whether a task of this name waits or is being delivered; one that has ended or was dropped
     * does not. ERR_UNAVAILABLE, ERR_TIMEOUT. */
    enum err (*exists)(void *self, const char *name, bool *out, struct error *e);

    /* The number of tasks waiting or running, for metrics; -1 when unknown. */
    enum err (*depth)(void *self, int64_t *out, struct error *e);

    enum err (*ping)(void *self, struct error *e);
    void (*close)(void *self);
};

struct task_queue {
    const struct task_queue_ops *ops;
    void *self;
};

#endif
