#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_read(const char *path, size_t most_bytes, struct buffer *out)
{
    char chunk[8192];
    size_t total = 0;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && total <= most_bytes &&
           ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))) {
        buffer_append(out, chunk, n > 0 ? (size_t)n : 0);
        total += n > 0 ? (size_t)n : 0;
    }
    int code = fd < 0 || n < 0 ? errno : 0;
    if (fd >= 0)
        (void)close(fd);
    if (code == 0 && total > most_bytes)
        code = EFBIG;
    return code == 0 && buffer_failed(out) ? ENOMEM : code;
}
