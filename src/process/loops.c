#include "process/loops.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/connection.h"
#include "process/turns.h"

#define WAIT_MS            250 /* how soon a signal's flag is seen at the latest */
#define EVENTS_MAX         64
#define TURN_MS            20 /* how soon a turn that another process gave back is seen */
#define IN_LINE_MAX        256
#define IN_LINE_OF_ONE_MAX 32

static const sigset_t nothing_blocked; /* zeroed: SIGTERM is let in while waiting */

/* A kept connection. libfcgi reads the next request from one whose ipcFd is open. */
struct connection {
    FCGX_Request cgi;
    struct connection *next, *previous;
    int64_t since_us; /* monotonic: when it began to wait for its turn */
};

struct kept {
    const struct loop *l;
    int epoll;
    struct connection *first;
    int64_t served;
    bool draining;
    int64_t drain_until_us;
};

static void drop(struct kept *k, struct connection *c)
{
    if (c->cgi.ipcFd >= 0)
        FCGX_Free(&c->cgi, 1); /* closing takes it out of the epoll set */
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        k->first = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    free(c);
}

/* Whether one came. One a wake-up, so that the others get their share. */
static bool take_connection(struct kept *k)
{
    int fd = connection_accept(k->l->listen_fd);
    if (fd < 0)
        return false;
    struct connection *c = calloc(1, sizeof *c);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (c == NULL || connection_prepare(&c->cgi, fd) != 0 ||
        epoll_ctl(k->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        log_event(LOG_ERROR, "a connection could not be taken", "cause", strerror(errno), NULL);
        (void)close(fd);
        free(c);
        return true;
    }
    c->next = k->first;
    if (k->first != NULL)
        k->first->previous = c;
    k->first = c;
    return true;
}

static void serve_connection(struct kept *k, struct connection *c)
{
    char byte;
    ssize_t n = recv(c->cgi.ipcFd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || FCGX_Accept_r(&c->cgi) != 0) {
        drop(k, c);
        return;
    }
    serve_request(k->l->server, &c->cgi);
    k->served++;
    if (k->draining)
        c->cgi.keepConnection = 0;
    FCGX_Finish_r(&c->cgi);
    if (c->cgi.ipcFd < 0)
        drop(k, c);
}

/* No new connections but those that wait already; a kept one ends after its next request, or when
 * nginx lets go of it. To close one that idles would race with a request on its way. */
static void start_draining(struct kept *k)
{
    while (take_connection(k))
        continue;
    k->draining = true;
    k->drain_until_us = monotonic_us() + k->l->drain_s * US_PER_S;
    (void)epoll_ctl(k->epoll, EPOLL_CTL_DEL, k->l->listen_fd, NULL);
}

enum err loop_kept_connections(const struct loop *l, struct error *e)
{
    struct kept k = {.l = l, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct epoll_event listening = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = NULL};
    struct epoll_event events[EVENTS_MAX];
    enum err err = ERR_OK;
    if (k.epoll < 0 || FCGX_Init() != 0 ||
        epoll_ctl(k.epoll, EPOLL_CTL_ADD, l->listen_fd, &listening) != 0)
        err = error_system(e, "make", "an epoll instance");
    while (err == ERR_OK) {
        if (!k.draining && *l->stop != 0)
            start_draining(&k);
        if (k.draining && (k.first == NULL || monotonic_us() > k.drain_until_us))
            break;
        int n = epoll_pwait(k.epoll, events, EVENTS_MAX, WAIT_MS, &nothing_blocked);
        if (n < 0 && errno != EINTR)
            err = error_system(e, "wait for", "connections");
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr != NULL)
                serve_connection(&k, events[i].data.ptr);
            else if (!k.draining)
                (void)take_connection(&k);
        }
        if (l->after != NULL)
            l->after(l->after_self);
        if (!k.draining && l->max_requests > 0 && k.served >= l->max_requests) {
            l->retire(l->retire_self);
            start_draining(&k);
        }
    }
    while (k.first != NULL)
        drop(&k, k.first);
    if (k.epoll >= 0)
        (void)close(k.epoll);
    return err;
}

/* --- one request a connection --- */

/* Requests that wait for their turn, the oldest first. */
struct line {
    struct connection *first, *last;
    int n;
    bool was_served; /* the last request came from here, the next one comes from outside */
};

static void end(struct connection *c)
{
    c->cgi.keepConnection = 0;
    FCGX_Finish_r(&c->cgi);
    FCGX_Free(&c->cgi, c->cgi.ipcFd >= 0);
    free(c);
}

static void refuse(const struct loop *l, struct connection *c)
{
    serve_refusal(l->server, &c->cgi);
    end(c);
}

/* The next request that came from outside, read; NULL when there is none. */
static struct connection *take_request(const struct loop *l)
{
    int fd = connection_accept(l->listen_fd);
    struct connection *c = fd >= 0 ? calloc(1, sizeof *c) : NULL;
    if (c == NULL || connection_prepare(&c->cgi, fd) != 0) {
        if (fd >= 0)
            (void)close(fd);
        free(c);
        return NULL;
    }
    if (FCGX_Accept_r(&c->cgi) == 0)
        return c;
    FCGX_Free(&c->cgi, c->cgi.ipcFd >= 0);
    free(c);
    return NULL;
}

static bool its_turn(const struct loop *l, const struct connection *c)
{
    const char *client = serve_client(&c->cgi);
    return l->turns_fd < 0 || client == NULL || turn_take(l->turns_fd, client);
}

static bool hung_up(const struct connection *c)
{
    char byte;
    return recv(c->cgi.ipcFd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int waiting_of(const struct line *line, const char *client)
{
    int n = 0;
    for (const struct connection *c = line->first; c != NULL; c = c->next)
        n += strcmp(serve_client(&c->cgi), client) == 0;
    return n;
}

static void wait_in_line(const struct loop *l, struct line *line, struct connection *c)
{
    if (line->n >= IN_LINE_MAX || waiting_of(line, serve_client(&c->cgi)) >= IN_LINE_OF_ONE_MAX) {
        refuse(l, c);
        return;
    }
    c->since_us = monotonic_us();
    c->previous = line->last;
    *(line->last != NULL ? &line->last->next : &line->first) = c;
    line->last = c;
    line->n++;
}

static void leave_line(struct line *line, struct connection *c)
{
    *(c->previous != NULL ? &c->previous->next : &line->first) = c->next;
    *(c->next != NULL ? &c->next->previous : &line->last) = c->previous;
    line->n--;
}

/* The first that waits and whose turn it is. Who has waited for too long is refused. */
static struct connection *next_in_line(const struct loop *l, struct line *line)
{
    int64_t oldest_us = monotonic_us() - l->queue_s * US_PER_S;
    for (struct connection *c = line->first, *next; c != NULL; c = next) {
        next = c->next;
        bool gone = hung_up(c), late = c->since_us < oldest_us;
        if (!gone && !late && !its_turn(l, c))
            continue;
        leave_line(line, c);
        if (!gone && !late)
            return c;
        if (gone)
            end(c);
        else
            refuse(l, c);
    }
    return NULL;
}

/* A request to work on, with its turn taken: in turn one from outside and one from the line. */
static struct connection *next_request(const struct loop *l, int epoll, struct line *line,
                                       struct error *e)
{
    struct epoll_event event;
    struct connection *c = line->was_served ? NULL : next_in_line(l, line);
    line->was_served = c != NULL;
    if (c != NULL)
        return c;
    int n = epoll_pwait(epoll, &event, 1, line->n > 0 ? TURN_MS : WAIT_MS, &nothing_blocked);
    if (n < 0 && errno != EINTR) {
        (void)error_system(e, "wait for", "connections");
        return NULL;
    }
    c = n > 0 ? take_request(l) : NULL;
    if (c == NULL || its_turn(l, c))
        return c;
    wait_in_line(l, line, c);
    return NULL;
}

static void work_on(const struct loop *l, struct connection *c)
{
    const char *client = serve_client(&c->cgi);
    serve_request(l->server, &c->cgi);
    if (l->turns_fd >= 0 && client != NULL)
        turn_give(l->turns_fd, client);
    end(c);
}

enum err loop_single_requests(const struct loop *l, struct error *e)
{
    struct epoll_event listening = {.events = EPOLLIN | EPOLLEXCLUSIVE};
    struct line line = {0};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    e->kind = ERR_OK;
    if (epoll < 0 || FCGX_Init() != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, l->listen_fd, &listening) != 0)
        (void)error_system(e, "make", "an epoll instance");
    for (int64_t served = 0; e->kind == ERR_OK && *l->stop == 0;) {
        if (l->max_requests > 0 && served >= l->max_requests && line.n == 0) {
            l->retire(l->retire_self);
            break;
        }
        struct connection *c = next_request(l, epoll, &line, e);
        if (c != NULL) {
            work_on(l, c);
            served++;
        }
        if (l->after != NULL)
            l->after(l->after_self);
    }
    while (line.first != NULL) {
        struct connection *c = line.first;
        leave_line(&line, c);
        refuse(l, c);
    }
    if (epoll >= 0)
        (void)close(epoll);
    return e->kind;
}
