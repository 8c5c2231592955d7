/* The table of tasks: what the queue writes and the dispatcher works through. */
#ifndef PDF_OCR_LOCAL_SQLITE_TASKS_H
#define PDF_OCR_LOCAL_SQLITE_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatch/task_table.h"

struct sqlite_tasks;

enum err sqlite_tasks_open(const char *path, struct sqlite_tasks **out, struct error *e);
void sqlite_tasks_close(struct sqlite_tasks *t);

/* A name that is there already, even as an ended task, changes nothing. */
enum err sqlite_tasks_add(struct sqlite_tasks *t, const struct task *task, int64_t now_us,
                          struct error *e);
enum err sqlite_tasks_exists(struct sqlite_tasks *t, const char *name, bool *out, struct error *e);
enum err sqlite_tasks_depth(struct sqlite_tasks *t, int64_t *out, struct error *e);

/* As the functions of a task_table (dispatch/task_table.h). */
enum err sqlite_tasks_take(struct sqlite_tasks *t, int64_t now_us, int64_t per_owner,
                           struct due_task *out, bool *found, int64_t *next_us, struct error *e);

enum err sqlite_tasks_end(struct sqlite_tasks *t, const char *name, int64_t now_us,
                          struct error *e);

enum err sqlite_tasks_drop(struct sqlite_tasks *t, const char *name, struct error *e);

enum err sqlite_tasks_put_back(struct sqlite_tasks *t, const char *name, int64_t due_us, int status,
                               struct error *e);

/* At start: what was running when the last dispatcher died is due again. */
enum err sqlite_tasks_recover(struct sqlite_tasks *t, struct error *e);

/* Forgets names that ended more than an hour ago. */
enum err sqlite_tasks_purge(struct sqlite_tasks *t, int64_t now_us, struct error *e);

#endif
