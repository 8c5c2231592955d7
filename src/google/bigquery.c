/* The analysts' copy in BigQuery: rows streamed by tabledata.insertAll.
 * https://cloud.google.com/bigquery/docs/reference/rest */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/json.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "google/bigquery_json.h"
#include "google/bigquery_schema.h"
#include "google/google.h"
#include "ports/job_fields.h"

#define PENDING_MAX  500 /* rows a request: what the documentation recommends */
#define FLUSH_TRIES  6
#define CLOSE_MS     5000 /* what the last flush gets */
#define PAUSE_MOST_S 60

/* Of bigquery_tables. */
enum { TABLE_JOBS, TABLE_FEEDBACK };

/* The rows of a table that wait, as insertAll takes them. */
struct pending {
    json_t *rows;
    int failures; /* rounds in a row */
    int64_t not_before_us;
};

struct analytics_state {
    struct google_client *client;
    char *project, *dataset, *bucket;
    void (*lost)(int64_t rows);
    struct pending pending[BIGQUERY_TABLES];
    bool in_haste; /* this flush gets less than an answer may take: its time-out tells nothing */
};

/* --- rows --- */

static void set_text(json_t *row, const char *name, const char *text)
{
    if (text != NULL)
        (void)json_object_set_new(row, name, json_string(text));
}

/* JSON in BigQuery's own digits: it refuses numbers that are written otherwise. */
static void set_json(json_t *row, const char *name, const char *text)
{
    struct buffer out = BUFFER_INIT;
    json_t *plain = NULL;
    if (text != NULL && json_parse(text, strlen(text), &plain, NULL) == ERR_OK)
        bigquery_put_json(&out, plain);
    set_text(row, name, buffer_failed(&out) || out.data == NULL ? text : out.data);
    json_decref(plain);
    buffer_free(&out);
}

static void set_time(json_t *row, const char *name, int64_t us)
{
    char text[RFC3339_LEN + 1];
    if (us == 0)
        return;
    rfc3339_format(us, text);
    (void)json_object_set_new(row, name, json_string(text));
}

static void set_uri(const struct analytics_state *t, json_t *row, const char *name,
                    const char *object)
{
    char uri[1024];
    if (object == NULL)
        return;
    (void)snprintf(uri, sizeof uri, "gs://%s/%s", t->bucket, object);
    set_text(row, name, uri);
}

/* The copy will not have these rows until the next migration. */
static void count_lost(const struct analytics_state *t, size_t rows)
{
    if (t->lost != NULL && rows > 0)
        t->lost((int64_t)rows);
}

static void lose_rows(struct analytics_state *t, int table, size_t n, const char *why,
                      const struct error *e)
{
    char rows[24];
    (void)snprintf(rows, sizeof rows, "%zu", n);
    log_event(LOG_WARNING, "rows for BigQuery are lost; the next migration copies them", "table",
              bigquery_tables[table].name, "rows", rows, "detail", why, "cause",
              e != NULL ? e->cause : NULL, NULL);
    count_lost(t, n);
    while (n-- > 0)
        (void)json_array_remove(t->pending[table].rows, 0);
}

/* A full buffer gives up its oldest row: this copy is best effort, the live store has it all. */
static void add_row(struct analytics_state *t, int table, const char *insert_id, json_t *row)
{
    json_t *item = json_pack("{s:s,s:o}", "insertId", insert_id, "json", row);
    if (json_array_size(t->pending[table].rows) >= PENDING_MAX)
        lose_rows(t, table, 1, "too many wait", NULL);
    if (item == NULL || json_array_append_new(t->pending[table].rows, item) != 0) {
        log_event(LOG_WARNING, "a row for BigQuery is dropped: out of memory", NULL);
        count_lost(t, 1);
    }
}

/* A column has the value of the job's field of its name. */
static void set_field(const struct analytics_state *t, json_t *row, const struct bigquery_column *c,
                      const struct job *j)
{
    const struct job_field *f = job_field_find(c->object != NULL ? c->object : c->name);
    if (c->object != NULL)
        set_uri(t, row, c->name, job_field_text(f, j));
    else if (f->kind == JOB_FIELD_JSON)
        set_json(row, c->name, job_field_text(f, j));
    else if (job_field_is_text(f))
        set_text(row, c->name, job_field_text(f, j));
    else if (f->kind == JOB_FIELD_TIME)
        set_time(row, c->name, job_field_number(f, j));
    else if (f->kind == JOB_FIELD_BOOL)
        (void)json_object_set_new(row, c->name, json_boolean(job_field_number(f, j)));
    else
        (void)json_object_set_new(row, c->name, json_integer(job_field_number(f, j)));
}

static void analytics_job_ended(void *self, const struct job *j)
{
    struct analytics_state *t = self;
    char insert_id[80];
    json_t *row = json_object();
    for (const struct bigquery_column *c = bigquery_tables[TABLE_JOBS].columns; c->name; c++)
        set_field(t, row, c, j);
    (void)snprintf(insert_id, sizeof insert_id, "%s-%" PRId64, j->id, j->version);
    add_row(t, TABLE_JOBS, insert_id, row);
}

static void analytics_feedback_given(void *self, const char *owner, const struct feedback *f)
{
    json_t *row = json_object();
    set_text(row, "id", f->id);
    set_text(row, "job_id", f->job_id);
    set_json(row, "corrections", f->corrections_json);
    (void)json_object_set_new(row, "corrections_count", json_integer(f->corrections_count));
    set_text(row, "user_id", f->user_id);
    set_text(row, "session_id", f->session_id);
    set_time(row, "timestamp", f->timestamp_us);
    set_text(row, "status", f->status);
    set_time(row, "created_at", f->created_us);
    set_text(row, "owner", owner);
    add_row(self, TABLE_FEEDBACK, f->id, row);
}

/* --- sending --- */

static enum err post(struct analytics_state *t, const char *path, const json_t *body,
                     struct google_reply *r, struct error *e)
{
    const struct google_request q = {
        .api = GOOGLE_BIGQUERY, .method = "POST", .path = path, .json = body, .idempotent = true};
    memset(r, 0, sizeof *r);
    return body != NULL ? google_call(t->client, &q, r, e) : error_no_memory(e);
}

/* Why the first row was refused: "stopped" is said of rows that only came along with a bad one. */
static const char *why_refused(const json_t *refused)
{
    size_t i, k;
    const json_t *row, *why;
    json_array_foreach(refused, i, row)
    {
        json_array_foreach(json_object_get(row, "errors"), k, why)
        {
            const char *reason = json_string_value(json_object_get(why, "reason"));
            const char *message = json_string_value(json_object_get(why, "message"));
            if (message != NULL && (reason == NULL || strcmp(reason, "stopped") != 0))
                return message;
        }
    }
    return "not told";
}

/* Rows that the table does not take will not be taken later either. */
static void note_refused(const struct analytics_state *t, const struct google_reply *r,
                         const char *table)
{
    const json_t *refused = json_object_get(r->json, "insertErrors");
    char rows[24];
    if (json_array_size(refused) == 0)
        return;
    (void)snprintf(rows, sizeof rows, "%zu", json_array_size(refused));
    log_event(LOG_ERROR,
              "BigQuery refused rows; compare the table with pdf-ocr-migrate --verify-only",
              "table", table, "rows", rows, "cause", why_refused(refused), NULL);
    count_lost(t, json_array_size(refused));
}

/* Sends the oldest n rows; the others of the request are stored where one is refused. */
static enum err send_some(struct analytics_state *t, int table, size_t n, struct error *e)
{
    char path[512];
    struct google_reply r = {0};
    json_t *rows = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append(rows, json_array_get(t->pending[table].rows, i));
    json_t *body = json_pack("{s:b,s:o}", "skipInvalidRows", 1, "rows", rows);
    (void)snprintf(path, sizeof path, "/bigquery/v2/projects/%s/datasets/%s/tables/%s/insertAll",
                   t->project, t->dataset, bigquery_tables[table].name);
    enum err err = post(t, path, body, &r, e);
    if (err == ERR_OK)
        note_refused(t, &r, bigquery_tables[table].name);
    google_reply_clear(&r);
    json_decref(body);
    return err;
}

static void forget_rows(struct pending *p, size_t n)
{
    while (n-- > 0)
        (void)json_array_remove(p->rows, 0);
}

/* A request that is too large goes in halves; a row that is too large by itself is lost. */
static enum err send_rows(struct analytics_state *t, int table, struct error *e)
{
    struct pending *p = &t->pending[table];
    enum err err = ERR_OK;
    size_t left, most = PENDING_MAX;
    while (err == ERR_OK && (left = json_array_size(p->rows)) > 0) {
        size_t n = left < most ? left : most;
        err = send_some(t, table, n, e);
        if (err == ERR_OK)
            forget_rows(p, n);
        if (err != ERR_TOO_LARGE)
            continue;
        if (n > 1)
            most = n / 2;
        else
            lose_rows(t, table, 1, "it is too large", e);
        err = ERR_OK;
    }
    return err;
}

static void note_failure(struct analytics_state *t, int table, const struct error *e)
{
    struct pending *p = &t->pending[table];
    int64_t pause_s = INT64_C(1) << p->failures;
    p->not_before_us =
        monotonic_us() + (pause_s < PAUSE_MOST_S ? pause_s : PAUSE_MOST_S) * US_PER_S;
    if (t->in_haste && e->kind == ERR_TIMEOUT)
        return;
    if (++p->failures < FLUSH_TRIES)
        return;
    lose_rows(t, table, json_array_size(p->rows), e->detail, e);
    p->failures = 0;
}

/* A table's trouble is its own: the other one is tried all the same. */
static void analytics_flush(void *self, int give_ms)
{
    struct analytics_state *t = self;
    t->in_haste = give_ms < CLOSE_MS;
    context_set(monotonic_us() + give_ms * INT64_C(1000), NULL);
    for (int i = 0; i < BIGQUERY_TABLES; i++) {
        struct error e = {0};
        if (json_array_size(t->pending[i].rows) == 0 ||
            monotonic_us() < t->pending[i].not_before_us)
            continue;
        if (send_rows(t, i, &e) == ERR_OK)
            t->pending[i].failures = 0;
        else
            note_failure(t, i, &e);
    }
    context_set(0, NULL);
}

/* --- opening --- */

static void analytics_close(void *self)
{
    struct analytics_state *t = self;
    for (int i = 0; i < BIGQUERY_TABLES; i++)
        t->pending[i].not_before_us = 0;
    analytics_flush(t, CLOSE_MS);
    for (int i = 0; i < BIGQUERY_TABLES; i++)
        json_decref(t->pending[i].rows);
    free(t->project);
    free(t->dataset);
    free(t->bucket);
    free(t);
}

static const struct analytics_ops ops = {
    .name = "bigquery",
    .job_ended = analytics_job_ended,
    .feedback_given = analytics_feedback_given,
    .flush = analytics_flush,
    .close = analytics_close,
};

enum err bigquery_analytics_open(struct google_client *client, const struct bigquery_options *o,
                                 struct analytics *out, struct error *e)
{
    struct analytics_state *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    t->client = client;
    t->lost = o->lost;
    t->project = strdup(o->project);
    t->dataset = strdup(o->dataset);
    t->bucket = strdup(o->bucket);
    for (int i = 0; i < BIGQUERY_TABLES; i++)
        t->pending[i].rows = json_array();
    if (t->project == NULL || t->dataset == NULL || t->bucket == NULL ||
        t->pending[TABLE_JOBS].rows == NULL || t->pending[TABLE_FEEDBACK].rows == NULL) {
        analytics_close(t);
        return error_no_memory(e);
    }
    *out = (struct analytics){&ops, t};
    return ERR_OK;
}
