/* POST /jobs/{job_id}/results/{format}: a result written anew, as a person edited it, in any
 * format but that of the document itself. What the job itself wrote stays as it is. */
#include "core/edits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/handlers.h"
#include "api/result.h"
#include "base/file.h"
#include "core/blob_names.h"
#include "core/extraction_request.h"
#include "core/result_read.h"
#include "core/sheet_request.h"
#include "formats/format.h"

/* Of the JSON that is read back: as a tree it takes some ten times as much memory. */
#define RESULT_BYTES_MAX (16 << 20)

static enum err read_blob(const struct blob_store *b, const char *name, struct buffer *out,
                          struct error *e)
{
    struct blob_info info;
    int fd = -1;
    enum err err = b->ops->stat(b->self, name, &info, e);
    if (err == ERR_OK && info.size > RESULT_BYTES_MAX)
        err = error_set(e, ERR_TOO_LARGE,
                        "The result has more than %d bytes as JSON: too many to write it anew; "
                        "extract fewer regions.",
                        RESULT_BYTES_MAX);
    if (err == ERR_OK)
        err = b->ops->open(b->self, name, info.version, &fd, e);
    if (err != ERR_OK)
        return err;
    int code = file_read_open(fd, RESULT_BYTES_MAX, out);
    (void)close(fd);
    if (code == ENOMEM)
        return error_no_memory(e);
    errno = code;
    return code == 0 ? ERR_OK : error_system(e, "read", "the result");
}

/* What the job found, as its JSON tells it. */
static enum err read_result(const struct services *s, const struct job *j, struct extraction *out,
                            struct error *e)
{
    struct result_place place;
    struct buffer text = BUFFER_INIT;
    json_t *tree = NULL;
    enum err err = result_place(s, j, format_index("json"), &place, e);
    if (err == ERR_OK && (err = read_blob(&s->blobs, place.blob, &text, e)) == ERR_NOT_FOUND)
        err = result_missing(&place, e);
    if (err == ERR_OK)
        err = json_parse(text.data, text.len, &tree, e);
    buffer_free(&text);
    if (err == ERR_OK)
        err = result_read(tree, out, e);
    json_decref(tree);
    return err;
}

/* How the result is to be written: escape_formulas and the members of core/sheet_request.h. */
static enum err read_options(const struct json_at *root, int format, int64_t most_bytes,
                             struct format_options *out, struct error *e)
{
    static const char *const members[] = {"edits",           "forms",  "removed",
                                          "escape_formulas", "tables", "table",
                                          "source_columns",  "bom",    NULL};
    const struct json_at escape = json_member(root, "escape_formulas");
    struct extraction_request asked = {.format = format, .escape_formulas = true};
    enum err err = json_read_object(root, e);
    if (err == ERR_OK)
        err = json_only(root, members, e);
    if (err == ERR_OK && !json_missing(&escape))
        err = json_read_bool(&escape, &asked.escape_formulas, e);
    if (err == ERR_OK)
        err = sheet_request_read(root, &asked, e);
    *out = (struct format_options){.max_bytes = (size_t)most_bytes,
                                   .escape_formulas = asked.escape_formulas,
                                   .sheets = asked.sheets};
    return err;
}

static enum err write_edited(const struct services *s, const struct job *j, int format,
                             const struct json_at *root, struct reply *p, struct error *e)
{
    struct extraction x = {0};
    struct format_options o;
    char name[BLOB_NAME_MAX + 1];
    enum err err = read_options(root, format, s->cfg->max_result_bytes, &o, e);
    if (err == ERR_OK)
        err = read_result(s, j, &x, e);
    if (err == ERR_OK)
        err = edits_apply(root, &x, e);
    if (err == ERR_OK)
        err = format_write(&x, format, &o, &p->body, e);
    if (err == ERR_OK) {
        result_name(j, format, &o.sheets, name);
        err = result_headers(name, p, e);
    }
    extraction_free(&x);
    return err;
}

enum err job_result_edited(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct job *j = NULL;
    json_t *body = NULL;
    int format = format_index(r->params[1]);
    enum err err = job_id_check(r->params[0], e);
    if (err == ERR_OK)
        err = request_json(r, &body, e);
    if (err == ERR_OK)
        err = job_load(s, request_owner(r), r->params[0], &j, e);
    if (err == ERR_OK)
        err = result_check(j, format, r->params[1], e);
    if (err == ERR_OK && formats[format].is_document)
        err = error_set(
            e, ERR_UNPROCESSABLE,
            "As %s there is the document itself, which edits do not change; GET gives it.",
            formats[format].name);
    if (err == ERR_OK) {
        const struct json_at root = json_root(body);
        (void)snprintf(p->job_id, sizeof p->job_id, "%.36s", r->params[0]);
        err = write_edited(s, j, format, &root, p, e);
    }
    json_decref(body);
    job_free(j);
    return err;
}
