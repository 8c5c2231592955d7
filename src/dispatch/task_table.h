/* What the dispatcher asks of a table of tasks. */
#ifndef PDF_OCR_DISPATCH_TASK_TABLE_H
#define PDF_OCR_DISPATCH_TASK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ports/task_queue.h"

#define TASK_NAME_LIFE_US (3600 * INT64_C(1000000)) /* as long as Cloud Tasks remembers a name */

struct due_task {
    char name[TASK_NAME_MAX + 1];
    char *path, *body, *traceparent; /* owned; due_task_free */
    size_t body_len;
    int64_t eta_us;
    int dispatches;    /* before this one */
    int responses;     /* of those, the ones that got an answer */
    int last_response; /* HTTP status of the last answer, 0: none */
};

void due_task_free(struct due_task *d);

/* Functions that are NULL have nothing to do. */
struct task_table_ops {
    /* At the start: what the last dispatcher left running is due again. *lost: the table is older
     * than it was. */
    enum err (*start)(void *self, bool *lost, struct error *e);

    /* Takes a due task and marks it running; dispatches grows by one. Owners have their turns,
     * those with fewer tasks running first; one with per_owner of them waits (0: any number). Of an
     * owner's tasks the one that has been due the longest goes first, as if it had become due later
     * by its size in seconds. *found tells whether there was one; if not, *next_us is when to look
     * again (0: not known). */
    enum err (*take)(void *self, int64_t now_us, int64_t per_owner, struct due_task *out,
                     bool *found, int64_t *next_us, struct error *e);

    /* Ends a task; its name stays known for an hour. */
    enum err (*end)(void *self, const char *name, int64_t now_us, struct error *e);

    /* Drops a task after its last attempt; its name is free, so that the sweep can queue it again.
     */
    enum err (*drop)(void *self, const char *name, struct error *e);

    /* Puts a running task back until due_us. status: HTTP status of the answer, 0: none came. */
    enum err (*put_back)(void *self, const char *name, int64_t due_us, int status, struct error *e);

    /* From time to time: forgets names that ended more than an hour ago. */
    enum err (*tick)(void *self, int64_t now_us, struct error *e);

    /* Where several dispatchers share the table: tells every renew_us, while tasks run, that they
     * still do. */
    enum err (*renew)(void *self, struct error *e);
    int64_t renew_us;

    /* A descriptor that becomes readable when there may be a new task, or -1; and whether one was
     * told of since the last time. */
    int (*wake_fd)(void *self);
    bool (*woken)(void *self);

    int64_t idle_us; /* how long nobody looks when nothing is known to be due */
};

struct task_table {
    const struct task_table_ops *ops;
    void *self;
};

#endif
