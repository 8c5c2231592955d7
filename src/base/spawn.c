#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

void spawn_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

int spawn_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) == 0)
        return 0;
    ends[0] = ends[1] = -1;
    return errno;
}

static int add_fd(posix_spawn_file_actions_t *actions, int from, int to)
{
    return from >= 0 ? posix_spawn_file_actions_adddup2(actions, from, to)
                     : posix_spawn_file_actions_addopen(actions, to, "/dev/null", O_RDWR, 0);
}

static int start(const char *const argv[], const int *fds, size_t n, pid_t *pid)
{
    char *envp[] = {NULL};
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0)
        return code;
    for (size_t i = 0; code == 0 && i < n; i++)
        code = add_fd(&actions, fds[i], (int)i);
    if (code == 0)
        code = posix_spawn_file_actions_addclosefrom_np(&actions, (int)n);
    if (code == 0)
        code = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)argv, envp);
    (void)posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Copies above the child's own numbers, so that no dup2 there hits one that is still needed. */
int spawn_bare(const char *const argv[], const int *fds, size_t n, pid_t *pid)
{
    int high[SPAWN_FDS_MAX], code = 0;
    for (size_t i = 0; i < n; i++) {
        high[i] = fds[i] >= 0 && code == 0 ? fcntl(fds[i], F_DUPFD_CLOEXEC, SPAWN_FDS_MAX) : -1;
        if (fds[i] >= 0 && high[i] < 0 && code == 0)
            code = errno == EINVAL ? EMFILE : errno; /* EINVAL: above RLIMIT_NOFILE */
    }
    if (code == 0)
        code = start(argv, high, n, pid);
    for (size_t i = 0; i < n; i++)
        spawn_close(&high[i]);
    return code;
}
