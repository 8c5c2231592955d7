#include "formats/sheet_zip.h"

#include <stdio.h>

#include "formats/zip.h"

#define FILES_MAX 1000 /* more are of no use to people, and costly to unpack */

static enum err add_block(struct zip *z, const struct blocks *b, size_t i,
                          const struct format_options *o, const struct sheet_kind *kind,
                          struct error *e)
{
    char name[48];
    struct buffer bytes = BUFFER_INIT;
    (void)snprintf(name, sizeof name, "%s-%d.%s", block_names[b->items[i].kind], b->items[i].number,
                   kind->extension);
    enum err err = sheet_write_block(b, i, o, kind, &bytes, e);
    if (err == ERR_OK && buffer_failed(&bytes))
        err = error_no_memory(e);
    if (err == ERR_OK)
        err = zip_add(z, name, bytes.data, bytes.len, e);
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
    struct zip *z = NULL;
    enum err err = check_count(b, e);
    if (err == ERR_OK)
        err = zip_begin(&z, out, e);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++)
        err = add_block(z, b, i, o, kind, e);
    if (err == ERR_OK)
        err = zip_end(z, e);
    zip_free(z);
    return err;
}
