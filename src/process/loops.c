#include "process/loops.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define WAIT_MS    250 /* how soon a signal's flag is seen at the latest */
#define STALL_S    2   /* a peer that stops in the middle of a request, and holds up the others */
#define FULL_MS    20  /* before the next try when there are no descriptors left */
#define EVENTS_MAX 64

static const sigset_t nothing_blocked; /* zeroed: SIGTERM is let in while waiting */

/* A kept connection. libfcgi reads the next request from one whose ipcFd is open. */
struct connection {
    FCGX_Request cgi;
    struct connection *next, *previous;
};

struct kept {
    const struct loop *l;
    int epoll;
    struct connection *first;
    int64_t served;
    bool draining;
    int64_t drain_until_us;
};

/* libfcgi would accept by itself, and close a new connection at FCGX_Accept_r's first step; the
 * descriptor is put in place here and marked as kept. */
static int prepare(FCGX_Request *cgi, int fd)
{
    struct timeval stall = {STALL_S, 0};
    if (FCGX_InitRequest(cgi, -1, FCGI_FAIL_ACCEPT_ON_INTR) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof stall) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof stall) != 0)
        return -1;
    cgi->ipcFd = fd;
    cgi->keepConnection = 1;
    cgi->detached = 1; /* else libfcgi waits for the peer when it closes, up to 2 s */
    return 0;
}

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

/* -1: none came, or none can be taken; then the one that waits would wake us at once again. */
static int accept_connection(int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        struct timespec pause = {0, FULL_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    return fd;
}

/* One connection a wake-up, so that the others get their share. */
static void take_connection(struct kept *k)
{
    int fd = accept_connection(k->l->listen_fd);
    if (fd < 0)
        return;
    struct connection *c = calloc(1, sizeof *c);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (c == NULL || prepare(&c->cgi, fd) != 0 ||
        epoll_ctl(k->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        log_event(LOG_ERROR, "a connection could not be taken", "cause", strerror(errno), NULL);
        (void)close(fd);
        free(c);
        return;
    }
    c->next = k->first;
    if (k->first != NULL)
        k->first->previous = c;
    k->first = c;
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

/* No new connections; a kept one ends after its next request, or when nginx lets go of it. To
 * close one that idles would race with a request on its way. */
static void start_draining(struct kept *k)
{
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
                take_connection(&k);
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

enum err loop_single_requests(const struct loop *l, struct error *e)
{
    struct epoll_event listening = {.events = EPOLLIN | EPOLLEXCLUSIVE}, event;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    enum err err = ERR_OK;
    if (epoll < 0 || FCGX_Init() != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, l->listen_fd, &listening) != 0)
        err = error_system(e, "make", "an epoll instance");
    for (int64_t served = 0; err == ERR_OK && *l->stop == 0;) {
        FCGX_Request cgi;
        if (l->max_requests > 0 && served >= l->max_requests) {
            l->retire(l->retire_self);
            break;
        }
        int n = epoll_pwait(epoll, &event, 1, WAIT_MS, &nothing_blocked);
        if (n < 0 && errno != EINTR)
            err = error_system(e, "wait for", "connections");
        int fd = n > 0 ? accept_connection(l->listen_fd) : -1;
        if (fd < 0) {
            if (l->after != NULL)
                l->after(l->after_self);
            continue;
        }
        if (prepare(&cgi, fd) != 0) {
            (void)close(fd);
            continue;
        }
        if (FCGX_Accept_r(&cgi) == 0) {
            serve_request(l->server, &cgi);
            served++;
            cgi.keepConnection = 0;
            FCGX_Finish_r(&cgi);
        }
        FCGX_Free(&cgi, cgi.ipcFd >= 0);
        if (l->after != NULL)
            l->after(l->after_self);
    }
    if (epoll >= 0)
        (void)close(epoll);
    return err;
}
