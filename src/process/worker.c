#include "process/worker.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/span.h"
#include "process/loops.h"
#include "process/turns.h"
#include "process/waiter.h"

const char *const role_names[ROLE__MAX] = {"api",   "task",   "page",       "health",  "upload",
                                           "fetch", "waiter", "dispatcher", "exporter"};

static volatile int stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
}

/* A pool's worker lets SIGTERM in only while it waits, so that no request is broken off in the
 * middle of a read. */
static int set_signals(enum role role)
{
    struct sigaction stop = {.sa_handler = request_stop}, ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;
    return sigemptyset(&blocked) != 0 ||
           (role != ROLE_DISPATCHER && role != ROLE_EXPORTER &&
            sigaddset(&blocked, SIGTERM) != 0) ||
           sigaction(SIGTERM, &stop, NULL) != 0 || sigaction(SIGINT, &ignore, NULL) != 0 ||
           sigaction(SIGHUP, &ignore, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0 ||
           sigprocmask(SIG_SETMASK, &blocked, NULL) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0;
}

static void retire(void *self)
{
    const struct worker *w = self;
    pid_t pid = getpid();
    if (write(w->retire_fd, &pid, sizeof pid) != sizeof pid)
        log_event(LOG_WARNING, "the master could not be told of a retirement", NULL);
}

/* A client's next request waits meanwhile in the api pool, and nobody in the task pool. */
#define FLUSH_API_MS  200
#define FLUSH_TASK_MS 5000

struct flusher {
    const struct program *program;
    struct instance *instance;
    int give_ms;
};

static void flush_between(void *self)
{
    const struct flusher *f = self;
    f->program->flush(f->instance, f->give_ms);
}

/* In these pools of a client one request at a time is worked on. */
static enum err open_turns(const struct config *cfg, enum role role, int *fd, struct error *e)
{
    char path[PATH_MAX];
    if (role != ROLE_PAGE && role != ROLE_FETCH)
        return ERR_OK;
    (void)snprintf(path, sizeof path, "%s/%s-turns", cfg->run_dir, role_names[role]);
    return turns_open(path, fd, e);
}

static enum err run_pool(const struct worker *w, enum role role, struct instance *in,
                         struct error *e)
{
    static const enum pool pools[ROLE__MAX] = {
        [ROLE_API] = POOL_API,       [ROLE_TASK] = POOL_TASK,     [ROLE_PAGE] = POOL_PAGE,
        [ROLE_HEALTH] = POOL_HEALTH, [ROLE_UPLOAD] = POOL_UPLOAD, [ROLE_FETCH] = POOL_UPLOAD};
    struct server s = {.cfg = w->cfg,
                       .auth = {.cfg = w->cfg,
                                .keys = w->keys,
                                .signing_key = in->signing_key,
                                .clock = in->clock,
                                .task_tokens = in->task_tokens},
                       .app = in->app,
                       .admit = in->admit,
                       .pool = pools[role]};
    struct flusher f = {w->program, in, role == ROLE_API ? FLUSH_API_MS : FLUSH_TASK_MS};
    struct loop l = {.server = &s,
                     .listen_fd = w->listen_fd,
                     .stop = &stop_requested,
                     .max_requests = w->cfg->worker_max_requests,
                     .drain_s = w->cfg->shutdown_grace_s,
                     .retire = retire,
                     .retire_self = (void *)w,
                     .after = flush_between,
                     .after_self = &f,
                     .turns_fd = -1,
                     .queue_s = w->cfg->page_deadline_s};
    enum err err = origins_read(w->cfg->cors_origins, &s.origins, e);
    if (err == ERR_OK)
        err = open_turns(w->cfg, role, &l.turns_fd, e);
    if (err == ERR_OK)
        err = auth_open(&s.auth, e);
    if ((role == ROLE_TASK || role == ROLE_UPLOAD || role == ROLE_FETCH) &&
        setpriority(PRIO_PROCESS, 0, (int)w->cfg->task_nice) != 0)
        log_event(LOG_WARNING, "TASK_NICE could not be set", "cause", strerror(errno), NULL);
    if (err == ERR_OK)
        err = role == ROLE_API ? loop_kept_connections(&l, e) : loop_single_requests(&l, e);
    if (l.turns_fd >= 0)
        (void)close(l.turns_fd);
    auth_close(&s.auth);
    origins_free(&s.origins);
    return err;
}

static enum err run_role(const struct worker *w, enum role role, struct instance *in,
                         struct error *e)
{
    const struct dispatch d = {w->task_key, w->notify_fd, &stop_requested};
    const struct waiter waiter = {in, w->listen_fd, &stop_requested, w->cfg->waiting_per_key};
    if (role == ROLE_EXPORTER)
        return w->program->export(in, w->spans_fd, &stop_requested, e);
    if (role == ROLE_DISPATCHER)
        return w->program->dispatch(in, &d, e);
    return role == ROLE_WAITER ? waiter_run(&waiter, e) : run_pool(w, role, in, e);
}

int worker_run(const struct worker *w, enum role role)
{
    struct instance in = {0};
    struct error e = {0};
    log_setup((enum log_level)w->cfg->log_level, (enum log_format)w->cfg->log_format,
              role_names[role]);
    span_setup(role == ROLE_EXPORTER ? -1 : w->spans_fd);
    enum err err = set_signals(role) == 0
                       ? ERR_OK
                       : error_set(&e, ERR_INTERNAL, "signals: %s", strerror(errno));
    if (err == ERR_OK && (err = w->program->open(w->cfg, w->notify_fd, &in, &e)) == ERR_OK) {
        log_event(LOG_INFO, "worker started", NULL);
        err = run_role(w, role, &in, &e);
        w->program->close(&in);
    }
    if (err != ERR_OK)
        log_error(LOG_ERROR, "a worker ends because it cannot go on", &e);
    return err == ERR_OK ? 0 : 1;
}
