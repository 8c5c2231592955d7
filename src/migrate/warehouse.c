/* https://cloud.google.com/bigquery/docs/reference/rest */
#include "migrate/warehouse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/uri.h"
#include "migrate/retry.h"

#define STAGING_LIFE_S (7 * 24 * 3600)
#define CALL_S         30
#define UPLOAD_S       600
#define ATTEMPTS       5 /* of a job that fails */
#define POLL_FIRST_MS  50
#define POLL_MOST_MS   500
#define ROWS_A_PAGE    "4000"
#define PATH_MAX_LEN   1024
#define JOB_ID_MAX     256

/* A job to be run: a query, or a load of a file. */
struct task {
    struct warehouse *w;
    const char *sql;
    const char *table;
    int fd;
    int64_t bytes;
};

/* --- calls --- */

static enum err call(struct warehouse *w, const char *method, const char *path, json_t *body,
                     struct google_reply *r, struct error *e)
{
    const struct google_request q = {.api = GOOGLE_BIGQUERY,
                                     .method = method,
                                     .path = path,
                                     .json = body,
                                     .idempotent = true,
                                     .timeout_s = CALL_S};
    enum err err = retry_call(w->client, &q, w->checkpoint, r, e);
    json_decref(body);
    return err;
}

/* below: what follows the dataset, with its slash; or "". */
static void path_of(const struct warehouse *w, char path[PATH_MAX_LEN], const char *below,
                    const char *table)
{
    (void)snprintf(path, PATH_MAX_LEN, "/bigquery/v2/projects/%s/datasets/%s%s%s",
                   w->dataset->project, w->dataset->dataset, below, table);
}

enum err warehouse_open(struct google_client *client, const struct bigquery_dataset *d,
                        const struct checkpoint *checkpoint, struct warehouse *out, struct error *e)
{
    struct google_reply r;
    char path[PATH_MAX_LEN];
    *out = (struct warehouse){.client = client, .dataset = d, .checkpoint = checkpoint};
    path_of(out, path, "", "");
    enum err err = call(out, "GET", path, NULL, &r, e);
    const char *location = json_string_value(json_object_get(r.json, "location"));
    (void)snprintf(out->location, sizeof out->location, "%s",
                   location != NULL ? location : d->location);
    google_reply_clear(&r);
    return err;
}

/* --- tables --- */

enum err warehouse_make_staging(struct warehouse *w, const struct bigquery_table *t,
                                const char *name, bool *made, struct error *e)
{
    struct google_reply r;
    char path[PATH_MAX_LEN], expires[24];
    json_t *fields = json_pack("[{s:s,s:s}]", "name", "document", "type", "STRING");
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++)
        (void)json_array_append_new(fields,
                                    json_pack("{s:s,s:s}", "name", c->name, "type",
                                              strcmp(c->type, "JSON") == 0 ? "STRING" : c->type));
    (void)snprintf(expires, sizeof expires, "%" PRId64,
                   (clock_now_us(&system_clock) / US_PER_S + STAGING_LIFE_S) * 1000);
    path_of(w, path, "/tables", "");
    json_t *table = json_pack("{s:{s:s,s:s,s:s},s:{s:o},s:s,s:s}", "tableReference", "projectId",
                              w->dataset->project, "datasetId", w->dataset->dataset, "tableId",
                              name, "schema", "fields", fields, "expirationTime", expires,
                              "description", "of a migration by pdf-ocr-migrate");
    enum err err = call(w, "POST", path, table, &r, e);
    *made = err == ERR_OK;
    if (r.status == 409)
        err = ERR_OK;
    google_reply_clear(&r);
    return err;
}

enum err warehouse_drop(struct warehouse *w, const char *name, struct error *e)
{
    struct google_reply r;
    char path[PATH_MAX_LEN];
    path_of(w, path, "/tables/", name);
    enum err err = call(w, "DELETE", path, NULL, &r, e);
    google_reply_clear(&r);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err warehouse_buffered_since(struct warehouse *w, const char *table, int64_t *us,
                                  struct error *e)
{
    struct google_reply r;
    char path[PATH_MAX_LEN];
    path_of(w, path, "/tables/", table);
    enum err err = call(w, "GET", path, NULL, &r, e);
    const json_t *buffer = json_object_get(r.json, "streamingBuffer");
    const char *ms = json_string_value(json_object_get(buffer, "oldestEntryTime"));
    *us = ms != NULL ? strtoll(ms, NULL, 10) * 1000 : 0;
    google_reply_clear(&r);
    return err;
}

/* --- jobs --- */

static json_t *job_resource(const struct task *t, const char *id)
{
    const struct warehouse *w = t->w;
    json_t *configuration =
        t->sql != NULL
            ? json_pack("{s:{s:s,s:b,s:b}}", "query", "query", t->sql, "useLegacySql", 0,
                        "useQueryCache", 0)
            : json_pack("{s:{s:{s:s,s:s,s:s},s:s,s:s,s:s,s:i}}", "load", "destinationTable",
                        "projectId", w->dataset->project, "datasetId", w->dataset->dataset,
                        "tableId", t->table, "sourceFormat", "NEWLINE_DELIMITED_JSON",
                        "writeDisposition", "WRITE_APPEND", "createDisposition", "CREATE_NEVER",
                        "maxBadRecords", INT32_MAX);
    return json_pack("{s:{s:s,s:s,s:s},s:o}", "jobReference", "projectId", w->dataset->project,
                     "jobId", id, "location", w->location, "configuration", configuration);
}

static enum err get_job(struct warehouse *w, const char *id, json_t **out, struct error *e)
{
    struct google_reply r;
    struct buffer path = BUFFER_INIT;
    buffer_printf(&path, "/bigquery/v2/projects/%s/jobs/%s?location=", w->dataset->project, id);
    uri_escape(&path, w->location);
    enum err err =
        buffer_failed(&path) ? error_no_memory(e) : call(w, "GET", path.data, NULL, &r, e);
    if (path.data == NULL || buffer_failed(&path))
        memset(&r, 0, sizeof r);
    *out = err == ERR_OK ? json_incref(r.json) : NULL;
    google_reply_clear(&r);
    buffer_free(&path);
    return err;
}

/* Sends the file to a session. The answer is the job; one that is lost is looked up. */
static enum err send_file(const struct task *t, const char *session, struct error *e)
{
    struct google_reply r;
    struct google_request q = {.api = GOOGLE_BIGQUERY,
                               .method = "PUT",
                               .path = session,
                               .content_type = "application/octet-stream",
                               .body_from_file = true,
                               .body_fd = t->fd,
                               .body_file_len = t->bytes,
                               .timeout_s = UPLOAD_S};
    enum err err = retry_call(t->w->client, &q, t->w->checkpoint, &r, e);
    google_reply_clear(&r);
    return err;
}

static enum err start_load(const struct task *t, const char *id, struct error *e)
{
    struct google_reply r;
    char path[PATH_MAX_LEN], session[sizeof r.location];
    (void)snprintf(path, sizeof path, "/upload/bigquery/v2/projects/%s/jobs?uploadType=resumable",
                   t->w->dataset->project);
    enum err err = call(t->w, "POST", path, job_resource(t, id), &r, e);
    (void)snprintf(session, sizeof session, "%s", r.location);
    google_reply_clear(&r);
    if (err == ERR_OK && session[0] == '\0')
        err = error_set(e, ERR_UNAVAILABLE, "BigQuery gave no upload session.");
    return err == ERR_OK ? send_file(t, session, e) : err;
}

static enum err start_query(const struct task *t, const char *id, struct error *e)
{
    struct google_reply r;
    char path[PATH_MAX_LEN];
    (void)snprintf(path, sizeof path, "/bigquery/v2/projects/%s/jobs", t->w->dataset->project);
    enum err err = call(t->w, "POST", path, job_resource(t, id), &r, e);
    google_reply_clear(&r);
    return err;
}

/* Finds the job, or starts it. What became of a start whose answer was lost is looked up, never
 * guessed. */
static enum err find_or_start(const struct task *t, const char *id, json_t **job, struct error *e)
{
    enum err err = ERR_OK;
    for (int round = 0; round < RETRY_ROUNDS; round++) {
        err = get_job(t->w, id, job, e);
        if (err != ERR_NOT_FOUND)
            return err;
        err = t->sql != NULL ? start_query(t, id, e) : start_load(t, id, e);
        if (err != ERR_OK && err != ERR_CONFLICT && !err_is_transient(err))
            return err;
        struct error stopped = {0};
        if (err != ERR_OK && err != ERR_CONFLICT &&
            retry_pause(t->w->checkpoint, round, 0, &stopped) != ERR_OK) {
            *e = stopped;
            return stopped.kind;
        }
    }
    return err_is_transient(err)
               ? err
               : error_set(e, ERR_UNAVAILABLE, "BigQuery does not know the job %s.", id);
}

static bool is_done(const json_t *job)
{
    const char *state = json_string_value(json_object_get(json_object_get(job, "status"), "state"));
    return state != NULL && strcmp(state, "DONE") == 0;
}

static enum err wait_for(struct warehouse *w, const char *id, json_t **job, struct error *e)
{
    enum err err = ERR_OK;
    for (int64_t ms = POLL_FIRST_MS; err == ERR_OK && !is_done(*job);) {
        if ((err = retry_wait(w->checkpoint, ms, e)) != ERR_OK)
            break;
        json_decref(*job);
        err = get_job(w, id, job, e);
        ms = ms * 2 < POLL_MOST_MS ? ms * 2 : POLL_MOST_MS;
    }
    return err;
}

/* The error of a job that is done. */
static enum err job_error(const json_t *job, struct error *e)
{
    const json_t *status = json_object_get(job, "status");
    const json_t *result = json_object_get(status, "errorResult");
    const char *reason = json_string_value(json_object_get(result, "reason"));
    const char *message = json_string_value(json_object_get(result, "message"));
    if (result == NULL)
        return ERR_OK;
    enum err kind = retry_reason(reason);
    message = message != NULL ? message : "not told";
    if (strstr(message, "streaming buffer") != NULL)
        kind = ERR_CONFLICT;
    else if (strstr(message, "concurrent update") != NULL)
        kind = ERR_UNAVAILABLE;
    if (reason != NULL && strcmp(reason, "quotaExceeded") == 0)
        return error_set(e, kind, "BigQuery's quota is used up; go on later with --resume: %s",
                         message);
    return error_set(e, kind, "A job of BigQuery failed: %s", message);
}

static void job_id(const char *name, int attempt, char out[JOB_ID_MAX])
{
    (void)snprintf(out, JOB_ID_MAX, "%s-%d", name, attempt);
}

static enum err run_job(const struct task *t, const char *name, json_t **out, struct error *e)
{
    char id[JOB_ID_MAX];
    enum err err = ERR_OK;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        json_t *job = NULL;
        job_id(name, attempt, id);
        err = find_or_start(t, id, &job, e);
        if (err == ERR_OK)
            err = wait_for(t->w, id, &job, e);
        if (err != ERR_OK) {
            json_decref(job);
            return err;
        }
        err = job_error(job, e);
        if (err == ERR_OK) {
            *out = job;
            return ERR_OK;
        }
        json_decref(job);
        struct error stopped = {0};
        if (!err_is_transient(err))
            return err;
        if (retry_pause(t->w->checkpoint, attempt, 0, &stopped) != ERR_OK) {
            *e = stopped;
            return stopped.kind;
        }
    }
    return err;
}

enum err warehouse_start_load(struct warehouse *w, const char *job, const char *table, int fd,
                              int64_t bytes, struct error *e)
{
    struct task t = {.w = w, .table = table, .fd = fd, .bytes = bytes};
    json_t *started = NULL;
    char id[JOB_ID_MAX];
    job_id(job, 0, id);
    enum err err = find_or_start(&t, id, &started, e);
    json_decref(started);
    return err;
}

enum err warehouse_load(struct warehouse *w, const char *job, const char *table, int fd,
                        int64_t bytes, int64_t *refused, char why[ERROR_TEXT_MAX], struct error *e)
{
    struct task t = {.w = w, .table = table, .fd = fd, .bytes = bytes};
    json_t *done = NULL;
    enum err err = run_job(&t, job, &done, e);
    const json_t *load = json_object_get(json_object_get(done, "statistics"), "load");
    const json_t *first =
        json_array_get(json_object_get(json_object_get(done, "status"), "errors"), 0);
    const char *number = json_string_value(json_object_get(load, "badRecords"));
    const char *message = json_string_value(json_object_get(first, "message"));
    *refused = number != NULL ? strtoll(number, NULL, 10) : 0;
    text_format(why, ERROR_TEXT_MAX, "BigQuery does not load it: %s",
                message != NULL ? message : "not told");
    json_decref(done);
    return err;
}

enum err warehouse_query(struct warehouse *w, const char *job, const char *sql, json_t **out,
                         struct error *e)
{
    struct task t = {.w = w, .sql = sql};
    *out = NULL;
    return run_job(&t, job, out, e);
}

/* --- rows --- */

static enum err rows_page(struct warehouse *w, const char *id, const char *token,
                          struct google_reply *r, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    memset(r, 0, sizeof *r);
    buffer_printf(&path, "/bigquery/v2/projects/%s/queries/%s?maxResults=" ROWS_A_PAGE "&location=",
                  w->dataset->project, id);
    uri_escape(&path, w->location);
    if (token != NULL) {
        buffer_puts(&path, "&pageToken=");
        uri_escape(&path, token);
    }
    enum err err =
        buffer_failed(&path) ? error_no_memory(e) : call(w, "GET", path.data, NULL, r, e);
    buffer_free(&path);
    return err;
}

enum err warehouse_rows(struct warehouse *w, const json_t *job,
                        enum err (*take)(void *self, const json_t *cells, struct error *e),
                        void *self, struct error *e)
{
    const char *id =
        json_string_value(json_object_get(json_object_get(job, "jobReference"), "jobId"));
    char *token = NULL;
    enum err err = ERR_OK;
    do {
        struct google_reply r;
        json_t *row;
        size_t i;
        err = rows_page(w, id != NULL ? id : "", token, &r, e);
        free(token);
        token = NULL;
        json_array_foreach(json_object_get(r.json, "rows"), i, row)
        {
            if (err == ERR_OK)
                err = take(self, json_object_get(row, "f"), e);
        }
        const char *next = json_string_value(json_object_get(r.json, "pageToken"));
        if (err == ERR_OK && next != NULL && (token = strdup(next)) == NULL)
            err = error_no_memory(e);
        google_reply_clear(&r);
    } while (err == ERR_OK && token != NULL);
    free(token);
    return err;
}
