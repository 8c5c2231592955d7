#include "formats/sheet_zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>

#define FILES_MAX 1000 /* more are of no use to people, and costly to unpack */
#define DATED     946684800

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

static enum err add_file(struct archive *a, const struct block *b, const struct sheet_kind *kind,
                         const struct buffer *bytes, struct error *e)
{
    char name[48];
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL)
        return error_no_memory(e);
    (void)snprintf(name, sizeof name, "%s-%d.%s", block_names[b->kind], b->number, kind->extension);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, DATED, 0);
    archive_entry_set_size(entry, (la_int64_t)bytes->len);
    bool ok = archive_write_header(a, entry) == ARCHIVE_OK &&
              (bytes->len == 0 ||
               archive_write_data(a, bytes->data, bytes->len) == (la_ssize_t)bytes->len);
    archive_entry_free(entry);
    return ok ? ERR_OK : refuse(a, e);
}

static enum err add_block(struct archive *a, const struct blocks *b, size_t i,
                          const struct format_options *o, const struct sheet_kind *kind,
                          struct error *e)
{
    struct buffer bytes = BUFFER_INIT;
    enum err err = sheet_write_block(b, i, o, kind, &bytes, e);
    if (err == ERR_OK && buffer_failed(&bytes))
        err = error_no_memory(e);
    if (err == ERR_OK)
        err = add_file(a, &b->items[i], kind, &bytes, e);
    buffer_free(&bytes);
    return err;
}

static enum err check_count(const struct blocks *b, struct error *e)
{
    if (b->n <= FILES_MAX)
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE,
                     "tables: a ZIP takes at most %d files, and this one would have %zu; ask for "
                     "\"merged\" or \"all\", or for fewer pages.",
                     FILES_MAX, b->n);
}

enum err sheet_zip_write(const struct blocks *b, const struct format_options *o,
                         const struct sheet_kind *kind, struct buffer *out, struct error *e)
{
    enum err err = check_count(b, e);
    if (err != ERR_OK)
        return err;
    struct archive *a = archive_write_new();
    if (a == NULL)
        return error_no_memory(e);
    if (archive_write_set_format_zip(a) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
        archive_write_open(a, out, NULL, append, NULL) != ARCHIVE_OK)
        err = refuse(a, e);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        err = add_block(a, b, i, o, kind, e);
    if (err == ERR_OK && archive_write_close(a) != ARCHIVE_OK)
        err = refuse(a, e);
    (void)archive_write_free(a);
    return err;
}
