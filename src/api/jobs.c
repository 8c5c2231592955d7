/* GET /extract/{id}, GET /jobs, retry, DELETE. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"
#include "api/wait.h"
#include "core/extraction_request.h"

#define POLL_S 2 /* as the web client polls */

static void describe(struct reply *p, const struct job *j)
{
    (void)snprintf(p->job_id, sizeof p->job_id, "%s", j->id);
    reply_header(p, "ETag", "\"%" PRId64 "\"", j->version);
    reply_header(p, "Cache-Control", "no-store");
    if (!job_is_final(j))
        reply_header(p, "Retry-After", "%d", POLL_S);
}

enum err job_get(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    const char *known = request_header(r, "If-None-Match");
    struct job *j = NULL;
    int64_t seconds = 0;
    enum err err = job_id_check(r->params[0], e);
    if (err == ERR_OK)
        err = wait_read(r, s->cfg, &seconds, e);
    if (err == ERR_OK)
        err = job_load(s, request_owner(r), r->params[0], &j, e);
    if (err != ERR_OK)
        return err;
    if (!job_is_final(j) && wait_is_due(r, seconds)) {
        wait_hand_on(r, j->id, seconds, r->path, p);
        job_free(j);
        return ERR_OK;
    }
    describe(p, j);
    /* nginx makes the tag weak when it compresses the answer. */
    if (known != NULL && strncmp(known, "W/", 2) == 0)
        known += 2;
    if (known != NULL && strcmp(known, p->headers[0].value) == 0)
        p->status = 304;
    else
        err = job_json(s, r, j, &p->body, e);
    job_free(j);
    return err;
}

/* What an EventSource has that comes again after the last event: nothing more, which ends it. */
static bool knows_the_end(const struct request *r, const struct job *j)
{
    const char *last = request_header(r, "Last-Event-ID");
    char version[24];
    (void)snprintf(version, sizeof version, "%" PRId64, j->version);
    return last != NULL && job_is_final(j) && strcmp(last, version) == 0;
}

enum err job_events(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct job *j = NULL;
    enum err err = job_id_check(r->params[0], e);
    if (err == ERR_OK)
        err = job_load(s, request_owner(r), r->params[0], &j, e);
    if (err != ERR_OK)
        return err;
    if (knows_the_end(r, j))
        p->status = 204;
    else
        wait_follow(r, j->id, p);
    job_free(j);
    return ERR_OK;
}

static enum err query_text(const struct request *r, const char *name, char out[128], bool *found,
                           struct error *e)
{
    struct buffer text = BUFFER_INIT;
    enum err err = request_query(r, name, &text, found, e);
    if (err == ERR_OK && text.len > 127)
        err = error_set(e, ERR_BAD_REQUEST, "The query parameter %s is too long.", name);
    (void)snprintf(out, 128, "%s", err == ERR_OK && text.data != NULL ? text.data : "");
    buffer_free(&text);
    return err;
}

static enum err read_status(const char *text, int *out, struct error *e)
{
    for (int i = 0; i < JOB_STATUS__MAX; i++) {
        if (strcmp(text, job_status_names[i]) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    return error_set(e, ERR_UNPROCESSABLE,
                     "status: must be one of queued, processing, completed, failed, cancelled");
}

static enum err read_page_size(const char *text, int *out, struct error *e)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n < 1 || n > 200)
        return error_set(e, ERR_UNPROCESSABLE, "page_size: must be 1 to 200");
    *out = (int)n;
    return ERR_OK;
}

enum err page_query_read(const struct request *r, int *size, char token[128], bool *has_token,
                         struct error *e)
{
    char text[128];
    bool found = false;
    enum err err = query_text(r, "page_size", text, &found, e);
    if (err == ERR_OK && found)
        err = read_page_size(text, size, e);
    return err == ERR_OK ? query_text(r, "page_token", token, has_token, e) : err;
}

enum err job_list(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct job_filter f = {.owner = request_owner(r), .status = -1, .page_size = 50};
    struct job_page page = {0};
    char status[128], pdf_id[128], token[128];
    bool found;
    enum err err = query_text(r, "status", status, &found, e);
    if (err == ERR_OK && found)
        err = read_status(status, &f.status, e);
    if (err == ERR_OK && (err = query_text(r, "pdf_id", pdf_id, &found, e)) == ERR_OK && found)
        f.pdf_id = pdf_id;
    if (err == ERR_OK && f.pdf_id != NULL && !pdf_id_valid(pdf_id))
        err = error_set(e, ERR_UNPROCESSABLE, "pdf_id: must be one that an upload gave");
    if (err == ERR_OK && (err = page_query_read(r, &f.page_size, token, &found, e)) == ERR_OK &&
        found)
        f.page_token = token;
    if (err == ERR_OK)
        err = s->jobs.ops->list(s->jobs.self, &f, &page, e);
    buffer_puts(&p->body, "{\"jobs\":[");
    for (size_t i = 0; err == ERR_OK && i < page.n; i++) {
        buffer_puts(&p->body, i > 0 ? ",\n" : "\n");
        err = job_json(s, r, page.jobs[i], &p->body, e);
    }
    buffer_puts(&p->body, "],\"next_page_token\":");
    buffer_json_string(&p->body, page.next_page_token);
    buffer_puts(&p->body, "}");
    reply_header(p, "Cache-Control", "no-store");
    job_page_free(&page);
    return err;
}

/* The version that If-Match names, 0 where it names none. */
static enum err read_if_match(const struct services *s, const struct request *r, int64_t *version,
                              struct error *e)
{
    const char *if_match = request_header(r, "If-Match");
    char tag[32];
    struct job *j = NULL;
    *version = 0;
    if (if_match == NULL)
        return ERR_OK;
    enum err err = job_load(s, request_owner(r), r->params[0], &j, e);
    if (err != ERR_OK)
        return err;
    (void)snprintf(tag, sizeof tag, "\"%" PRId64 "\"", j->version);
    if (!request_if_match(r, tag))
        err = error_set(e, ERR_PRECONDITION,
                        "The job has changed since it was read, or If-Match is not its ETag, %s.",
                        tag);
    else if (strcmp(if_match, "*") != 0)
        *version = j->version;
    job_free(j);
    return err;
}

enum err job_retry_request(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct job *j = NULL;
    int64_t version;
    enum err err = job_id_check(r->params[0], e);
    if (err == ERR_OK)
        err = read_if_match(s, r, &version, e);
    if (err == ERR_OK)
        err = job_retry_now(s, request_owner(r), r->params[0], version, &j, e);
    if (err != ERR_OK)
        return err;
    p->status = 202;
    describe(p, j);
    reply_header(p, "Location", "/api/v1/extract/%s", j->id);
    err = job_json(s, r, j, &p->body, e);
    job_free(j);
    return err;
}

enum err job_delete(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    int64_t version;
    enum err err = job_id_check(r->params[0], e);
    if (err == ERR_OK)
        err = read_if_match(s, r, &version, e);
    if (err == ERR_OK)
        err = job_erase(s, request_owner(r), r->params[0], version, e);
    if (err == ERR_OK) {
        p->status = 204;
        (void)snprintf(p->job_id, sizeof p->job_id, "%.36s", r->params[0]);
    }
    return err;
}
