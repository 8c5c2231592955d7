/* Blobs as files under one root. Uploads are not fsynced: a power cut may lose one that was just
 * stored, and the client sends it again. Results are: a completed job always has them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/random.h"
#include "base/uri.h"
#include "local/local.h"

struct files {
    int root; /* O_PATH-like descriptor of the folder */
    char *base_url;
    unsigned char key[SIGNING_KEY_BYTES];
    const struct clock *clock;
};

static enum err file_error(int code, const char *doing, const char *name, struct error *e)
{
    if (code == ENOENT || code == ENOTDIR)
        return error_set(e, ERR_NOT_FOUND, "There is no %s.", name);
    enum err kind = err_of_errno(code);
    error_set(e, kind,
              kind == ERR_STORAGE_FULL ? "The disk is full; try again later."
                                       : "The file store does not answer; try again.");
    e->retry_after_s = 5;
    return error_cause(e, "%s %s: %s", doing, name, strerror(code));
}

/* Opens below the root; no component may be a symbolic link or lead out. */
static int open_below(const struct files *f, const char *name, int flags)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .mode = flags & O_CREAT ? 0640 : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, f->root, name, &how, sizeof how);
}

/* Makes the folders above name. */
static int make_parents(const struct files *f, const char *name)
{
    char path[BLOB_NAME_MAX + 1];
    (void)snprintf(path, sizeof path, "%s", name);
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdirat(f->root, path, 0750) != 0 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return 0;
}

/* Moves a file that is complete into its place. A folder that a concurrent erase pruned is made
 * again. */
static int move_into_place(const struct files *f, int dir, const char *path, const char *name)
{
    for (int i = 0; i < 3; i++) {
        if (make_parents(f, name) != 0)
            return -1;
        if (renameat(dir, path, f->root, name) == 0)
            return 0;
        if (errno != ENOENT)
            return -1;
    }
    return -1;
}

static void temp_name(char out[64])
{
    char random[33];
    random_hex(random, 16);
    (void)snprintf(out, 64, "tmp/%s", random);
}

static int copy_bytes(int from, int to)
{
    for (;;) {
        ssize_t n = sendfile(to, from, NULL, 1 << 20);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
    }
}

/* Copies a file of another file system into the store and unlinks it. */
static enum err copy_file(const struct files *f, const char *name, const char *path,
                          struct error *e)
{
    char temp[64];
    temp_name(temp);
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int to = from >= 0 ? open_below(f, temp, O_WRONLY | O_CREAT | O_EXCL) : -1;
    bool ok = to >= 0 && copy_bytes(from, to) == 0;
    int code = errno;
    if (to >= 0 && close(to) != 0 && ok) {
        ok = false;
        code = errno;
    }
    if (from >= 0)
        (void)close(from);
    if (ok && move_into_place(f, f->root, temp, name) != 0) {
        ok = false;
        code = errno;
    }
    if (!ok) {
        if (to >= 0)
            (void)unlinkat(f->root, temp, 0);
        return file_error(code, "copying to", name, e);
    }
    (void)unlink(path);
    return ERR_OK;
}

static enum err files_put_file(void *self, const char *name, const char *path,
                               const char *content_type, bool keep, struct error *e)
{
    const struct files *f = self;
    (void)content_type;
    (void)keep; /* replacing a file by its like does no harm */
    enum err err = blob_name_check(name, e);
    if (err != ERR_OK)
        return err;
    if (chmod(path, 0640) != 0)
        return file_error(errno, "reading", path, e);
    if (move_into_place(f, AT_FDCWD, path, name) == 0)
        return ERR_OK;
    return errno == EXDEV ? copy_file(f, name, path, e) : file_error(errno, "storing", name, e);
}

static int sync_parent(const struct files *f, const char *name)
{
    char path[BLOB_NAME_MAX + 1];
    (void)snprintf(path, sizeof path, "%s", name);
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
    int fd = open_below(f, slash != NULL ? path : ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return -1;
    int failed = fsync(fd);
    (void)close(fd);
    return failed;
}

/* What is stored: bytes, or those of a file. */
struct content {
    const void *bytes;
    size_t n;
    int fd; /* -1: bytes */
};

static int write_content(const struct content *c, int to)
{
    if (c->fd < 0)
        return file_write(to, c->bytes, c->n) ? 0 : -1;
    return lseek(c->fd, 0, SEEK_SET) == 0 ? copy_bytes(c->fd, to) : -1;
}

static enum err put_durably(const struct files *f, const char *name, const struct content *c,
                            struct error *e)
{
    char temp[64];
    enum err err = blob_name_check(name, e);
    if (err != ERR_OK)
        return err;
    temp_name(temp);
    int fd = open_below(f, temp, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return file_error(errno == ENOENT ? EIO : errno, "storing", name, e);
    bool ok = write_content(c, fd) == 0 && fsync(fd) == 0;
    int code = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        code = errno;
    }
    if (ok && (move_into_place(f, f->root, temp, name) != 0 || sync_parent(f, name) != 0)) {
        ok = false;
        code = errno;
    }
    if (ok)
        return ERR_OK;
    (void)unlinkat(f->root, temp, 0);
    return file_error(code == ENOENT ? EIO : code, "storing", name, e);
}

static enum err files_put_bytes(void *self, const char *name, const void *bytes, size_t n,
                                const char *content_type, struct error *e)
{
    (void)content_type;
    return put_durably(self, name, &(struct content){bytes, n, -1}, e);
}

static enum err files_put_fd(void *self, const char *name, int fd, const char *content_type,
                             struct error *e)
{
    (void)content_type;
    return put_durably(self, name, &(struct content){NULL, 0, fd}, e);
}

/* A file that replaces another is moved into its place, so it has a number of its own; times alone
 * are as coarse as the kernel's tick. */
static void info_of(const struct stat *st, struct blob_info *out)
{
    out->size = (uint64_t)st->st_size;
    out->updated_us = (int64_t)st->st_mtim.tv_sec * US_PER_S + st->st_mtim.tv_nsec / 1000;
    text_format(out->version, sizeof out->version, "%llu-%lld.%09ld",
                (unsigned long long)st->st_ino, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

static enum err read_info(int fd, const char *name, struct blob_info *out, struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return file_error(errno, "reading", name, e);
    if (!S_ISREG(st.st_mode))
        return file_error(ENOENT, "reading", name, e);
    info_of(&st, out);
    return ERR_OK;
}

static enum err files_open(void *self, const char *name, const char *version, int *out,
                           struct error *e)
{
    const struct files *f = self;
    struct blob_info info;
    enum err err = blob_name_check(name, e);
    if (err != ERR_OK)
        return err;
    int fd = open_below(f, name, O_RDONLY);
    if (fd < 0)
        return file_error(errno, "opening", name, e);
    if (version[0] != '\0')
        err = read_info(fd, name, &info, e);
    if (err == ERR_OK && version[0] != '\0' && strcmp(version, info.version) != 0)
        err = error_set(e, ERR_GONE, "%s was replaced.", name);
    if (err == ERR_OK)
        *out = fd;
    else
        (void)close(fd);
    return err;
}

static enum err files_stat(void *self, const char *name, struct blob_info *out, struct error *e)
{
    int fd = -1;
    enum err err = files_open(self, name, "", &fd, e);
    if (err != ERR_OK)
        return err;
    err = read_info(fd, name, out, e);
    (void)close(fd);
    return err;
}

/* The folder that a prefix names; prefixes end in '/'. */
static enum err open_prefix(const struct files *f, const char *prefix, DIR **out, struct error *e)
{
    char path[BLOB_NAME_MAX + 1];
    int n = snprintf(path, sizeof path, "%s", prefix);
    *out = NULL;
    if (n < 1 || n >= (int)sizeof path || path[n - 1] != '/')
        return error_set(e, ERR_BAD_REQUEST, "The prefix is not one.");
    path[n - 1] = '\0';
    enum err err = blob_name_check(path, e);
    if (err != ERR_OK)
        return err;
    int fd = open_below(f, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return file_error(errno, "listing", prefix, e);
    if ((*out = fdopendir(fd)) == NULL) {
        (void)close(fd);
        return error_no_memory(e);
    }
    return ERR_OK;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static enum err files_find(void *self, const char *prefix, char out[BLOB_NAME_MAX + 1],
                           struct blob_info *info, struct error *e)
{
    DIR *dir;
    enum err err = open_prefix(self, prefix, &dir, e);
    if (err != ERR_OK)
        return err;
    err = error_set(e, ERR_NOT_FOUND, "There is nothing under %s.", prefix);
    /* Not every file system tells in d_type what is a file. */
    for (struct dirent *d; err == ERR_NOT_FOUND && (d = readdir(dir)) != NULL;)
        if (!is_dots(d->d_name) &&
            snprintf(out, BLOB_NAME_MAX + 1, "%s%s", prefix, d->d_name) <= BLOB_NAME_MAX)
            err = files_stat(self, out, info, e);
    (void)closedir(dir);
    return err;
}

/* A walk that looks for the first names of a list. */
struct walk {
    const char *after;
    size_t max;
    struct blob_list *found;
};

/* Whether a name that begins with folder may be one of those looked for. */
static bool may_have(const struct walk *w, const char *folder)
{
    size_t n = strlen(folder);
    bool full = w->found->n == w->max;
    return strncmp(folder, w->after, n) >= 0 &&
           (!full || strncmp(folder, w->found->items[w->max - 1].name, n) <= 0);
}

static enum err walk(const struct walk *w, DIR *dir, const char *prefix, struct error *e);

/* One entry of a folder, whose name begins with prefix. */
static enum err visit(const struct walk *w, DIR *dir, const char *prefix, const char *entry,
                      struct error *e)
{
    char name[BLOB_NAME_MAX + 2]; /* and a folder's slash */
    struct blob_info info;
    struct stat st;
    if (is_dots(entry) ||
        snprintf(name, sizeof name - 1, "%s%s", prefix, entry) >= (int)sizeof name - 1 ||
        fstatat(dirfd(dir), entry, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ERR_OK;
    info_of(&st, &info);
    if (S_ISREG(st.st_mode))
        return strcmp(name, w->after) > 0 ? blob_list_add(w->found, name, &info, w->max, e)
                                          : ERR_OK;
    (void)strcat(name, "/");
    if (!S_ISDIR(st.st_mode) || !may_have(w, name))
        return ERR_OK;
    int fd = openat(dirfd(dir), entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *below = fd >= 0 ? fdopendir(fd) : NULL;
    if (below == NULL && fd >= 0)
        (void)close(fd);
    if (below == NULL) /* it was erased meanwhile */
        return errno == ENOENT ? ERR_OK : file_error(errno, "listing", name, e);
    return walk(w, below, name, e);
}

/* Visits an open folder, whose names begin with prefix; dir is closed. */
static enum err walk(const struct walk *w, DIR *dir, const char *prefix, struct error *e)
{
    enum err err = ERR_OK;
    for (struct dirent *d; err == ERR_OK && (d = readdir(dir)) != NULL;)
        err = visit(w, dir, prefix, d->d_name, e);
    (void)closedir(dir);
    return err;
}

static enum err files_list(void *self, const char *prefix, const char *after, size_t max,
                           struct blob_list *out, struct error *e)
{
    const struct walk w = {after, max, out};
    DIR *dir;
    enum err err = open_prefix(self, prefix, &dir, e);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err == ERR_OK)
        err = walk(&w, dir, prefix, e);
    if (err != ERR_OK)
        blob_list_free(out);
    return err;
}

/* Empties an open folder; dir is closed. */
static int empty_folder(DIR *dir)
{
    int failed = 0;
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (is_dots(d->d_name))
            continue;
        if (unlinkat(dirfd(dir), d->d_name, 0) == 0 || errno == ENOENT)
            continue;
        int fd =
            errno == EISDIR || errno == EPERM
                ? openat(dirfd(dir), d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                : -1;
        DIR *below = fd >= 0 ? fdopendir(fd) : NULL;
        if (below == NULL || empty_folder(below) != 0 ||
            unlinkat(dirfd(dir), d->d_name, AT_REMOVEDIR) != 0)
            failed = -1;
        if (below == NULL && fd >= 0)
            (void)close(fd);
    }
    (void)closedir(dir);
    return failed;
}

static enum err files_remove_prefix(void *self, const char *prefix, struct error *e)
{
    const struct files *f = self;
    DIR *dir;
    enum err err = open_prefix(f, prefix, &dir, e);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_OK)
        return err;
    if (empty_folder(dir) != 0)
        return file_error(errno, "erasing", prefix, e);
    /* Not empty again: somebody writes there at this moment, which is theirs to settle. */
    if (unlinkat(f->root, prefix, AT_REMOVEDIR) != 0 && errno != ENOENT && errno != ENOTEMPTY)
        return file_error(errno, "erasing", prefix, e);
    return ERR_OK;
}

static enum err append_url(const struct files *f, const char *method, const char *folder,
                           const char *name, int64_t expires_s, struct buffer *out, struct error *e)
{
    char path[BLOB_NAME_MAX + 32];
    (void)snprintf(path, sizeof path, "/api/v1/%s%s", folder, name);
    signed_url_make(f->key, f->base_url, method, path, expires_s, out);
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

static enum err files_upload_url(void *self, const char *name, const char *content_type, int ttl_s,
                                 int64_t most_bytes, struct buffer *out, struct error *e)
{
    const struct files *f = self;
    (void)content_type;
    (void)most_bytes;
    return append_url(f, "PUT", "upload/", name, clock_now_us(f->clock) / US_PER_S + ttl_s, out, e);
}

/* results/{job_id}/{name} is served at /api/v1/results/{job_id}/{name}. */
static enum err files_download_url(void *self, const char *name, int64_t expires_us,
                                   struct buffer *out, int64_t *until_us, struct error *e)
{
    *until_us = expires_us;
    return append_url(self, "GET", "", name, expires_us / US_PER_S, out, e);
}

static void files_uri(void *self, const char *name, struct buffer *out)
{
    (void)self;
    buffer_printf(out, "local:%s", name);
}

static enum err files_ping(void *self, struct error *e)
{
    const struct files *f = self;
    int code = folder_try_write(f->root, "tmp");
    return code == 0 ? ERR_OK : file_error(code == ENOENT ? EIO : code, "writing to", "tmp", e);
}

static void files_close(void *self)
{
    struct files *f = self;
    if (f->root >= 0)
        (void)close(f->root);
    free(f->base_url);
    free(f);
}

static void files_nginx_location(void *self, const char *name, struct buffer *out)
{
    (void)self;
    buffer_puts(out, "/_blobs/");
    uri_escape_path(out, name);
}

static const struct blob_store_ops ops = {
    .name = "files",
    .put_file = files_put_file,
    .put_bytes = files_put_bytes,
    .put_fd = files_put_fd,
    .open = files_open,
    .stat = files_stat,
    .find = files_find,
    .list = files_list,
    .remove_prefix = files_remove_prefix,
    .upload_url = files_upload_url,
    .download_url = files_download_url,
    .nginx_location = files_nginx_location,
    .uri = files_uri,
    .ping = files_ping,
    .close = files_close,
};

enum err file_blob_store_open(const char *root, const char *base_url,
                              const unsigned char signing_key[SIGNING_KEY_BYTES],
                              const struct clock *clock, struct blob_store *out, struct error *e)
{
    struct files *f = calloc(1, sizeof *f);
    if (f == NULL || (f->base_url = strdup(base_url)) == NULL) {
        free(f);
        return error_no_memory(e);
    }
    memcpy(f->key, signing_key, SIGNING_KEY_BYTES);
    f->clock = clock;
    if ((mkdir(root, 0750) != 0 && errno != EEXIST) ||
        (f->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
        (mkdirat(f->root, "tmp", 0750) != 0 && errno != EEXIST)) {
        int code = errno == ENOENT ? EIO : errno;
        files_close(f);
        return file_error(code, "opening", root, e);
    }
    *out = (struct blob_store){&ops, f};
    // cppcheck-suppress memleak ; out owns it
    return ERR_OK;
}
