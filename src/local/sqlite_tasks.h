/* The table of tasks: what the queue writes and the dispatcher works through. */
#ifndef PDF_OCR_LOCAL_SQLITE_TASKS_H
#define PDF_OCR_LOCAL_SQLITE_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/source.h"
#include "ports/task_queue.h"

struct sqlite_tasks;

enum err sqlite_tasks_open(const char *path, struct sqlite_tasks **out, struct error *e);
void sqlite_tasks_close(struct sqlite_tasks *t);

/* A name that is there already, even as an ended task, changes nothing. */
enum err sqlite_tasks_add(struct sqlite_tasks *t, const struct task *task, int64_t now_us,
                          struct error *e);
enum err sqlite_tasks_exists(struct sqlite_tasks *t, const char *name, bool *out, struct error *e);
enum err sqlite_tasks_depth(struct sqlite_tasks *t, int64_t *out, struct error *e);

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

/* Takes a due task and marks it running; dispatches grows by one. Owners have their turns, those
 * with fewer tasks running first; one with per_owner of them waits (0: any number). Of an owner's
 * tasks the one that has been due the longest goes first, as if it had become due later by its
 * size in seconds. *found tells whether there was one; if not, *next_us is when the next will be
 * due (0: none). */
enum err sqlite_tasks_take(struct sqlite_tasks *t, int64_t now_us, int64_t per_owner,
                           struct due_task *out, bool *found, int64_t *next_us, struct error *e);

/* Ends a task; its name stays known for an hour. */
enum err sqlite_tasks_end(struct sqlite_tasks *t, const char *name, int64_t now_us,
                          struct error *e);

/* Drops a task after its last attempt; its name is free, so that the sweep can queue it again. */
enum err sqlite_tasks_drop(struct sqlite_tasks *t, const char *name, struct error *e);

/* Puts a running task back until due_us. status: HTTP status of the answer, 0: none came. */
enum err sqlite_tasks_put_back(struct sqlite_tasks *t, const char *name, int64_t due_us, int status,
                               struct error *e);

/* At start: what was running when the last dispatcher died is due again. */
enum err sqlite_tasks_recover(struct sqlite_tasks *t, struct error *e);

/* Forgets names that ended more than an hour ago. */
enum err sqlite_tasks_purge(struct sqlite_tasks *t, int64_t now_us, struct error *e);

#endif
