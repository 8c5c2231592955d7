#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int file_read_open(int fd, size_t most_bytes, struct buffer *out)
{
    char chunk[65536];
    size_t total = 0;
    ssize_t n = 0;
    while (total <= most_bytes &&
           ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))) {
        buffer_append(out, chunk, n > 0 ? (size_t)n : 0);
        total += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        return errno;
    if (total > most_bytes)
        return EFBIG;
    return buffer_failed(out) ? ENOMEM : 0;
}

int file_read(const char *path, size_t most_bytes, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = file_read_open(fd, most_bytes, out);
    (void)close(fd);
    return code;
}

bool file_write(int fd, const void *bytes, size_t n)
{
    for (const char *at = bytes; n > 0;) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0) {
            at += done;
            n -= (size_t)done;
        }
    }
    return true;
}

bool file_drain(void *sink, const char *bytes, size_t n)
{
    struct file_sink *s = sink;
    if (file_write(s->fd, bytes, n))
        return true;
    s->code = errno;
    return false;
}

int file_temporary(const char *folder)
{
    char path[512];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    if (snprintf(path, sizeof path, "%s/temporary-XXXXXX", folder) >= (int)sizeof path)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}
