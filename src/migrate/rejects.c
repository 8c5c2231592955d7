#include "migrate/rejects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "google/bigquery_json.h"

struct output {
    FILE *file;
    long lines;
};

static enum err put_reject(void *self, const char *path, const char *reason, struct error *e)
{
    struct output *o = self;
    struct buffer line = BUFFER_INIT;
    buffer_puts(&line, "{\"document\":");
    bigquery_put_string(&line, path, strlen(path));
    buffer_puts(&line, ",\"reason\":");
    bigquery_put_string(&line, reason, strlen(reason));
    buffer_puts(&line, "}\n");
    bool written = !buffer_failed(&line) && fwrite(line.data, 1, line.len, o->file) == line.len;
    buffer_free(&line);
    o->lines++;
    return written ? ERR_OK : error_set(e, ERR_STORAGE_FULL, "The rejects cannot be written.");
}

enum err rejects_write(struct state *s, const char *path, struct error *e)
{
    char temporary[4096];
    struct output o = {NULL, 0};
    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum err err = ERR_OK;
    if (fd < 0 || (o.file = fdopen(fd, "w")) == NULL) {
        error_set(e, ERR_STORAGE_FULL, "%s: cannot be written.", temporary);
        err = error_cause(e, "%s", strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return err;
    }
    err = state_each_reject(s, put_reject, &o, e);
    bool kept = fflush(o.file) == 0 && fsync(fd) == 0;
    if ((fclose(o.file) != 0 || !kept) && err == ERR_OK)
        err = error_set(e, ERR_STORAGE_FULL, "%s: cannot be written.", temporary);
    if (err == ERR_OK && (o.lines > 0 || access(path, F_OK) == 0) && rename(temporary, path) != 0)
        err = error_set(e, ERR_STORAGE_FULL, "%s: cannot be written.", path);
    (void)unlink(temporary);
    return err;
}
