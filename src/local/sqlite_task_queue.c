/* The task queue port over the table of tasks. */
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "local/local.h"
#include "local/sqlite_tasks.h"

struct queue {
    struct sqlite_tasks *tasks;
    const struct clock *clock;
    int notify_fd;
};

static enum err queue_enqueue(void *self, const struct task *t, struct error *e)
{
    struct queue *q = self;
    enum err err = sqlite_tasks_add(q->tasks, t, clock_steady_us(q->clock), e);
    /* A wake-up that cannot be sent only delays: the dispatcher also looks once a second. */
    if (err == ERR_OK && q->notify_fd >= 0)
        (void)eventfd_write(q->notify_fd, 1);
    return err;
}

static enum err queue_exists(void *self, const char *name, bool *out, struct error *e)
{
    struct queue *q = self;
    return sqlite_tasks_exists(q->tasks, name, out, e);
}

static enum err queue_depth(void *self, int64_t *out, struct error *e)
{
    struct queue *q = self;
    return sqlite_tasks_depth(q->tasks, out, e);
}

static enum err queue_ping(void *self, struct error *e)
{
    int64_t depth;
    return queue_depth(self, &depth, e);
}

static void queue_close(void *self)
{
    struct queue *q = self;
    sqlite_tasks_close(q->tasks);
    free(q);
}

static const struct task_queue_ops ops = {
    .name = "sqlite",
    .enqueue = queue_enqueue,
    .exists = queue_exists,
    .depth = queue_depth,
    .ping = queue_ping,
    .close = queue_close,
};

enum err sqlite_task_queue_open(const char *path, const struct clock *clock, int notify_fd,
                                struct task_queue *out, struct error *e)
{
    struct queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        return error_no_memory(e);
    q->clock = clock;
    q->notify_fd = notify_fd;
    enum err err = sqlite_tasks_open(path, &q->tasks, e);
    if (err != ERR_OK) {
        free(q);
        return err;
    }
    *out = (struct task_queue){&ops, q};
    return ERR_OK;
}
