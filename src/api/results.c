/* GET /results/{job_id}/{name}: the link is signed; nginx sends the bytes.
 * GET /jobs/{job_id}/results/{format}: the same for who has the key.
 * GET /jobs/{job_id}/result: the same, once the job has ended, in the format that is wanted. */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/extract.h"
#include "api/handlers.h"
#include "api/result.h"
#include "api/wait.h"
#include "core/blob_names.h"
#include "core/extraction_request.h"
#include "formats/format.h"
#include "http/negotiation.h"

enum err result_headers(const char *blob, struct reply *p, struct error *e)
{
    char *name = curl_easy_escape(NULL, strrchr(blob, '/') + 1, 0);
    if (name == NULL)
        return error_no_memory(e);
    p->content_type = format_media_type_of_file(blob);
    reply_header(p, "Content-Disposition", "attachment; filename*=UTF-8''%s", name);
    reply_header(p, "Cache-Control", "private, no-transform");
    curl_free(name);
    return ERR_OK;
}

static enum err send_by_nginx(const struct blob_store *b, const char *blob, struct reply *p,
                              struct error *e)
{
    struct buffer location = BUFFER_INIT;
    b->ops->nginx_location(b->self, blob, &location);
    enum err err = buffer_failed(&location) ? error_no_memory(e) : result_headers(blob, p, e);
    if (err == ERR_OK)
        reply_header(p, "X-Accel-Redirect", "%s", location.data);
    buffer_free(&location);
    return err;
}

enum err result_get(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    char blob[BLOB_NAME_MAX + 1];
    struct blob_info info;
    const char *name = r->params[1];
    enum err err = job_id_check(r->params[0], e);
    if (err != ERR_OK)
        return err;
    result_file_name(r->params[0], name, blob);
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
    int fd = -1;
    enum err err = s->blobs.ops->open(s->blobs.self, blob, "", &fd, e);
    if (err != ERR_OK)
        return err;
    p->file = fdopen(fd, "r");
    if (p->file == NULL) {
        (void)close(fd);
        return error_no_memory(e);
    }
    return result_headers(blob, p, e);
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

enum err result_check(const struct job *j, int format, const char *name, struct error *e)
{
    if (format < 0)
        return refuse_format(name, e);
    if (j->status == JOB_COMPLETED)
        return ERR_OK;
    return error_set(e, ERR_CONFLICT, "The job is %s; only a completed one has results.",
                     job_status_names[j->status]);
}

static enum err send_result(const struct services *s, const char *blob, struct reply *p,
                            struct error *e)
{
    struct blob_info info;
    if (s->blobs.ops->nginx_location == NULL)
        return send_from_store(s, blob, p, e);
    enum err err = s->blobs.ops->stat(s->blobs.self, blob, &info, e);
    return err == ERR_OK ? send_by_nginx(&s->blobs, blob, p, e) : err;
}

/* A format beside the first has its name by what was asked for. */
enum err result_place(const struct services *s, const struct job *j, int format,
                      struct result_place *out, struct error *e)
{
    struct extraction_request asked = {0};
    enum err err =
        extraction_request_parse(j->request_json, strlen(j->request_json), s->cfg, &asked, e);
    if (err != ERR_OK)
        return err;
    result_name(j, format, &asked.sheets, out->blob);
    out->extension = format_extension(format, &asked.sheets);
    out->format = format;
    out->was_asked_for = asked.format == format || asked.also[format];
    extraction_request_free(&asked);
    return ERR_OK;
}

enum err result_missing(const struct result_place *place, struct error *e)
{
    if (place->was_asked_for)
        return error_set(e, ERR_GONE,
                         "The file of this result is not there any more; send the job again.");
    return error_set(e, ERR_NOT_FOUND,
                     "This job has no result as %s; ask for it with also_formats.",
                     format_names[place->format]);
}

static enum err send_format(const struct services *s, const struct job *j, int format,
                            struct reply *p, struct error *e)
{
    struct result_place place;
    enum err err = result_place(s, j, format, &place, e);
    if (err == ERR_OK && (err = send_result(s, place.blob, p, e)) == ERR_NOT_FOUND)
        err = result_missing(&place, e);
    return err;
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
        err = result_check(j, format, r->params[1], e);
    if (err == ERR_OK) {
        (void)snprintf(p->job_id, sizeof p->job_id, "%.36s", r->params[0]);
        err = send_format(s, j, format, p, e);
    }
    job_free(j);
    return err;
}

/* --- in the format that is wanted, when it is there --- */

enum err result_format(const struct request *r, const char *name, int preferred, int *format,
                       struct error *e)
{
    const char *accept = request_header(r, "Accept");
    struct buffer known = BUFFER_INIT;
    if (name != NULL && (*format = format_index(name)) >= 0)
        return ERR_OK;
    *format = preferred;
    int best = name == NULL ? accept_quality(accept, formats[preferred].media_type) : 0;
    for (int i = 0; name == NULL && formats[i].name != NULL; i++) {
        int quality = accept_quality(accept, formats[i].media_type);
        if (quality > best) {
            best = quality;
            *format = i;
        }
    }
    if (best > 0)
        return ERR_OK;
    format_list(&known);
    enum err err =
        buffer_failed(&known) ? error_no_memory(e)
        : name != NULL
            ? error_set(e, ERR_UNPROCESSABLE, "format: must be one of %s", known.data)
            : error_set(e, ERR_NOT_ACCEPTABLE,
                        "There are results as %s; Accept names none of their media types.",
                        known.data);
    buffer_free(&known);
    return err;
}

void result_address(const char *job_id, int format, int64_t seconds, char out[RESULT_ADDRESS_MAX])
{
    int n = snprintf(out, RESULT_ADDRESS_MAX, "/api/v1/jobs/%.36s/result?format=%s", job_id,
                     format_names[format]);
    if (seconds >= 0)
        (void)snprintf(out + n, (size_t)(RESULT_ADDRESS_MAX - n), "&wait=%" PRId64, seconds);
}

enum err result_explain_end(const struct job *j, struct error *e)
{
    if (j->status == JOB_CANCELLED)
        return error_set(e, ERR_CONFLICT, "The job was cancelled.");
    enum err kind = err_of_code(j->error_code);
    if (err_http_status(kind) != err_http_status(ERR_UNPROCESSABLE))
        kind = ERR_UNPROCESSABLE;
    return error_set(e, kind, "%s",
                     j->error_message != NULL ? j->error_message : "The extraction failed.");
}

static enum err give(const struct services *s, const struct request *r, const struct job *j,
                     int format, struct reply *p, struct error *e)
{
    int64_t seconds = 0;
    bool preferred;
    char address[RESULT_ADDRESS_MAX];
    enum err err = wait_wanted(r, s->cfg, &seconds, &preferred, e);
    if (err != ERR_OK)
        return err;
    if (!job_is_final(j) && wait_is_due(r, seconds)) {
        result_address(j->id, format, preferred ? -1 : seconds, address);
        wait_hand_on(r, j->id, seconds, address, p);
        return ERR_OK;
    }
    if (!job_is_final(j)) {
        if (preferred)
            reply_header(p, "Preference-Applied", "wait=%" PRId64, seconds);
        result_address(j->id, format, -1, address);
        return extract_accepted(s, r, j, address, p, e);
    }
    if (j->status != JOB_COMPLETED)
        return result_explain_end(j, e);
    (void)snprintf(p->job_id, sizeof p->job_id, "%s", j->id);
    return send_format(s, j, format, p, e);
}

enum err job_result_wanted(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct buffer name = BUFFER_INIT;
    struct job *j = NULL;
    bool named = false;
    int format = 0, made = 0;
    enum err err = job_id_check(r->params[0], e);
    if (err == ERR_OK)
        err = request_query(r, "format", &name, &named, e);
    if (err == ERR_OK)
        err = job_load(s, request_owner(r), r->params[0], &j, e);
    if (err == ERR_OK && (made = format_index(j->output_format)) < 0)
        made = 0;
    if (err == ERR_OK)
        err = result_format(r,
                            !named              ? NULL
                            : name.data != NULL ? name.data
                                                : "",
                            made, &format, e);
    if (err == ERR_OK)
        err = give(s, r, j, format, p, e);
    buffer_free(&name);
    job_free(j);
    return err;
}
