#include "formats/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#define DATED 946684800
#define CHUNK 65536

struct zip {
    struct archive *archive;
    locale_t utf8; /* libarchive marks names as UTF-8 where the locale's are */
};

static enum err refuse(struct archive *a, struct error *e)
{
    if (archive_errno(a) == ENOMEM)
        return error_no_memory(e);
    error_set(e, ERR_UNAVAILABLE, "The ZIP file could not be written.");
    return error_cause(e, "libarchive: %s", archive_error_string(a));
}

static la_ssize_t append(struct archive *a, void *out, const void *bytes, size_t n)
{
    buffer_append(out, bytes, n);
    if (!buffer_failed(out))
        return (la_ssize_t)n;
    archive_set_error(a, ENOMEM, "no room for the result");
    return ARCHIVE_FATAL;
}

enum err zip_begin(struct zip **made, struct buffer *out, struct error *e)
{
    struct zip *z = *made = calloc(1, sizeof *z);
    if (z == NULL)
        return error_no_memory(e);
    z->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    z->archive = archive_write_new();
    if (z->archive == NULL)
        return error_no_memory(e);
    if (archive_write_set_format_zip(z->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(z->archive, 1) != ARCHIVE_OK ||
        archive_write_open(z->archive, out, NULL, append, NULL) != ARCHIVE_OK)
        return refuse(z->archive, e);
    return ERR_OK;
}

static enum err add_header(struct zip *z, const char *name, uint64_t size, struct error *e)
{
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL)
        return error_no_memory(e);
    locale_t before = z->utf8 != (locale_t)0 ? uselocale(z->utf8) : (locale_t)0;
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, DATED, 0);
    archive_entry_set_size(entry, (la_int64_t)size);
    bool ok = archive_write_header(z->archive, entry) == ARCHIVE_OK;
    if (before != (locale_t)0)
        (void)uselocale(before);
    archive_entry_free(entry);
    return ok ? ERR_OK : refuse(z->archive, e);
}

static enum err add_bytes(struct zip *z, const void *bytes, size_t n, struct error *e)
{
    bool ok = n == 0 || archive_write_data(z->archive, bytes, n) == (la_ssize_t)n;
    return ok ? ERR_OK : refuse(z->archive, e);
}

enum err zip_add(struct zip *z, const char *name, const void *bytes, size_t n, struct error *e)
{
    enum err err = add_header(z, name, n, e);
    return err == ERR_OK ? add_bytes(z, bytes, n, e) : err;
}

enum err zip_add_fd(struct zip *z, const char *name, int fd, uint64_t size, struct error *e)
{
    char chunk[CHUNK];
    enum err err = add_header(z, name, size, e);
    while (err == ERR_OK && size > 0) {
        ssize_t n = read(fd, chunk, size < sizeof chunk ? (size_t)size : sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(e, ERR_UNAVAILABLE, "A file for the ZIP could not be read.");
        err = add_bytes(z, chunk, (size_t)n, e);
        size -= (uint64_t)n;
    }
    return err;
}

enum err zip_end(struct zip *z, struct error *e)
{
    return archive_write_close(z->archive) == ARCHIVE_OK ? ERR_OK : refuse(z->archive, e);
}

void zip_free(struct zip *z)
{
    if (z == NULL)
        return;
    if (z->archive != NULL)
        (void)archive_write_free(z->archive);
    if (z->utf8 != (locale_t)0)
        freelocale(z->utf8);
    free(z);
}
