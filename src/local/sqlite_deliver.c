/* The table of tasks as the dispatcher sees it, with the mark that tells whether it is older than
 * it was. */
#include "base/clock.h"
#include "dispatch/dispatcher.h"
#include "local/local.h"
#include "local/sqlite_tasks.h"
#include "local/store_mark.h"

struct marked_tasks {
    struct sqlite_tasks *tasks;
    struct store_mark *mark;
};

static enum err table_start(void *self, bool *lost, struct error *e)
{
    const struct marked_tasks *t = self;
    enum err err = store_mark_check(t->mark, lost, e);
    return err == ERR_OK ? sqlite_tasks_recover(t->tasks, e) : err;
}

static enum err table_take(void *self, int64_t now_us, int64_t per_owner, struct due_task *out,
                           bool *found, int64_t *next_us, struct error *e)
{
    const struct marked_tasks *t = self;
    return sqlite_tasks_take(t->tasks, now_us, per_owner, out, found, next_us, e);
}

static enum err table_end(void *self, const char *name, int64_t now_us, struct error *e)
{
    const struct marked_tasks *t = self;
    return sqlite_tasks_end(t->tasks, name, now_us, e);
}

static enum err table_drop(void *self, const char *name, struct error *e)
{
    const struct marked_tasks *t = self;
    return sqlite_tasks_drop(t->tasks, name, e);
}

static enum err table_put_back(void *self, const char *name, int64_t due_us, int status,
                               struct error *e)
{
    const struct marked_tasks *t = self;
    return sqlite_tasks_put_back(t->tasks, name, due_us, status, e);
}

static enum err table_tick(void *self, int64_t now_us, struct error *e)
{
    const struct marked_tasks *t = self;
    enum err err = sqlite_tasks_purge(t->tasks, now_us, e);
    return err == ERR_OK ? store_mark_set(t->mark, e) : err;
}

static const struct task_table_ops ops = {.start = table_start,
                                          .take = table_take,
                                          .end = table_end,
                                          .drop = table_drop,
                                          .put_back = table_put_back,
                                          .tick = table_tick,
                                          .idle_us = US_PER_S};

enum err sqlite_deliver(const struct queue_run *o, const char *db_path, struct error *e)
{
    struct marked_tasks t = {NULL, NULL};
    enum err err = sqlite_tasks_open(db_path, &t.tasks, e);
    if (err == ERR_OK)
        err = store_mark_open(db_path, &t.mark, e);
    if (err == ERR_OK)
        err = dispatcher_run(o, &(struct task_table){&ops, &t}, e);
    store_mark_close(t.mark);
    sqlite_tasks_close(t.tasks);
    return err;
}
