#include "api/multipart_child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPU_S        5           /* a body of 50 MiB takes about 0.2 */
#define MEMORY_BYTES (256 << 20) /* GMime takes about 1.4 KB a part, 600 bytes a header */

/* What the child hands back: less than PIPE_BUF, so that it is written whole or not at all. */
struct answer {
    enum err err;
    struct error e;
    char file_name[MULTIPART_NAME_MAX];
};

static void say_nothing(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer self)
{
    (void)domain;
    (void)level;
    (void)text;
    (void)self;
}

static int set_limit(int what, rlim_t value)
{
    struct rlimit limit = {value, value};
    return setrlimit((__rlimit_resource_t)what, &limit);
}

static int limit_child(void)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || set_limit(RLIMIT_CORE, 0) != 0 ||
        setrlimit(RLIMIT_CPU, &(struct rlimit){CPU_S, CPU_S + 1}) != 0)
        return -1;
#ifndef __SANITIZE_ADDRESS__ /* its shadow memory takes terabytes of addresses */
    if (set_limit(RLIMIT_DATA, MEMORY_BYTES) != 0)
        return -1;
#endif
    (void)g_log_set_default_handler(say_nothing, NULL); /* it aborts when memory is out */
    return 0;
}

static _Noreturn void run_child(int body_fd, const char *content_type, int out_fd, int answer_fd)
{
    struct answer a;
    memset(&a, 0, sizeof a);
    if (limit_child() != 0)
        _exit(1);
    a.err = multipart_copy_file(body_fd, content_type, out_fd, a.file_name, &a.e);
    _exit(write(answer_fd, &a, sizeof a) == (ssize_t)sizeof a ? 0 : 1);
}

static ssize_t read_answer(int fd, struct answer *a)
{
    ssize_t n;
    do
        n = read(fd, a, sizeof *a);
    while (n < 0 && errno == EINTR);
    return n;
}

static enum err explain_death(pid_t pid, struct error *e)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The form is too complex to be read; send the file alone.");
    error_set(e, ERR_UNAVAILABLE, "The upload could not be read; send it again.");
    return error_cause(e, "the process that reads forms ended with status %d", status);
}

enum err multipart_child_copy_file(int body_fd, const char *content_type, int out_fd,
                                   char file_name[MULTIPART_NAME_MAX], struct error *e)
{
    struct answer a;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return error_set(e, ERR_UNAVAILABLE, "The upload could not be read; send it again.");
    pid_t pid = fork();
    if (pid == 0)
        run_child(body_fd, content_type, out_fd, fds[1]);
    (void)close(fds[1]);
    ssize_t n = pid > 0 ? read_answer(fds[0], &a) : -1;
    (void)close(fds[0]);
    if (pid < 0)
        return error_set(e, ERR_UNAVAILABLE, "The upload could not be read; send it again.");
    if (n != (ssize_t)sizeof a)
        return explain_death(pid, e);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    memcpy(file_name, a.file_name, MULTIPART_NAME_MAX);
    *e = a.e;
    return a.err;
}
