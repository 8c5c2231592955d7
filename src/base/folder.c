#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* More than a file system keeps inside its inode; less than this is no room to work with. */
#define TRIED_BYTES 65536

static int write_some(int fd)
{
    static const char zeros[TRIED_BYTES];
    ssize_t n = write(fd, zeros, sizeof zeros);
    if (n < 0)
        return errno;
    return n == (ssize_t)sizeof zeros ? 0 : ENOSPC;
}

int folder_try_write(int dir_fd, const char *path)
{
    char name[512];
    if (snprintf(name, sizeof name, "%s/try-%ld", path, (long)getpid()) >= (int)sizeof name)
        return ENAMETOOLONG;
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int failed = write_some(fd);
    if (close(fd) != 0 && failed == 0)
        failed = errno;
    if (unlinkat(dir_fd, name, 0) != 0 && failed == 0)
        failed = errno;
    return failed;
}
