/* GET /batches/{batch_id}/results: a ZIP of the results and manifest.json, which tells what became
 * of each item. It is written to a file, so that no more than a piece of it is in memory. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/batch_view.h"
#include "api/handlers.h"
#include "api/result.h"
#include "base/clock.h"
#include "base/file.h"
#include "formats/format.h"
#include "formats/zip.h"

#define MANIFEST       "manifest.json"
#define NAME_MAX_BYTES (BLOB_NAME_MAX + 24)

/* A ZIP on its way. */
struct batch_zip {
    const struct services *s;
    const struct batch_view *v;
    int format; /* -1: each in that of its request */
    int64_t deadline_us;
    struct zip *zip;
    uint64_t bytes;                /* of the results so far */
    char (*names)[NAME_MAX_BYTES]; /* of each item's file; "": none */
    struct buffer manifest;
};

/* The file systems of some machines take A.csv and a.csv for one. */
static bool is_taken(const struct batch_zip *z, size_t n, const char *name)
{
    bool taken = strcasecmp(name, MANIFEST) == 0;
    for (size_t i = 0; !taken && i < n; i++)
        taken = strcasecmp(z->names[i], name) == 0;
    return taken;
}

/* Of item i: as the result is called, or with a number before its extension. */
static void choose_name(struct batch_zip *z, size_t i, const struct result_place *place)
{
    const char *file = strrchr(place->blob, '/') + 1;
    char name[NAME_MAX_BYTES];
    int stem = (int)(strlen(file) - strlen(place->extension)) - 1;
    (void)snprintf(name, sizeof name, "%s", file);
    for (int n = 2; is_taken(z, i, name); n++)
        (void)snprintf(name, sizeof name, "%.*s-%d.%s", stem, file, n, place->extension);
    memcpy(z->names[i], name, sizeof name);
}

static enum err add_file(struct batch_zip *z, size_t i, const struct result_place *place, int fd,
                         struct error *e)
{
    struct stat st;
    int64_t most = z->s->cfg->max_result_bytes;
    if (fstat(fd, &st) != 0)
        return error_system(e, "look at", "a result");
    z->bytes += (uint64_t)st.st_size;
    if (z->bytes > (uint64_t)most)
        return error_set(e, ERR_TOO_LARGE,
                         "The results have more than %" PRId64
                         " bytes together; get each from /api/v1/jobs/{job_id}/results/{format}.",
                         most);
    choose_name(z, i, place);
    return zip_add_fd(z->zip, z->names[i], fd, (uint64_t)st.st_size, e);
}

/* *why: what is told of an item whose result is not there in this format. */
static enum err add_result(struct batch_zip *z, size_t i, bool *missing, struct error *why,
                           struct error *e)
{
    const struct job *j = z->v->jobs[i];
    const struct blob_store *b = &z->s->blobs;
    struct result_place place;
    int fd = -1, format = z->format >= 0 ? z->format : format_index(j->output_format);
    enum err err = format >= 0 ? result_place(z->s, j, format, &place, e)
                               : error_set(e, ERR_INTERNAL, "A job has a format of no known name.");
    if (err == ERR_OK)
        err = b->ops->open(b->self, place.blob, "", &fd, e);
    *missing = err == ERR_NOT_FOUND;
    if (*missing)
        (void)result_missing(&place, why);
    if (err != ERR_OK)
        return *missing ? ERR_OK : err;
    err = add_file(z, i, &place, fd, e);
    (void)close(fd);
    return err;
}

static enum err add_item(struct batch_zip *z, size_t i, struct error *e)
{
    struct error why;
    bool failed = batch_view_problem(z->v, i, &why);
    if (monotonic_us() > z->deadline_us)
        return error_set(e, ERR_TIMEOUT,
                         "The results could not be collected in time; get each from "
                         "/api/v1/jobs/{job_id}/results/{format}.");
    enum err err = failed ? ERR_OK : add_result(z, i, &failed, &why, e);
    buffer_puts(&z->manifest, i > 0 ? ",\n{\"file\":" : "\n{\"file\":");
    buffer_json_string(&z->manifest, z->names[i][0] != '\0' ? z->names[i] : NULL);
    buffer_puts(&z->manifest, ",");
    batch_view_write_item(z->v, i, failed ? &why : NULL, &z->manifest);
    buffer_puts(&z->manifest, "}");
    return err;
}

static enum err write_zip(struct batch_zip *z, struct buffer *out, struct error *e)
{
    size_t n = z->v->batch.n;
    if ((z->names = calloc(n, sizeof *z->names)) == NULL)
        return error_no_memory(e);
    enum err err = zip_begin(&z->zip, out, e);
    buffer_printf(&z->manifest, "{\"batch_id\":\"%s\",\"items\":[", z->v->batch.id);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = add_item(z, i, e);
    buffer_puts(&z->manifest, "]}\n");
    if (err == ERR_OK && buffer_failed(&z->manifest))
        err = error_no_memory(e);
    if (err == ERR_OK)
        err = zip_add(z->zip, MANIFEST, z->manifest.data, z->manifest.len, e);
    if (err == ERR_OK)
        err = zip_end(z->zip, e);
    buffer_flush(out);
    zip_free(z->zip);
    free(z->names);
    buffer_free(&z->manifest);
    return err;
}

static enum err send_zip(struct batch_zip *z, struct reply *p, struct error *e)
{
    struct file_sink sink = {file_temporary(z->s->cfg->uploads_dir), 0};
    struct buffer out = {.drain = file_drain, .drain_self = &sink};
    if (sink.fd < 0)
        return error_set(e, err_of_errno(errno), "The ZIP could not be written; try again later.");
    p->file = fdopen(sink.fd, "r");
    if (p->file == NULL) {
        (void)close(sink.fd);
        return error_no_memory(e);
    }
    enum err err = write_zip(z, &out, e);
    if (sink.code != 0)
        err =
            error_set(e, err_of_errno(sink.code), "The ZIP could not be written; try again later.");
    else if (err == ERR_OK && buffer_failed(&out))
        err = error_no_memory(e);
    buffer_free(&out);
    p->content_type = "application/zip";
    reply_header(p, "Content-Disposition", "attachment; filename=\"batch-%s.zip\"", z->v->batch.id);
    reply_header(p, "Cache-Control", "no-store");
    return err;
}

static enum err check_ended(const struct batch_view *v, struct error *e)
{
    if (v->unfinished > 0) {
        (void)error_set(e, ERR_CONFLICT, "%zu of the batch's %zu items have not ended yet.",
                        v->unfinished, v->batch.n);
        e->retry_after_s = 2;
        return ERR_CONFLICT;
    }
    return v->completed > 0 ? ERR_OK
                            : error_set(e, ERR_CONFLICT,
                                        "No item of the batch has a result; the batch tells why.");
}

static enum err read_format(const struct request *r, int *out, struct error *e)
{
    struct buffer name = BUFFER_INIT;
    bool named = false;
    *out = -1;
    enum err err = request_query(r, "format", &name, &named, e);
    if (err == ERR_OK && named)
        err = result_format(r, name.data != NULL ? name.data : "", 0, out, e);
    buffer_free(&name);
    return err;
}

enum err batch_results(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct batch_view v = {0};
    struct batch_zip z = {.s = s, .v = &v, .deadline_us = r->deadline_us};
    enum err err = read_format(r, &z.format, e);
    if (err == ERR_OK)
        err = batch_load(s, r->auth.subject, r->params[0], &v.batch, e);
    if (err == ERR_OK)
        err = batch_view_fill(s, r->auth.subject, &v, e);
    if (err == ERR_OK)
        err = check_ended(&v, e);
    if (err == ERR_OK)
        err = send_zip(&z, p, e);
    batch_view_free(&v);
    return err;
}
