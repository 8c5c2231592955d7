#include "cli/documents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/format.h"

#define COPY_BYTES 65536

static enum err copy(int from, int to, struct error *e)
{
    char bytes[COPY_BYTES];
    for (;;) {
        ssize_t n = read(from, bytes, sizeof bytes);
        if (n == 0)
            return ERR_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(e, "read", "the input");
        for (ssize_t done = 0, put; done < n; done += put)
            if ((put = write(to, bytes + done, (size_t)(n - done))) < 0)
                return error_system(e, "keep", "the input");
    }
}

static enum err keep_standard_input(int *fd, struct error *e)
{
    FILE *kept = tmpfile();
    if (kept == NULL)
        return error_system(e, "make", "a temporary file");
    enum err err = copy(STDIN_FILENO, fileno(kept), e);
    if (err == ERR_OK && (*fd = fcntl(fileno(kept), F_DUPFD_CLOEXEC, 0)) < 0)
        err = error_system(e, "read", "the input");
    (void)fclose(kept);
    return err;
}

enum err document_open_file(const char *path, int *fd, struct error *e)
{
    if (strcmp(path, STANDARD_INPUT) == 0)
        return keep_standard_input(fd, e);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return error_set(e, ERR_NOT_FOUND, "cannot be opened: %s.", strerror(errno));
    struct stat s;
    if (fstat(*fd, &s) == 0 && S_ISREG(s.st_mode))
        return ERR_OK;
    (void)close(*fd);
    *fd = -1;
    return error_set(e, ERR_NOT_FOUND, "is not a file.");
}

const char *document_name(const char *path)
{
    return strcmp(path, STANDARD_INPUT) == 0 ? "standard input" : path;
}

void document_output(const struct command *c, const char *path, struct buffer *out)
{
    if (c->output == NULL)
        return;
    if (!c->into_folder) {
        buffer_puts(out, c->output);
        return;
    }
    const char *slash = strrchr(path, '/');
    const char *name = strcmp(path, STANDARD_INPUT) == 0 ? "stdin"
                       : slash != NULL                   ? slash + 1
                                                         : path;
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    buffer_printf(out, "%s/%.*s.%s", c->output, (int)stem, name,
                  format_extension(c->r.format, &c->r.sheets));
}

enum err documents_make_folder(const struct command *c, struct error *e)
{
    if (!c->into_folder || mkdir(c->output, 0777) == 0)
        return ERR_OK;
    struct stat s;
    int code = errno;
    if (code == EEXIST && stat(c->output, &s) == 0 && S_ISDIR(s.st_mode))
        return ERR_OK;
    return error_set(e, ERR_UNAVAILABLE, "Cannot make the folder %s: %s.", c->output,
                     strerror(code));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum err documents_check_names(const struct command *c, struct error *e)
{
    if (!c->into_folder)
        return ERR_OK;
    enum err err = ERR_OK;
    char **names = calloc(c->n_files, sizeof *names);
    if (names == NULL)
        return error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < c->n_files; i++) {
        struct buffer name = BUFFER_INIT;
        document_output(c, c->files[i], &name);
        names[i] = name.data;
        if (buffer_failed(&name))
            err = error_no_memory(e);
    }
    if (err == ERR_OK)
        qsort(names, c->n_files, sizeof *names, by_text);
    for (size_t i = 1; err == ERR_OK && i < c->n_files; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            err = error_set(e, ERR_CONFLICT,
                            "Two of the documents would be written to %s; extract them into "
                            "different folders.",
                            names[i]);
    for (size_t i = 0; i < c->n_files; i++)
        free(names[i]);
    free(names);
    return err;
}

enum err document_write(const char *path, const char *bytes, size_t n, struct error *e)
{
    bool named = path != NULL && *path != '\0';
    FILE *f = named ? fopen(path, "wb") : stdout;
    bool opened = f != NULL;
    bool ok = opened && fwrite(bytes, 1, n, f) == n && fflush(f) == 0;
    int code = errno;
    if (opened && f != stdout && fclose(f) != 0 && ok) {
        ok = false;
        code = errno;
    }
    if (ok)
        return ERR_OK;
    struct stat s;
    if (opened && named && stat(path, &s) == 0 && S_ISREG(s.st_mode))
        (void)unlink(path);
    return error_set(e, ERR_UNAVAILABLE, "%s cannot be written: %s.", named ? path : "The output",
                     strerror(code));
}
