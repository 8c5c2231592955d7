#include "process/waiter.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "base/random.h"
#include "process/connection.h"
#include "process/deferred.h"
#include "process/metrics.h"

#define EVENTS_MAX    64
#define TICK_US       20000 /* between two looks at what is due */
#define IDLE_US       250000
#define FIRST_LOOK_US 20000
#define LAST_LOOK_US  US_PER_S
#define LOOK_US       (2 * US_PER_S) /* at one job, where the store is slow */
#define LOOKING_US    50000          /* at jobs in one go; then who comes and goes is attended to */
#define HEARTBEAT_US  (15 * US_PER_S)    /* less than what is in front waits for a byte */
#define LEAVING_US    (2 * US_PER_S)     /* for nginx to take an answer */
#define ANSWERS_MOST  64                 /* a tick: nginx takes each to the api workers at once */
#define FILES_KEPT    64                 /* of the limit of open files, for all else */
#define FILES_MOST    (INT64_C(1) << 17) /* the kernel's default is more than anybody needs */

static const sigset_t nothing_blocked; /* zeroed: SIGTERM is let in while waiting */

/* A request that waits. */
struct waiting {
    struct deferred request;
    struct watched *job; /* in whose list it is */
    struct waiting *next, *previous;
    bool follows;     /* its answer is the job's events */
    int64_t until_us; /* its time is up; of one that follows: the next heartbeat is due */
    int64_t told;     /* the version that one that follows knows */
    char *back;       /* where nginx is sent then */
    char *client;     /* whose request it is */
};

/* A job that is waited for. */
struct watched {
    char id[UUID_LEN + 1];
    struct watched *next, *previous;
    struct waiting *first;
    int64_t since_us, look_us;
};

struct state {
    const struct waiter *w;
    int epoll;
    int64_t most; /* requests, as descriptors allow */
    int64_t n;
    int answers; /* of this tick */
    struct watched *jobs;
    struct watched leaving; /* no job: who has been answered, until nginx closes */
    bool stopping;
};

/* When to look again at a job that has been waited for since then: soon at first, later after an
 * eighth of the time that has passed, so that nobody waits much longer than the job takes. */
static int64_t next_look(int64_t since_us, int64_t now_us)
{
    int64_t pause_us = (now_us - since_us) / 8;
    if (pause_us < FIRST_LOOK_US)
        pause_us = FIRST_LOOK_US;
    return now_us + (pause_us < LAST_LOOK_US ? pause_us : LAST_LOOK_US);
}

/* --- the lists --- */

static void unlist(struct waiting *g)
{
    if (g->next != NULL)
        g->next->previous = g->previous;
    *(g->previous != NULL ? &g->previous->next : &g->job->first) = g->next;
    g->next = g->previous = NULL;
}

static void list(struct waiting *g, struct watched *job)
{
    g->job = job;
    g->next = job->first;
    if (g->next != NULL)
        g->next->previous = g;
    job->first = g;
}

static struct watched *watch(struct state *s, const char *id, int64_t now_us)
{
    struct watched *job = s->jobs;
    while (job != NULL && strcmp(job->id, id) != 0)
        job = job->next;
    if (job != NULL || (job = calloc(1, sizeof *job)) == NULL)
        return job;
    memcpy(job->id, id, UUID_LEN);
    job->since_us = now_us;
    job->look_us = next_look(now_us, now_us);
    job->next = s->jobs;
    if (job->next != NULL)
        job->next->previous = job;
    s->jobs = job;
    return job;
}

static void unwatch(struct state *s, struct watched *job)
{
    if (job->next != NULL)
        job->next->previous = job->previous;
    *(job->previous != NULL ? &job->previous->next : &s->jobs) = job->next;
    free(job);
}

static void drop(struct state *s, struct waiting *g)
{
    unlist(g);
    deferred_close(&g->request); /* which takes it out of the epoll set */
    free(g->back);
    free(g->client);
    free(g);
    metrics_waiting(--s->n);
}

/* --- answers --- */

static void leave(struct state *s, struct waiting *g, const char *text, size_t n)
{
    if (!deferred_send(&g->request, text, n, true)) {
        drop(s, g);
        return;
    }
    unlist(g);
    list(g, &s->leaving);
    g->until_us = monotonic_us() + LEAVING_US;
}

/* nginx asks an api worker, who answers with the job as it is. */
static void send_back(struct state *s, struct waiting *g, bool refused)
{
    struct buffer head = BUFFER_INIT;
    buffer_printf(&head, "Status: 200\r\nX-Accel-Redirect: /_waited%s\r\n%s\r\n", g->back,
                  refused ? "X-Wait-Refused: yes\r\n" : "");
    if (buffer_failed(&head))
        drop(s, g);
    else
        leave(s, g, head.data, head.len);
    buffer_free(&head);
}

/* Whether one more may be answered now, or has to wait for the next tick. */
static bool may_answer(struct state *s)
{
    return s->answers++ < ANSWERS_MOST;
}

static void end(struct state *s, struct waiting *g)
{
    if (g->follows)
        leave(s, g, "", 0);
    else
        send_back(s, g, false);
}

/* Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
static void tell(struct state *s, struct waiting *g, const struct job_sight *sight)
{
    struct buffer event = BUFFER_INIT;
    buffer_printf(&event, "id: %" PRId64 "\nevent: %s\ndata: %s\n\n", sight->version,
                  sight->final ? "end" : "progress", sight->text.data);
    bool whole = !buffer_failed(&event) && event.len <= DEFERRED_TEXT_MAX;
    if (sight->final || !whole) {
        leave(s, g, event.data, whole ? event.len : 0);
    } else if (deferred_send(&g->request, event.data, event.len, false)) {
        g->told = sight->version;
        g->until_us = monotonic_us() + HEARTBEAT_US;
    }
    buffer_free(&event);
}

/* --- looking at jobs --- */

/* Who cannot be told now is told at the next look, which is due at once. */
static void spread(struct state *s, struct watched *job, const struct job_sight *sight)
{
    for (struct waiting *g = job->first, *next; g != NULL; g = next) {
        next = g->next;
        if (g->follows && g->told != sight->version)
            tell(s, g, sight);
        else if (!g->follows && sight->final && may_answer(s))
            send_back(s, g, false);
        else if (!g->follows && sight->final)
            job->look_us = 0;
    }
}

/* A job that is gone is not waited for. */
static enum err look(struct state *s, struct watched *job, struct error *e)
{
    const struct instance *in = s->w->instance;
    struct job_sight sight = {0};
    int64_t now_us = monotonic_us();
    context_set(now_us + LOOK_US, NULL);
    enum err err = in->look(in->app, job->id, &sight, e);
    context_set(0, NULL);
    job->look_us = next_look(job->since_us, now_us);
    if (err == ERR_OK)
        spread(s, job, &sight);
    while (err == ERR_NOT_FOUND && job->first != NULL && may_answer(s))
        end(s, job->first);
    if (err == ERR_NOT_FOUND)
        job->look_us = 0;
    buffer_free(&sight.text);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void time_up(struct state *s, struct waiting *g)
{
    if (!g->follows)
        send_back(s, g, false);
    else if (deferred_send(&g->request, ":\n\n", 3, false))
        g->until_us = monotonic_us() + HEARTBEAT_US;
    else
        drop(s, g); /* nginx has not read for as long */
}

/* What is due. Returns when something is due next. */
static int64_t attend(struct state *s)
{
    int64_t began_us = monotonic_us(), next_us = began_us + IDLE_US;
    struct error e = {0};
    s->answers = 0;
    for (struct watched *job = s->jobs, *after; job != NULL; job = after) {
        after = job->next;
        if (job->look_us <= began_us && e.kind == ERR_OK &&
            monotonic_us() - began_us < LOOKING_US && look(s, job, &e) != ERR_OK)
            log_error(LOG_WARNING, "jobs that are waited for could not be looked at", &e);
        for (struct waiting *g = job->first, *other; g != NULL; g = other) {
            other = g->next;
            bool due = s->stopping || g->until_us <= began_us;
            if (due && may_answer(s))
                s->stopping ? end(s, g) : time_up(s, g);
            else if (due || g->until_us < next_us)
                next_us = due ? began_us : g->until_us;
        }
        if (job->look_us < next_us)
            next_us = job->look_us;
        if (job->first == NULL)
            unwatch(s, job);
    }
    for (struct waiting *g = s->leaving.first, *other; g != NULL; g = other) {
        other = g->next;
        if (g->until_us <= began_us)
            drop(s, g);
    }
    int64_t soonest_us = monotonic_us() + TICK_US;
    return e.kind != ERR_OK ? soonest_us + US_PER_S : next_us > soonest_us ? next_us : soonest_us;
}

/* --- who comes --- */

static const char *param(const FCGX_Request *cgi, const char *name)
{
    const char *value = FCGX_GetParam(name, cgi->envp);
    return value != NULL ? value : "";
}

static int64_t count_of(const struct state *s, const char *client)
{
    int64_t n = 0;
    for (const struct watched *job = s->jobs; job != NULL; job = job->next)
        for (const struct waiting *g = job->first; g != NULL; g = g->next)
            n += strcmp(g->client, client) == 0;
    return n;
}

/* NULL when memory is out, or nginx has said nothing that makes sense. */
static struct waiting *read_request(struct state *s, const FCGX_Request *cgi)
{
    const char *id = param(cgi, "WAIT_JOB");
    int64_t now_us = monotonic_us();
    struct waiting *g = calloc(1, sizeof *g);
    struct watched *job = g != NULL && uuid_valid(id) ? watch(s, id, now_us) : NULL;
    if (job == NULL) {
        free(g);
        return NULL;
    }
    g->request.fd = -1;
    g->back = strdup(param(cgi, "WAIT_BACK"));
    g->client = strdup(param(cgi, "WAIT_CLIENT"));
    g->follows = param(cgi, "WAIT_FOLLOWS")[0] != '\0';
    g->until_us =
        now_us + (g->follows ? HEARTBEAT_US : strtol(param(cgi, "WAIT_S"), NULL, 10) * US_PER_S);
    list(g, job);
    metrics_waiting(++s->n);
    if (g->back != NULL && g->client != NULL)
        return g;
    drop(s, g);
    return NULL;
}

/* The events begin with the job as it is. */
static void greet(struct state *s, struct waiting *g)
{
    static const char head[] = "Status: 200\r\nContent-Type: text/event-stream\r\n"
                               "Cache-Control: no-store\r\n\r\nretry: 2000\n\n";
    if (deferred_send(&g->request, head, sizeof head - 1, false))
        g->job->look_us = monotonic_us();
    else
        drop(s, g);
}

static void take_request(struct state *s)
{
    FCGX_Request cgi;
    int fd = connection_accept(s->w->listen_fd);
    if (fd < 0)
        return;
    if (connection_prepare(&cgi, fd) != 0) {
        (void)close(fd);
        return;
    }
    if (FCGX_Accept_r(&cgi) != 0) {
        FCGX_Free(&cgi, cgi.ipcFd >= 0);
        return;
    }
    struct waiting *g = read_request(s, &cgi);
    while (FCGX_GetChar(cgi.in) >= 0) /* what comes after the body's end is that nginx has gone */
        continue;
    struct deferred request = deferred_take(&cgi);
    if (g == NULL) {
        deferred_close(&request);
        return;
    }
    g->request = request;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = g};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, request.fd, &event) != 0)
        drop(s, g);
    else if (s->n > s->most || count_of(s, g->client) > s->w->most_of_one)
        send_back(s, g, true);
    else if (g->follows)
        greet(s, g);
}

/* --- the loop --- */

static enum err raise_limit(int64_t *most, struct error *e)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return error_system(e, "read", "the limit of open files");
    files.rlim_cur = files.rlim_max < FILES_MOST ? files.rlim_max : FILES_MOST;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        return error_system(e, "raise", "the limit of open files");
    *most = (int64_t)files.rlim_cur - FILES_KEPT;
    return ERR_OK;
}

static enum err serve_until_stopped(struct state *s, struct error *e)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t due_us = 0;
    while (!s->stopping || s->jobs != NULL || s->leaving.first != NULL) {
        int64_t left_us = due_us - monotonic_us();
        int n = epoll_pwait(s->epoll, events, EVENTS_MAX,
                            left_us > 0 ? (int)(left_us / 1000) + 1 : 0, &nothing_blocked);
        if (n < 0 && errno != EINTR)
            return error_system(e, "wait for", "connections");
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr != NULL)
                drop(s, events[i].data.ptr); /* nginx has the answer, or the client has gone */
            else
                take_request(s);
        }
        if (n > 0 && due_us > monotonic_us() + TICK_US)
            due_us = monotonic_us() + TICK_US;
        if (*s->w->stop != 0 && !s->stopping) {
            s->stopping = true;
            due_us = 0;
        }
        if (due_us <= monotonic_us())
            due_us = attend(s);
    }
    return ERR_OK;
}

enum err waiter_run(const struct waiter *w, struct error *e)
{
    struct state s = {.w = w, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
    enum err err = raise_limit(&s.most, e);
    if (err == ERR_OK && (s.epoll < 0 || FCGX_Init() != 0 ||
                          epoll_ctl(s.epoll, EPOLL_CTL_ADD, w->listen_fd, &listening) != 0))
        err = error_system(e, "make", "an epoll instance");
    metrics_waiting(0);
    if (err == ERR_OK)
        err = serve_until_stopped(&s, e);
    while (s.leaving.first != NULL)
        drop(&s, s.leaving.first);
    for (struct watched *job = s.jobs; job != NULL; job = s.jobs) {
        while (job->first != NULL)
            drop(&s, job->first);
        unwatch(&s, job);
    }
    if (s.epoll >= 0)
        (void)close(s.epoll);
    return err;
}
