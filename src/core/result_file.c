#include "core/result_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static enum err refuse(int code, struct error *e)
{
    error_set(e, err_of_errno(code), "The result could not be written; try again later.");
    return error_cause(e, "%s", strerror(code));
}

enum err result_file_put(const struct services *s, const char *name, const struct extraction *x,
                         int format, const struct format_options *o, struct error *e)
{
    struct file_sink sink = {file_temporary(s->cfg->uploads_dir), 0};
    if (sink.fd < 0)
        return refuse(errno, e);
    struct buffer out = {.drain = file_drain, .drain_self = &sink};
    enum err err = format_write(x, format, o, &out, e);
    if (sink.code != 0)
        err = refuse(sink.code, e);
    if (err == ERR_OK)
        err = s->blobs.ops->put_fd(s->blobs.self, name, sink.fd,
                                   format_media_type(format, &o->sheets), e);
    buffer_free(&out);
    (void)close(sink.fd);
    return err;
}
