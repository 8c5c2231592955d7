#include "sandbox/child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/spawn.h"
#include "sandbox/sandbox.h"

#define WAIT_MS    500 /* how often the checkpoint is passed while waiting */
#define READ_BYTES 65536
#define GRACE_S    20 /* of the wall clock, beyond twice the CPU time: others compute, too */

enum err child_damaged(const struct child *r, struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE,
                     "%s is damaged and cannot be read; save the PDF anew and upload it again.",
                     r->subject);
}

/* --- starting and ending --- */

static void set_deadline(struct child *r, int64_t cpu_s)
{
    r->cpu_s = cpu_s;
    r->used_up = false;
    r->deadline_us = monotonic_us() + (2 * cpu_s + GRACE_S) * US_PER_S;
}

/* The child gets the pipes, fd at 3 and nothing else. */
enum err child_start(struct child *r, const char *const argv[], int fd, struct error *e)
{
    int commands[2] = {-1, -1}, answers[2] = {-1, -1};
    int code = spawn_pipe(commands);
    set_deadline(r, r->cpu_limit_s);
    if (code == 0)
        code = spawn_pipe(answers);
    if (code == 0) {
        const int fds[] = {commands[0], answers[1], -1, fd};
        code = spawn_bare(argv, fds, fd >= 0 ? 4 : 3, &r->pid);
    }
    spawn_close(&commands[0]);
    spawn_close(&answers[1]);
    r->to = commands[1];
    r->from = answers[0];
    if (code == 0 &&
        (fcntl(r->from, F_SETFL, O_NONBLOCK) != 0 || fcntl(r->to, F_SETFL, O_NONBLOCK) != 0))
        code = errno;
    if (code == 0)
        return ERR_OK;
    error_set(e, err_of_errno(code), "The %s could not be started.", r->name);
    return error_cause(e, "%s: %s; set %s", r->program, strerror(code), r->setting);
}

/* Its wait status, and the CPU time it had. It is killed, which is nothing to one that is dying
 * already: that keeps the status that it dies with. */
static void reap(struct child *r, int *status, struct rusage *used)
{
    *status = 0;
    memset(used, 0, sizeof *used);
    if (r->pid <= 0)
        return;
    (void)kill(r->pid, SIGKILL);
    while (wait4(r->pid, status, 0, used) < 0 && errno == EINTR)
        continue;
    r->pid = 0;
}

void child_end(struct child *r)
{
    struct rusage used;
    int status;
    spawn_close(&r->to);
    spawn_close(&r->from);
    reap(r, &status, &used);
    buffer_free(&r->in);
    r->used = 0;
}

/* Whether only somebody else can have sent the signal. The kernel's own SIGKILL for CPU time comes
 * when all of it is used up, which the parent may have lowered to no less than a round. */
static bool from_outside(const struct child *r, int signal_number, const struct rusage *used)
{
    int64_t cpu_s = used->ru_utime.tv_sec + used->ru_stime.tv_sec;
    switch (signal_number) {
    case SIGKILL:
        return cpu_s + 1 < r->cpu_limit_s * SANDBOX_CPU_ROUNDS;
    case SIGTERM:
    case SIGINT:
    case SIGHUP:
    case SIGQUIT:
        return true;
    default:
        return signal_number == r->death_from_outside;
    }
}

static enum err too_complex(struct child *r, struct error *e)
{
    r->used_up = true;
    return error_set(e, ERR_UNPROCESSABLE,
                     "%s is too complex: reading it takes more than %" PRId64 " s.", r->subject,
                     r->cpu_s);
}

/* The answers ended: why did the child die? One that had closed them and lived on is killed now,
 * which is no word on the document either. */
static enum err explain_death(struct child *r, struct error *e)
{
    struct rusage used;
    int status;
    reap(r, &status, &used);
    if (WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 3)) {
        error_set(e, ERR_UNAVAILABLE, "The %s could not be started.", r->name);
        return error_cause(e, "%s ended with status %d", r->program, WEXITSTATUS(status));
    }
    if (WIFSIGNALED(status) && from_outside(r, WTERMSIG(status), &used))
        error_set(e, ERR_UNAVAILABLE, "The %s was stopped from outside; try again.", r->name);
    else if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        too_complex(r, e);
    else
        error_set(e, ERR_UNPROCESSABLE, "%s is damaged or too large to read: the %s broke off.",
                  r->subject, r->name);
    return error_cause(e, "the %s ended: wait status %#x", r->name, (unsigned)status);
}

/* --- talking --- */

/* Waits until the descriptor is ready, or the other end gone. */
static enum err wait_ready(struct child *r, int fd, short events, struct error *e)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        int n = poll(&p, 1, WAIT_MS);
        if (n > 0)
            return ERR_OK;
        if (n < 0 && errno != EINTR)
            return error_set(e, err_of_errno(errno), "poll: %s", strerror(errno));
        enum err err = checkpoint_pass(&r->c, e);
        if (err != ERR_OK)
            return err;
        if (monotonic_us() > r->deadline_us)
            return error_set(e, ERR_TIMEOUT, "The %s got too little computing time; try again.",
                             r->name);
    }
}

bool child_lives(struct child *r)
{
    if (r->pid > 0 && waitpid(r->pid, NULL, WNOHANG) != 0) {
        r->pid = 0;
        child_end(r);
    }
    return r->pid > 0;
}

int64_t child_cpu_s(const struct child *r)
{
    clockid_t clock;
    struct timespec used;
    if (r->pid <= 0 || clock_getcpuclockid(r->pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return used.tv_sec;
}

/* Each command has its time to itself, however long the document and whatever was done with the
 * last answer. The child cannot move its limits: its sandbox forbids it. */
void child_allow(struct child *r, int64_t cpu_s)
{
    struct rlimit limit;
    set_deadline(r, cpu_s);
    if (r->pid <= 0 || prlimit(r->pid, RLIMIT_CPU, NULL, &limit) != 0)
        return;
    rlim_t wanted = (rlim_t)(child_cpu_s(r) + cpu_s + 1);
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    (void)prlimit(r->pid, RLIMIT_CPU, &limit, NULL);
}

enum err child_send(struct child *r, const void *bytes, size_t n, struct error *e)
{
    const char *at = bytes;
    while (n > 0) {
        ssize_t sent = write(r->to, at, n);
        if (sent > 0) {
            at += sent;
            n -= (size_t)sent;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return explain_death(r, e);
        enum err err = wait_ready(r, r->to, POLLOUT, e);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* What is used goes, and more comes. */
static enum err read_more(struct child *r, struct error *e)
{
    char chunk[READ_BYTES];
    if (r->used > 0)
        memmove(r->in.data, r->in.data + r->used, r->in.len - r->used);
    r->in.len -= r->used;
    r->used = 0;
    for (;;) {
        ssize_t n = read(r->from, chunk, sizeof chunk);
        if (n > 0) {
            buffer_append(&r->in, chunk, (size_t)n);
            return buffer_failed(&r->in) ? error_no_memory(e) : ERR_OK;
        }
        if (n == 0)
            return explain_death(r, e);
        if (errno != EAGAIN && errno != EINTR)
            return error_set(e, err_of_errno(errno), "read: %s", strerror(errno));
        enum err err = wait_ready(r, r->from, POLLIN, e);
        if (err != ERR_OK)
            return err;
    }
}

enum err child_line(struct child *r, size_t max, const char **line, size_t *n, struct error *e)
{
    size_t searched = 0;
    for (;;) {
        size_t have = r->in.len - r->used;
        const char *start = have > 0 ? r->in.data + r->used : NULL;
        const char *end = have > searched ? memchr(start + searched, '\n', have - searched) : NULL;
        size_t length = end != NULL ? (size_t)(end - start) : have;
        if (length > max)
            return child_damaged(r, e);
        if (end != NULL) {
            *line = start;
            *n = length;
            r->used += length + 1;
            return ERR_OK;
        }
        searched = have;
        enum err err = read_more(r, e);
        if (err != ERR_OK)
            return err;
    }
}

enum err child_bytes(struct child *r, void *to, size_t n, struct error *e)
{
    char *out = to;
    while (n > 0) {
        size_t have = r->in.len - r->used, part = have < n ? have : n;
        if (part == 0) {
            enum err err = read_more(r, e);
            if (err != ERR_OK)
                return err;
            continue;
        }
        memcpy(out, r->in.data + r->used, part);
        r->used += part;
        out += part;
        n -= part;
    }
    return ERR_OK;
}
