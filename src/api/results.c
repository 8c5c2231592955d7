/* GET /results/{job_id}/{name}: the link is signed; nginx sends the bytes.
 * GET /jobs/{job_id}/results/{format}: the same for who has the key. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/handlers.h"
#include "core/extraction_request.h"
#include "formats/format.h"

static enum err send_by_nginx(const struct blob_store *b, const char *blob, struct reply *p,
                              struct error *e)
{
    struct buffer location = BUFFER_INIT;
    char *name = curl_easy_escape(NULL, strrchr(blob, '/') + 1, 0);
    b->ops->nginx_location(b->self, blob, &location);
    enum err err = name != NULL && !buffer_failed(&location) ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK) {
        p->content_type = format_media_type_of_file(blob);
        reply_header(p, "X-Accel-Redirect", "%s", location.data);
        reply_header(p, "Content-Disposition", "attachment; filename*=UTF-8''%s", name);
        reply_header(p, "Cache-Control", "private, no-transform");
    }
    curl_free(name);
    buffer_free(&location);
    return err;
}

enum err result_get(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    char blob[2 * PATH_PARAM_LEN + 16];
    struct blob_info info;
    const char *name = r->params[1];
    enum err err = job_id_check(r->params[0], e);
    if (err != ERR_OK)
        return err;
    (void)snprintf(blob, sizeof blob, "results/%s/%s", r->params[0], name);
    if ((err = s->blobs.ops->stat(s->blobs.self, blob, &info, e)) != ERR_OK)
        return err == ERR_NOT_FOUND
                   ? error_set(e, ERR_NOT_FOUND, "This result does not exist any more.")
                   : err;
    (void)snprintf(p->job_id, sizeof p->job_id, "%.36s", r->params[0]);
    return s->blobs.ops->nginx_location != NULL
               ? send_by_nginx(&s->blobs, blob, p, e)
               : error_set(e, ERR_NOT_FOUND, "Links of this service are not given out.");
}

/* Bytes that are elsewhere pass through the worker: a browser would need the bucket's CORS. */
static enum err send_from_store(const struct services *s, const char *blob, struct reply *p,
                                struct error *e)
{
    char chunk[65536];
    ssize_t n = 0;
    int fd = -1;
    enum err err = s->blobs.ops->open(s->blobs.self, blob, &fd, e);
    if (err != ERR_OK)
        return err;
    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        buffer_append(&p->body, chunk, (size_t)n);
    (void)close(fd);
    p->content_type = format_media_type_of_file(blob);
    reply_header(p, "Cache-Control", "private, no-transform");
    return n == 0 ? ERR_OK : error_set(e, ERR_UNAVAILABLE, "The result could not be read.");
}

static enum err refuse_format(const char *name, struct error *e)
{
    struct buffer known = BUFFER_INIT;
    format_list(&known);
    enum err err =
        buffer_failed(&known)
            ? error_no_memory(e)
            : error_set(e, ERR_NOT_FOUND, "There is no format %.20s; use %s.", name, known.data);
    buffer_free(&known);
    return err;
}

static enum err check_result(const struct job *j, int format, const char *name, struct error *e)
{
    if (format < 0)
        return refuse_format(name, e);
    if (j->status == JOB_COMPLETED)
        return ERR_OK;
    return error_set(e, ERR_CONFLICT, "The job is %s; only a completed one has results.",
                     job_status_names[j->status]);
}

static enum err send_result(const struct services *s, const char *job_id, int format,
                            struct reply *p, struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    struct blob_info info;
    (void)snprintf(blob, sizeof blob, "results/%.36s/result.%s", job_id, formats[format].extension);
    if (s->blobs.ops->nginx_location == NULL)
        return send_from_store(s, blob, p, e);
    enum err err = s->blobs.ops->stat(s->blobs.self, blob, &info, e);
    return err == ERR_OK ? send_by_nginx(&s->blobs, blob, p, e) : err;
}

/* A completed job had a file in each format it was asked for. */
static enum err explain_missing(const struct services *s, const struct job *j, int format,
                                struct error *e)
{
    struct extraction_request asked = {0};
    struct error unused;
    bool had = extraction_request_parse(j->request_json, strlen(j->request_json), s->cfg, &asked,
                                        &unused) == ERR_OK &&
               (asked.format == format || asked.also[format]);
    extraction_request_free(&asked);
    if (had)
        return error_set(e, ERR_GONE,
                         "The file of this result is not there any more; send the job again.");
    return error_set(e, ERR_NOT_FOUND,
                     "This job has no result as %s; ask for it with also_formats.",
                     format_names[format]);
}

enum err job_result(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct job *j = NULL;
    int format = format_index(r->params[1]);
    enum err err = job_id_check(r->params[0], e);
    if (err == ERR_OK)
        err = job_load(s, request_owner(r), r->params[0], &j, e);
    if (err == ERR_OK)
        err = check_result(j, format, r->params[1], e);
    if (err == ERR_OK) {
        (void)snprintf(p->job_id, sizeof p->job_id, "%.36s", r->params[0]);
        err = send_result(s, r->params[0], format, p, e);
        if (err == ERR_NOT_FOUND)
            err = explain_missing(s, j, format, e);
    }
    job_free(j);
    return err;
}
