#include "process/master.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/limits.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "core/attempts.h"
#include "process/metrics.h"
#include "process/worker.h"

#define BACKLOG          4096 /* of connections; net.core.somaxconn allows no more by default */
#define BACKOFF_FIRST_US (US_PER_S / 10)
#define BACKOFF_MOST_US  (10 * US_PER_S)
#define ANSWER_US        (3 * US_PER_S) /* the waiter has to send its requests back */
#define SETTLE_US        (US_PER_S / 4) /* nginx, sent back, has to find an api worker */
#define YOUNG_US         US_PER_S /* a child that dies younger makes the next one wait longer */

/* A place that must always have a living process. */
struct slot {
    enum role role;
    pid_t pid; /* 0: none */
    int64_t started_us, backoff_us, start_at_us;
};

struct master {
    const struct program *program;
    const struct config *cfg;
    struct key_set *keys;
    char task_key[65];
    int lock_fd, notify_fd, retire_read_fd, retire_write_fd;
    int spans_fd[2]; /* a pipe; -1 where no spans are sent elsewhere */
    int listen_fd[ROLE__MAX];
    struct slot *slots;
    size_t n_slots;
    sigset_t unblocked; /* while waiting */
};

static volatile sig_atomic_t stop_flag, reload_flag;

static void on_signal(int number)
{
    if (number == SIGTERM || number == SIGINT)
        stop_flag = 1;
    else if (number == SIGHUP)
        reload_flag = 1;
}

/* Signals are blocked but for the time of waiting, so that none is missed. */
static enum err set_signals(struct master *m, struct error *e)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    struct sigaction handle = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void)sigaddset(&blocked, numbers[i]);
        if (sigaction(numbers[i], &handle, NULL) != 0)
            return error_system(e, "handle", "signals");
    }
    /* A write beyond a limit, or to who has gone, is an error like others. */
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0 ||
        sigprocmask(SIG_BLOCK, &blocked, &m->unblocked) != 0)
        return error_system(e, "handle", "signals");
    return ERR_OK;
}

static enum err lock_run_dir(struct master *m, struct error *e)
{
    char path[512], pid[32];
    (void)snprintf(path, sizeof path, "%s/master.pid", m->cfg->run_dir);
    m->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (m->lock_fd < 0)
        return error_system(e, "open", path);
    if (flock(m->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return error_set(e, ERR_CONFLICT, "Another pdf-ocr-api runs in %s.", m->cfg->run_dir);
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(m->lock_fd, 0) != 0 || write(m->lock_fd, pid, (size_t)n) != n)
        return error_system(e, "write", path);
    return ERR_OK;
}

static enum err open_socket(const struct config *cfg, const char *name, int *fd, struct error *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", cfg->run_dir, name);
    if (n >= (int)sizeof at.sun_path)
        return error_set(e, ERR_UNPROCESSABLE,
                         "RUN_DIR is too long for a socket (107 bytes with its name): %s",
                         cfg->run_dir);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0 || (unlink(at.sun_path) != 0 && errno != ENOENT) ||
        bind(*fd, (const struct sockaddr *)&at, sizeof at) != 0 || chmod(at.sun_path, 0660) != 0 ||
        listen(*fd, BACKLOG) != 0)
        return error_system(e, "listen on", at.sun_path);
    return ERR_OK;
}

static void start_child(struct master *m, struct slot *s)
{
    struct worker w = {.program = m->program,
                       .cfg = m->cfg,
                       .keys = m->keys,
                       .task_key = m->task_key,
                       .listen_fd = m->listen_fd[s->role],
                       .notify_fd = m->notify_fd,
                       .spans_fd = m->spans_fd[s->role == ROLE_EXPORTER ? 0 : 1],
                       .retire_fd = m->retire_write_fd};
    s->started_us = monotonic_us();
    pid_t pid = fork();
    if (pid == 0) {
        /* Only the master may hold the lock; the child's copy would keep it. */
        (void)close(m->lock_fd);
        (void)close(m->retire_read_fd);
        for (int role = 0; role < ROLE__MAX; role++)
            if (role != (int)s->role && m->listen_fd[role] >= 0)
                (void)close(m->listen_fd[role]);
        exit(worker_run(&w, s->role));
    }
    if (pid < 0) {
        log_event(LOG_ERROR, "a worker could not be started", "cause", strerror(errno), NULL);
        s->start_at_us = s->started_us + BACKOFF_MOST_US;
        return;
    }
    s->pid = pid;
}

static struct slot *find_slot(struct master *m, pid_t pid)
{
    for (size_t i = 0; i < m->n_slots; i++)
        if (m->slots[i].pid == pid)
            return &m->slots[i];
    return NULL;
}

static void child_ended(struct master *m, pid_t pid, int status)
{
    struct slot *s = find_slot(m, pid);
    char text[64];
    metrics_forget(pid);
    if (s == NULL) /* retired or of an earlier generation */
        return;
    int64_t t = monotonic_us();
    s->pid = 0;
    if (t - s->started_us > YOUNG_US)
        s->backoff_us = BACKOFF_FIRST_US;
    else
        s->backoff_us = backoff_us(s->backoff_us, 1, BACKOFF_MOST_US);
    s->start_at_us = t + s->backoff_us;
    if (WIFSIGNALED(status))
        (void)snprintf(text, sizeof text, "signal %d", WTERMSIG(status));
    else
        (void)snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
    if (stop_flag == 0)
        log_event(LOG_WARNING, "a worker ended and is started again", "pool", role_names[s->role],
                  "why", text, NULL);
}

static void collect_children(struct master *m)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        child_ended(m, pid, status);
}

/* A worker that has served its requests ends by itself; its successor starts at once. */
static void read_retirements(struct master *m)
{
    pid_t pid;
    while (read(m->retire_read_fd, &pid, sizeof pid) == sizeof pid) {
        struct slot *s = find_slot(m, pid);
        if (s == NULL)
            continue;
        s->pid = 0;
        s->start_at_us = 0;
    }
}

static int64_t start_due(struct master *m)
{
    int64_t t = monotonic_us(), wait_us = 3600 * US_PER_S;
    for (size_t i = 0; i < m->n_slots; i++) {
        struct slot *s = &m->slots[i];
        if (s->pid == 0 && s->start_at_us <= t)
            start_child(m, s);
        if (s->pid == 0 && s->start_at_us - t < wait_us)
            wait_us = s->start_at_us - t;
    }
    return wait_us > 0 ? wait_us : 0;
}

/* New keys need new workers: the old ones answer what they have and end. */
static void reload(struct master *m)
{
    struct key_set *keys = NULL;
    struct error e = {0};
    reload_flag = 0;
    if (auth_check(m->cfg, &e) != ERR_OK || keys_load(m->cfg, m->task_key, &keys, &e) != ERR_OK) {
        log_error(LOG_ERROR, "the keys could not be read again; the old ones stay", &e);
        return;
    }
    keys_free(m->keys);
    m->keys = keys;
    for (size_t i = 0; i < m->n_slots; i++) {
        struct slot *s = &m->slots[i];
        pid_t old = s->pid;
        if (s->role == ROLE_DISPATCHER || s->role == ROLE_WAITER || s->role == ROLE_EXPORTER ||
            old == 0)
            continue;
        s->pid = 0;
        start_child(m, s);
        (void)kill(old, SIGTERM);
    }
    log_event(LOG_NOTICE, "the keys were read again; workers are being replaced", NULL);
}

static void wait_for_event(struct master *m, int64_t us)
{
    struct pollfd p = {.fd = m->retire_read_fd, .events = POLLIN};
    struct timespec t = {(time_t)(us / US_PER_S), (long)(us % US_PER_S) * 1000};
    (void)ppoll(&p, 1, &t, &m->unblocked);
}

static void ask_to_end(struct master *m, bool waiter)
{
    for (size_t i = 0; i < m->n_slots; i++)
        if (m->slots[i].pid > 0 && (m->slots[i].role == ROLE_WAITER) == waiter)
            (void)kill(m->slots[i].pid, SIGTERM);
}

static bool waiter_lives(const struct master *m)
{
    for (size_t i = 0; i < m->n_slots; i++)
        if (m->slots[i].role == ROLE_WAITER && m->slots[i].pid > 0)
            return true;
    return false;
}

/* Who waits for a job is sent to the api workers for an answer, who must still be there. */
static void drain_waiter(struct master *m)
{
    int64_t until_us = monotonic_us() + ANSWER_US;
    ask_to_end(m, true);
    while (waiter_lives(m) && monotonic_us() < until_us) {
        wait_for_event(m, US_PER_S / 10);
        collect_children(m);
    }
    until_us = monotonic_us() + SETTLE_US;
    while (monotonic_us() < until_us)
        wait_for_event(m, until_us - monotonic_us());
}

/* Everything is asked to end; what has not after the grace period is killed. Its jobs' leases run
 * out and the queue delivers them again. */
static void drain(struct master *m)
{
    int64_t until_us = monotonic_us() + m->cfg->shutdown_grace_s * US_PER_S;
    bool killed = false;
    log_event(LOG_NOTICE, "stopping", NULL);
    drain_waiter(m);
    ask_to_end(m, false);
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0 && errno == ECHILD)
            break;
        if (pid > 0) {
            child_ended(m, pid, status);
            continue;
        }
        int64_t left_us = until_us - monotonic_us();
        if (left_us <= 0 && !killed) {
            killed = true;
            log_event(LOG_WARNING, "workers that did not end in time are killed", NULL);
            for (size_t i = 0; i < m->n_slots; i++)
                if (m->slots[i].pid > 0)
                    (void)kill(m->slots[i].pid, SIGKILL);
        } else if (left_us <= -US_PER_S) {
            break;
        }
        wait_for_event(m, left_us > US_PER_S / 10 || left_us <= 0 ? US_PER_S / 10 : left_us);
    }
    log_event(LOG_NOTICE, "stopped", NULL);
}

static void add_slots(struct master *m, enum role role, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        m->slots[m->n_slots++] = (struct slot){.role = role, .backoff_us = BACKOFF_FIRST_US / 2};
}

static enum err set_up(struct master *m, struct error *e)
{
    int pipe_fds[2];
    enum err err = lock_run_dir(m, e);
    if (err != ERR_OK || (err = metrics_setup(e)) != ERR_OK || (err = limits_setup(e)) != ERR_OK ||
        (err = attempts_setup(e)) != ERR_OK)
        return err;
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0 ||
        (m->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        return error_system(e, "make", "a pipe");
    if (m->program->exports(m->cfg) && pipe2(m->spans_fd, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_system(e, "make", "a pipe");
    m->retire_read_fd = pipe_fds[0];
    m->retire_write_fd = pipe_fds[1];
    random_hex(m->task_key, 32);
    if ((err = keys_load(m->cfg, m->task_key, &m->keys, e)) != ERR_OK ||
        (err = open_socket(m->cfg, "api.sock", &m->listen_fd[ROLE_API], e)) != ERR_OK ||
        (err = open_socket(m->cfg, "tasks.sock", &m->listen_fd[ROLE_TASK], e)) != ERR_OK ||
        (err = open_socket(m->cfg, "page.sock", &m->listen_fd[ROLE_PAGE], e)) != ERR_OK ||
        (err = open_socket(m->cfg, "health.sock", &m->listen_fd[ROLE_HEALTH], e)) != ERR_OK ||
        (err = open_socket(m->cfg, "upload.sock", &m->listen_fd[ROLE_UPLOAD], e)) != ERR_OK ||
        (err = open_socket(m->cfg, "fetch.sock", &m->listen_fd[ROLE_FETCH], e)) != ERR_OK ||
        (err = open_socket(m->cfg, "wait.sock", &m->listen_fd[ROLE_WAITER], e)) != ERR_OK)
        return err;
    m->slots = calloc((size_t)(m->cfg->api_workers + m->cfg->task_workers + m->cfg->page_workers +
                               m->cfg->upload_workers + m->cfg->fetch_workers + 4),
                      sizeof *m->slots);
    if (m->slots == NULL)
        return error_no_memory(e);
    add_slots(m, ROLE_API, m->cfg->api_workers);
    add_slots(m, ROLE_TASK, m->cfg->task_workers);
    add_slots(m, ROLE_PAGE, m->cfg->page_workers);
    add_slots(m, ROLE_UPLOAD, m->cfg->upload_workers);
    add_slots(m, ROLE_FETCH, m->cfg->fetch_workers);
    add_slots(m, ROLE_HEALTH, 1);
    add_slots(m, ROLE_WAITER, 1);
    add_slots(m, ROLE_DISPATCHER, 1);
    add_slots(m, ROLE_EXPORTER, m->spans_fd[0] >= 0 ? 1 : 0);
    return ERR_OK;
}

static void close_one(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

enum err master_run(const struct program *program, struct config *cfg, struct error *e)
{
    struct master m = {.program = program,
                       .cfg = cfg,
                       .lock_fd = -1,
                       .notify_fd = -1,
                       .retire_read_fd = -1,
                       .retire_write_fd = -1,
                       .spans_fd = {-1, -1}};
    for (int role = 0; role < ROLE__MAX; role++)
        m.listen_fd[role] = -1;
    enum err err = set_signals(&m, e);
    if (err == ERR_OK)
        err = set_up(&m, e);
    if (err == ERR_OK)
        log_event(LOG_NOTICE, "started", "run_dir", cfg->run_dir, NULL);
    while (err == ERR_OK && stop_flag == 0) {
        if (reload_flag != 0)
            reload(&m);
        int64_t wait_us = start_due(&m);
        wait_for_event(&m, wait_us);
        read_retirements(&m);
        collect_children(&m);
    }
    if (err == ERR_OK)
        drain(&m);
    keys_free(m.keys);
    free(m.slots);
    const int fds[] = {m.lock_fd,         m.notify_fd,   m.retire_read_fd,
                       m.retire_write_fd, m.spans_fd[0], m.spans_fd[1]};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close_one(fds[i]);
    for (int role = 0; role < ROLE__MAX; role++)
        close_one(m.listen_fd[role]);
    sodium_memzero(m.task_key, sizeof m.task_key);
    return err;
}
