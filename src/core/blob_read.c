#include "core/blob_read.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

enum err blob_read(const struct blob_store *b, const char *name, size_t max, struct buffer *out,
                   struct error *e)
{
    int fd = -1;
    enum err err = b->ops->open(b->self, name, "", &fd, e);
    if (err != ERR_OK)
        return err;
    int code = file_read_open(fd, max, out);
    (void)close(fd);
    if (code == EFBIG)
        return error_set(e, ERR_TOO_LARGE, "What is stored has more than %zu bytes.", max);
    errno = code;
    return code == 0        ? ERR_OK
           : code == ENOMEM ? error_no_memory(e)
                            : error_system(e, "read", "what is stored");
}
