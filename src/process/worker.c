#include "process/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "app/backend.h"
#include "base/log.h"
#include "core/retention.h"
#include "local/local.h"
#include "process/loops.h"
#include "process/metrics.h"

#define FILES_EVERY_US (3600 * US_PER_S) /* there may be many */

const char *const role_names[ROLE__MAX] = {"api", "task", "page", "health", "upload", "dispatcher"};

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
           (role != ROLE_DISPATCHER && sigaddset(&blocked, SIGTERM) != 0) ||
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

static void flush_between_requests(void *self)
{
    const struct analytics *a = self;
    a->ops->flush(a->self, FLUSH_API_MS);
}

static void flush_between_tasks(void *self)
{
    const struct analytics *a = self;
    a->ops->flush(a->self, FLUSH_TASK_MS);
}

static enum err run_pool(const struct worker *w, enum role role, struct backend *b, struct error *e)
{
    static const enum pool pools[ROLE__MAX] = {[ROLE_API] = POOL_API,
                                               [ROLE_TASK] = POOL_TASK,
                                               [ROLE_PAGE] = POOL_PAGE,
                                               [ROLE_HEALTH] = POOL_HEALTH,
                                               [ROLE_UPLOAD] = POOL_UPLOAD};
    struct server s = {.cfg = w->cfg,
                       .auth = {.cfg = w->cfg,
                                .keys = w->keys,
                                .signing_key = b->app.signing_key,
                                .source = b->app.services.source},
                       .app = &b->app,
                       .pool = pools[role]};
    struct loop l = {.server = &s,
                     .listen_fd = w->listen_fd,
                     .stop = &stop_requested,
                     .max_requests = w->cfg->worker_max_requests,
                     .drain_s = w->cfg->shutdown_grace_s,
                     .retire = retire,
                     .retire_self = (void *)w};
    if (b->app.services.analytics.ops->flush != NULL) {
        l.after = role == ROLE_API ? flush_between_requests : flush_between_tasks;
        l.after_self = &b->app.services.analytics;
    }
    enum err err = origins_read(w->cfg->cors_origins, &s.origins, e);
    if (err == ERR_OK)
        err = auth_open(&s.auth, e);
    if ((role == ROLE_TASK || role == ROLE_UPLOAD) &&
        setpriority(PRIO_PROCESS, 0, (int)w->cfg->task_nice) != 0)
        log_event(LOG_WARNING, "TASK_NICE could not be set", "cause", strerror(errno), NULL);
    if (err == ERR_OK)
        err = role == ROLE_API ? loop_kept_connections(&l, e) : loop_single_requests(&l, e);
    auth_close(&s.auth);
    origins_free(&s.origins);
    return err;
}

struct upkeep {
    const struct services *services;
    struct retention retention;
    int64_t files_due_us;
};

static void sweep_files(const struct services *s, int64_t retention_us)
{
    char text[32];
    struct error e = {0};
    int erased = 0;
    enum err err =
        file_sweep(s->cfg->data_dir, s->cfg->backend == BACKEND_LOCAL ? &s->jobs : NULL,
                   retention_us, s->cfg->result_ttl_days * 24 * 3600 * US_PER_S, &erased, &e);
    (void)snprintf(text, sizeof text, "%d", erased);
    if (erased > 0)
        log_event(LOG_NOTICE, "files that nobody will ask for were erased", "files", text, NULL);
    if (err != ERR_OK)
        log_error(LOG_WARNING, "old files could not be erased; it is tried again", &e);
}

static void sweep(void *self)
{
    struct upkeep *u = self;
    const struct services *s = u->services;
    struct error e = {0};
    int64_t retention_us = retention_look(&u->retention, s->source);
    if (job_sweep(s, retention_us, NULL, NULL, &e) != ERR_OK)
        log_error(LOG_WARNING, "maintenance could not be done; it is tried again", &e);
    if (retention_us > 0 && monotonic_us() >= u->files_due_us) {
        sweep_files(s, retention_us);
        u->files_due_us = monotonic_us() + FILES_EVERY_US;
    }
    if (s->analytics.ops->flush != NULL)
        s->analytics.ops->flush(s->analytics.self, FLUSH_TASK_MS);
}

/* Where Cloud Tasks delivers, only the maintenance is left to do. */
static void run_maintenance(const struct worker *w, struct upkeep *u)
{
    int64_t next_us = monotonic_us() + w->cfg->sweep_interval_s * US_PER_S;
    while (stop_requested == 0) {
        struct timespec pause = {0, 250000000}; /* how soon a signal's flag is seen at the latest */
        (void)nanosleep(&pause, NULL);
        if (monotonic_us() < next_us)
            continue;
        sweep(u);
        next_us = monotonic_us() + w->cfg->sweep_interval_s * US_PER_S;
    }
}

static enum err run_dispatcher(const struct worker *w, struct backend *b, struct error *e)
{
    struct upkeep u = {.services = &b->app.services};
    if (w->cfg->backend == BACKEND_GOOGLE) {
        backend_probe(w->cfg, b);
        run_maintenance(w, &u);
        return ERR_OK;
    }
    char *db = backend_path(w->cfg, "pdf-ocr.sqlite3");
    struct dispatcher_options o = {.cfg = w->cfg,
                                   .source = &system_source,
                                   .db_path = db,
                                   .auth_key = w->task_key,
                                   .notify_fd = w->notify_fd,
                                   .stop = &stop_requested,
                                   .tick = sweep,
                                   .tick_self = &u,
                                   .lost = metrics_store_lost};
    enum err err = db != NULL ? dispatcher_run(&o, e) : error_no_memory(e);
    free(db);
    return err;
}

int worker_run(const struct worker *w, enum role role)
{
    struct backend b;
    struct error e = {0};
    log_setup((enum log_level)w->cfg->log_level, (enum log_format)w->cfg->log_format,
              role_names[role]);
    enum err err = set_signals(role) == 0
                       ? ERR_OK
                       : error_set(&e, ERR_INTERNAL, "signals: %s", strerror(errno));
    if (err == ERR_OK && (err = backend_open(w->cfg, w->notify_fd, &b, &e)) == ERR_OK) {
        log_event(LOG_INFO, "worker started", NULL);
        err = role == ROLE_DISPATCHER ? run_dispatcher(w, &b, &e) : run_pool(w, role, &b, &e);
        backend_close(&b);
    }
    if (err != ERR_OK)
        log_error(LOG_ERROR, "a worker ends because it cannot go on", &e);
    return err == ERR_OK ? 0 : 1;
}
