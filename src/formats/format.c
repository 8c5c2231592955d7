#include "formats/format.h"

#include <assert.h>
#include <string.h>

#include "formats/table.h"

#define ROW(name, extension, media_type, is_sheet, is_document)                                    \
    {#name, extension, extension ".zip", media_type, is_sheet, is_document, format_write_##name},
const struct format formats[] = {FORMAT_TABLE(ROW){NULL, NULL, NULL, NULL, false, false, NULL}};

#define NAME(name, extension, media_type, is_sheet, is_document) #name,
const char *const format_names[] = {FORMAT_TABLE(NAME) NULL};

static_assert(sizeof formats / sizeof formats[0] - 1 <= FORMATS_MAX,
              "more formats than FORMATS_MAX");

static const char zip_media_type[] = "application/zip";

enum err format_write(const struct extraction *x, int f, const struct format_options *o,
                      struct buffer *out, struct error *e)
{
    out->max = o->max_bytes;
    enum err err = formats[f].write(x, o, out, e);
    buffer_flush(out);
    if (out->full)
        return error_set(
            e, ERR_UNPROCESSABLE,
            "The result as %s would have more than %zu bytes; ask for fewer or smaller "
            "regions.",
            formats[f].name, o->max_bytes);
    return err == ERR_OK && buffer_failed(out) ? error_no_memory(e) : err;
}

size_t format_count(void)
{
    return sizeof formats / sizeof formats[0] - 1;
}

const char *format_plain_text(const struct region_result *r)
{
    bool structured = r->n_tables > 0 || r->n_fields > 0 || r->joined_to > 0;
    return structured || r->text == NULL ? "" : r->text;
}

bool format_wants_document(const struct extraction_request *r)
{
    bool wants = formats[r->format].is_document;
    for (int f = 0; formats[f].name != NULL; f++)
        wants = wants || (r->also[f] && formats[f].is_document);
    return wants;
}

int format_index(const char *name)
{
    for (int i = 0; formats[i].name != NULL; i++)
        if (strcmp(formats[i].name, name) == 0)
            return i;
    return -1;
}

static bool is_zip(int f, const struct sheet_choices *c)
{
    return formats[f].is_sheet && c->tables == TABLES_ZIP;
}

const char *format_extension(int f, const struct sheet_choices *c)
{
    return is_zip(f, c) ? formats[f].zip_extension : formats[f].extension;
}

const char *format_media_type(int f, const struct sheet_choices *c)
{
    return is_zip(f, c) ? zip_media_type : formats[f].media_type;
}

const char *format_media_type_of_file(const char *file_name)
{
    const char *dot = strrchr(file_name, '.');
    if (dot != NULL && strcmp(dot, ".zip") == 0)
        return zip_media_type;
    for (const struct format *f = formats; dot != NULL && f->name != NULL; f++)
        if (strcmp(f->extension, dot + 1) == 0)
            return f->media_type;
    return "application/octet-stream";
}

void format_list(struct buffer *out)
{
    for (const struct format *f = formats; f->name != NULL; f++) {
        const char *before = f[1].name != NULL ? ", " : " or ";
        buffer_printf(out, "%s%s", f == formats ? "" : before, f->name);
    }
}
