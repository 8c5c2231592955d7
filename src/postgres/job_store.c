/* Jobs and feedback in PostgreSQL. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "ports/job_fields.h"
#include "postgres/db.h"
#include "postgres/postgres.h"

#define IDEMPOTENCY_LIFE_US (24 * 3600 * US_PER_S)

enum statement {
    ST_CREATE,
    ST_CREATE_ONCE,
    ST_GET,
    ST_REPLACE,
    ST_STALE_QUEUED,
    ST_STALE_LEASED,
    ST_EXPIRED,
    ST_REMOVE,
    ST_IDEM_GET,
    ST_IDEM_PURGE,
    ST_FEEDBACK_ADD,
    ST_FEEDBACK_LIST,
    ST_COUNT,
    ST_COUNTERS,
    ST_COUNTERS_PURGE,
    ST_PING,
    ST__MAX
};

/* What starts with FROM reads whole jobs. ST_CREATE, ST_CREATE_ONCE and ST_REPLACE are made of the
 * fields. */
static const struct {
    const char *name, *sql;
    bool repeatable;
} texts[ST__MAX] = {
    [ST_CREATE] = {"job_create", NULL, false},
    [ST_CREATE_ONCE] = {"job_create_once", NULL, false},
    [ST_GET] = {"job_get", "FROM jobs WHERE id = $1", true},
    [ST_REPLACE] = {"job_replace", NULL, false},
    [ST_STALE_QUEUED] = {"job_stale_queued",
                         "FROM jobs WHERE status = 'queued' AND next_attempt_us < $1 "
                         "ORDER BY next_attempt_us LIMIT $2",
                         true},
    [ST_STALE_LEASED] = {"job_stale_leased",
                         "FROM jobs WHERE status = 'processing' AND lease_expires_us < $1 "
                         "ORDER BY lease_expires_us LIMIT $2",
                         true},
    [ST_EXPIRED] = {"job_expired",
                    "FROM jobs WHERE status IN ('completed', 'failed', 'cancelled') AND "
                    "expires_us < $1 ORDER BY expires_us LIMIT $2",
                    true},
    [ST_REMOVE] = {"job_remove",
                   "WITH f AS (DELETE FROM feedback WHERE job_id = $1), "
                   "i AS (DELETE FROM idempotency WHERE job_id = $1) "
                   "DELETE FROM jobs WHERE id = $1",
                   true},
    [ST_IDEM_GET] = {"idempotency_get",
                     "SELECT body_hash, job_id FROM idempotency WHERE owner = $1 AND key = $2",
                     true},
    [ST_IDEM_PURGE] = {"idempotency_purge",
                       "DELETE FROM idempotency WHERE (owner, key) IN (SELECT owner, key FROM "
                       "idempotency WHERE created_us <= $1 LIMIT 100 FOR UPDATE SKIP LOCKED)",
                       true},
    [ST_FEEDBACK_ADD] =
        {"feedback_add",
         "WITH j AS (UPDATE jobs SET has_feedback = 1, feedback_count = feedback_count + 1, "
         "last_feedback_us = $9, version = version + 1 WHERE id = $2 AND has_feedback = $10 "
         "RETURNING id), c AS (INSERT INTO counters SELECT key, value::bigint, "
         "9223372036854775807 FROM j, jsonb_each_text($11::jsonb) ON CONFLICT(name) "
         "DO UPDATE SET value = counters.value + excluded.value) "
         "INSERT INTO feedback(id, job_id, corrections_json, corrections_count, user_id, "
         "session_id, timestamp_us, status, created_us) "
         "SELECT $1, id, $3, $4::bigint, $5, $6, $7::bigint, $8, $9::bigint FROM j",
         false},
    [ST_FEEDBACK_LIST] =
        {"feedback_list",
         "SELECT id, job_id, corrections_json, corrections_count, user_id, session_id, "
         "timestamp_us, status, created_us FROM feedback WHERE job_id = $1 "
         "AND (created_us, id) > ($2, $3) ORDER BY created_us, id LIMIT $4",
         true},
    [ST_COUNT] = {"count",
                  "INSERT INTO counters SELECT $1::text, $2::bigint, $4::bigint "
                  "WHERE $2::bigint <= $3::bigint ON CONFLICT(name) DO UPDATE SET "
                  "value = counters.value + $2::bigint "
                  "WHERE counters.value + $2::bigint <= $3::bigint RETURNING value",
                  false},
    [ST_COUNTERS] = {"counters",
                     "SELECT name, value FROM counters WHERE name IN (SELECT "
                     "jsonb_object_keys($1::jsonb))",
                     true},
    [ST_COUNTERS_PURGE] = {"counters_purge", "DELETE FROM counters WHERE expires_us < $1", true},
    [ST_PING] = {"job_ping", "SELECT id FROM jobs LIMIT 1", true},
};

struct store {
    struct pg_db *db;
    const struct clock *clock;
    struct pg_statement st[ST__MAX];
    char *made[ST__MAX]; /* owned: what was made of the fields */
};

/* --- statements made of the fields --- */

static void write_columns(struct buffer *b)
{
    for (size_t i = 0; i < job_fields_count; i++)
        buffer_printf(b, "%s%s", i > 0 ? ", " : "", job_fields[i].column);
}

static void write_reading(struct buffer *b, const char *from)
{
    buffer_puts(b, "SELECT ");
    write_columns(b);
    buffer_printf(b, " %s", from);
}

/* INSERT INTO jobs(...) SELECT $1, ...: all fields, in their order. */
static void write_insert(struct buffer *b)
{
    buffer_puts(b, "INSERT INTO jobs(");
    write_columns(b);
    buffer_puts(b, ") SELECT ");
    for (size_t i = 0; i < job_fields_count; i++)
        buffer_printf(b, "%s$%zu::%s", i > 0 ? ", " : "", i + 1,
                      job_field_is_text(&job_fields[i]) ? "text" : "bigint");
}

/* The same if the key that follows the fields is new, or too old: owner, key, hash, time, since. */
static void write_insert_once(struct buffer *b)
{
    size_t n = job_fields_count;
    buffer_printf(b,
                  "WITH k AS (INSERT INTO idempotency(owner, key, body_hash, job_id, created_us) "
                  "VALUES($%zu, $%zu, $%zu, $1, $%zu) ON CONFLICT(owner, key) DO UPDATE SET "
                  "body_hash = excluded.body_hash, job_id = excluded.job_id, "
                  "created_us = excluded.created_us WHERE idempotency.created_us <= $%zu "
                  "RETURNING job_id) ",
                  n + 1, n + 2, n + 3, n + 4, n + 5);
    write_insert(b);
    buffer_puts(b, " FROM k");
}

static bool is_version(const struct job_field *f)
{
    return f->offset == offsetof(struct job, version);
}

/* Of the version that was read, which it makes the next one: the id, that version, the fields that
 * change. */
static void write_replace(struct buffer *b)
{
    int n = 2;
    buffer_puts(b, "UPDATE jobs SET version = $2::bigint + 1");
    for (size_t i = 0; i < job_fields_count; i++)
        if (job_fields[i].changes && !is_version(&job_fields[i]))
            buffer_printf(b, ", %s = $%d", job_fields[i].column, ++n);
    buffer_puts(b, " WHERE id = $1 AND version = $2");
}

static enum err make_statement(struct store *t, enum statement which, struct error *e)
{
    struct buffer b = BUFFER_INIT;
    const char *sql = texts[which].sql;
    if (which == ST_CREATE)
        write_insert(&b);
    else if (which == ST_CREATE_ONCE)
        write_insert_once(&b);
    else if (which == ST_REPLACE)
        write_replace(&b);
    else if (strncmp(sql, "FROM ", 5) == 0)
        write_reading(&b, sql);
    else
        buffer_puts(&b, sql);
    if ((t->made[which] = buffer_take(&b)) == NULL)
        return error_no_memory(e);
    t->st[which] = (struct pg_statement){
        .name = texts[which].name, .sql = t->made[which], .repeatable = texts[which].repeatable};
    return ERR_OK;
}

/* --- jobs as values and rows --- */

static void add_field(struct pg_args *a, const struct job_field *f, const struct job *j)
{
    if (job_field_is_text(f))
        pg_text(a, job_field_text(f, j));
    else
        pg_number(a, job_field_number(f, j));
}

static struct job *read_job(const PGresult *r, int row)
{
    struct job *j = job_new();
    bool ok = j != NULL;
    for (int i = 0; ok && i < (int)job_fields_count; i++) {
        const struct job_field *f = &job_fields[i];
        if (job_field_is_text(f))
            ok = job_field_set_text(f, j, pg_value_text(r, row, i));
        else
            job_field_set_number(f, j, pg_value_number(r, row, i));
    }
    if (ok)
        return j;
    job_free(j);
    return NULL;
}

/* Adds all rows to a page; the result is consumed. */
static enum err read_page(PGresult *r, struct job_page *out, struct error *e)
{
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < PQntuples(r); i++)
        if (!job_page_add(out, read_job(r, i)))
            err = error_no_memory(e);
    PQclear(r);
    return err;
}

/* --- the port --- */

static enum err store_get(void *self, const char *id, struct job **out, struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    PGresult *r = NULL;
    *out = NULL;
    pg_text(&a, id);
    enum err err = pg_db_run(t->db, &t->st[ST_GET], &a, &r, e);
    if (err == ERR_OK && PQntuples(r) == 0)
        err = error_set(e, ERR_NOT_FOUND, "There is no job %.64s.", id);
    else if (err == ERR_OK && (*out = read_job(r, 0)) == NULL)
        err = error_no_memory(e);
    PQclear(r);
    return err;
}

static void purge_keys(struct store *t, int64_t since_us)
{
    struct pg_args a = {.n = 0};
    struct error ignored; /* the next one does it again */
    pg_number(&a, since_us);
    (void)pg_db_run(t->db, &t->st[ST_IDEM_PURGE], &a, NULL, &ignored);
}

static enum err store_find_by_key(void *self, const struct idempotency *idem, struct job **existing,
                                  struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    PGresult *r = NULL;
    pg_text(&a, idem->owner);
    pg_text(&a, idem->key);
    *existing = NULL;
    enum err err = pg_db_run(t->db, &t->st[ST_IDEM_GET], &a, &r, e);
    bool known = err == ERR_OK && PQntuples(r) > 0;
    if (known && strcmp(PQgetvalue(r, 0, 0), idem->body_hash) != 0)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "This Idempotency-Key was used with another body; use a new one.");
    else if (known && (err = store_get(t, PQgetvalue(r, 0, 1), existing, e)) == ERR_NOT_FOUND)
        err = ERR_OK;
    PQclear(r);
    return err;
}

static enum err store_create(void *self, const struct job *j, const struct idempotency *idem,
                             struct job **existing, struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    struct job first = *j;
    PGresult *r = NULL;
    int64_t now_us = clock_steady_us(t->clock);
    *existing = NULL;
    first.version = 1;
    for (size_t i = 0; i < job_fields_count; i++)
        add_field(&a, &job_fields[i], &first);
    if (idem != NULL) {
        pg_text(&a, idem->owner);
        pg_text(&a, idem->key);
        pg_text(&a, idem->body_hash);
        pg_number(&a, now_us);
        pg_number(&a, now_us - IDEMPOTENCY_LIFE_US);
    }
    enum err err = pg_db_run(t->db, &t->st[idem != NULL ? ST_CREATE_ONCE : ST_CREATE], &a, &r, e);
    bool made = err == ERR_OK && pg_changed(r) == 1;
    PQclear(r);
    if (err == ERR_CONFLICT)
        return error_set(e, ERR_CONFLICT, "There is a job %s already.", j->id);
    if (err == ERR_OK && idem != NULL) {
        purge_keys(t, now_us - IDEMPOTENCY_LIFE_US);
        err = made ? ERR_OK : store_find_by_key(t, idem, existing, e);
        if (err == ERR_OK && !made && *existing == NULL)
            err = error_set(e, ERR_UNAVAILABLE,
                            "The job of this Idempotency-Key has just gone; try again.");
    }
    return err;
}

static enum err store_replace(void *self, struct job *next, struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    struct job *stored = NULL;
    PGresult *r = NULL;
    pg_text(&a, next->id);
    pg_number(&a, next->version);
    for (size_t i = 0; i < job_fields_count; i++)
        if (job_fields[i].changes && !is_version(&job_fields[i]))
            add_field(&a, &job_fields[i], next);
    enum err err = pg_db_run(t->db, &t->st[ST_REPLACE], &a, &r, e);
    bool done = err == ERR_OK && pg_changed(r) == 1;
    PQclear(r);
    if (done)
        next->version++;
    if (err != ERR_OK || done)
        return err;
    err = store_get(t, next->id, &stored, e);
    job_free(stored);
    return err == ERR_OK ? error_set(e, ERR_CONFLICT, "The job was changed by somebody else.")
                         : err;
}

/* Values that are not asked for are not named, since the server wants to know their types. */
static void write_filter(struct buffer *b, struct pg_args *a, const char *column, const char *value)
{
    if (value == NULL)
        return;
    pg_text(a, value);
    buffer_printf(b, " AND %s = $%d", column, a->n);
}

static enum err store_list(void *self, const struct job_filter *f, struct job_page *out,
                           struct error *e)
{
    struct store *t = self;
    int64_t created_us = INT64_MAX;
    char id[UUID_LEN + 1] = "";
    struct buffer b = BUFFER_INIT;
    struct pg_args a = {.n = 0};
    PGresult *r = NULL;
    memset(out, 0, sizeof *out);
    enum err err =
        f->page_token != NULL ? page_token_read(f->page_token, &created_us, id, e) : ERR_OK;
    if (err != ERR_OK)
        return err;
    pg_number(&a, created_us);
    pg_text(&a, id);
    pg_number(&a, f->page_size + 1);
    write_reading(&b, "FROM jobs WHERE (created_us, id) < ($1, $2)");
    write_filter(&b, &a, "owner", f->owner);
    write_filter(&b, &a, "pdf_id", f->pdf_id);
    write_filter(&b, &a, "status", f->status >= 0 ? job_status_names[f->status] : NULL);
    buffer_puts(&b, " ORDER BY created_us DESC, id DESC LIMIT $3");
    err = buffer_failed(&b) ? error_no_memory(e) : pg_db_query(t->db, b.data, &a, &r, e);
    buffer_free(&b);
    if (err == ERR_OK)
        err = read_page(r, out, e);
    return job_page_end(out, f->page_size, err, e);
}

static enum err list_before(void *self, const struct job_query *q, int max, struct job_page *out,
                            struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    PGresult *r = NULL;
    pg_number(&a, q->before_us);
    pg_number(&a, max);
    enum err err = pg_db_run(t->db, &t->st[q->statement], &a, &r, e);
    return err == ERR_OK ? read_page(r, out, e) : err;
}

static enum err store_list_stale(void *self, int64_t queued_before_us, int64_t lease_before_us,
                                 int max, struct job_page *out, struct error *e)
{
    const struct job_query queries[] = {{ST_STALE_LEASED, lease_before_us},
                                        {ST_STALE_QUEUED, queued_before_us}};
    return job_page_collect(out, list_before, self, queries, 2, max, e);
}

static enum err store_list_expired(void *self, int64_t now_us, int max, struct job_page *out,
                                   struct error *e)
{
    const struct job_query query = {ST_EXPIRED, now_us};
    return job_page_collect(out, list_before, self, &query, 1, max, e);
}

static enum err store_remove(void *self, const char *id, struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    pg_text(&a, id);
    return pg_db_run(t->db, &t->st[ST_REMOVE], &a, NULL, e);
}

/* {"name": n, ...} */
static void write_counters(struct buffer *b, const struct counter *counters, size_t n)
{
    buffer_puts(b, "{");
    for (size_t i = 0; i < n; i++) {
        buffer_puts(b, i > 0 ? "," : "");
        buffer_json_string(b, counters[i].name);
        buffer_printf(b, ":%" PRId64, counters[i].n);
    }
    buffer_puts(b, "}");
}

static enum err store_feedback_add(void *self, const struct job *j, const struct feedback *f,
                                   const struct counter *add, size_t n, struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    struct buffer counters = BUFFER_INIT;
    PGresult *r = NULL;
    write_counters(&counters, add, n);
    pg_text(&a, f->id);
    pg_text(&a, f->job_id);
    pg_text(&a, f->corrections_json);
    pg_number(&a, f->corrections_count);
    pg_text(&a, f->user_id);
    pg_text(&a, f->session_id);
    pg_number(&a, f->timestamp_us);
    pg_text(&a, f->status);
    pg_number(&a, f->created_us);
    pg_number(&a, j->has_feedback);
    pg_text(&a, counters.data);
    enum err err = buffer_failed(&counters) ? error_no_memory(e)
                                            : pg_db_run(t->db, &t->st[ST_FEEDBACK_ADD], &a, &r, e);
    if (err == ERR_OK && pg_changed(r) != 1)
        err = error_set(e, ERR_CONFLICT, "The job was changed by somebody else.");
    PQclear(r);
    buffer_free(&counters);
    return err;
}

static enum err store_counters(void *self, struct counter *io, size_t n, struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    struct buffer names = BUFFER_INIT;
    PGresult *r = NULL;
    write_counters(&names, io, n);
    pg_text(&a, names.data);
    enum err err = buffer_failed(&names) ? error_no_memory(e)
                                         : pg_db_run(t->db, &t->st[ST_COUNTERS], &a, &r, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        io[i].n = 0;
        for (int row = 0; row < PQntuples(r); row++)
            if (strcmp(PQgetvalue(r, row, 0), io[i].name) == 0)
                io[i].n = pg_value_number(r, row, 1);
    }
    PQclear(r);
    buffer_free(&names);
    return err;
}

static bool read_feedback(const PGresult *r, int row, struct feedback *f)
{
    bool ok = true;
    memset(f, 0, sizeof *f);
    (void)snprintf(f->id, sizeof f->id, "%s", PQgetvalue(r, row, 0));
    (void)snprintf(f->job_id, sizeof f->job_id, "%s", PQgetvalue(r, row, 1));
    f->corrections_json = text_dup(pg_value_text(r, row, 2), &ok);
    f->corrections_count = (int)pg_value_number(r, row, 3);
    f->user_id = text_dup(pg_value_text(r, row, 4), &ok);
    f->session_id = text_dup(pg_value_text(r, row, 5), &ok);
    f->timestamp_us = pg_value_number(r, row, 6);
    (void)snprintf(f->status, sizeof f->status, "%s", PQgetvalue(r, row, 7));
    f->created_us = pg_value_number(r, row, 8);
    if (!ok)
        feedback_clear(f);
    return ok;
}

static enum err store_feedback_list(void *self, const char *job_id, const struct feedback *after,
                                    int max, struct feedback_list *out, struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0};
    PGresult *r = NULL;
    memset(out, 0, sizeof *out);
    pg_text(&a, job_id);
    pg_number(&a, after != NULL ? after->created_us : INT64_MIN);
    pg_text(&a, after != NULL ? after->id : "");
    pg_number(&a, max);
    enum err err = pg_db_run(t->db, &t->st[ST_FEEDBACK_LIST], &a, &r, e);
    int n = err == ERR_OK ? PQntuples(r) : 0;
    if (n > 0 && (out->items = calloc((size_t)n, sizeof *out->items)) == NULL)
        err = error_no_memory(e);
    for (int i = 0; err == ERR_OK && i < n; i++) {
        if (read_feedback(r, i, &out->items[i]))
            out->n++;
        else
            err = error_no_memory(e);
    }
    PQclear(r);
    if (err != ERR_OK)
        feedback_list_free(out);
    return err;
}

/* At most one row; none: the counter would be more than it may. */
static enum err store_count(void *self, const char *name, int64_t n, int64_t most,
                            int64_t expires_us, int64_t *value, struct error *e)
{
    struct store *t = self;
    struct pg_args a = {.n = 0}, now = {.n = 0};
    PGresult *r = NULL;
    pg_number(&now, clock_now_us(t->clock));
    enum err err = pg_db_run(t->db, &t->st[ST_COUNTERS_PURGE], &now, NULL, e);
    if (err != ERR_OK)
        return err;
    pg_text(&a, name);
    pg_number(&a, n);
    pg_number(&a, most);
    pg_number(&a, expires_us);
    err = pg_db_run(t->db, &t->st[ST_COUNT], &a, &r, e);
    if (err == ERR_OK && PQntuples(r) == 0)
        err = error_set(e, ERR_RATE_LIMITED, "%s would be more than it may.", name);
    else if (err == ERR_OK)
        *value = pg_value_number(r, 0, 0);
    PQclear(r);
    return err;
}

static enum err store_ping(void *self, struct error *e)
{
    static const struct pg_args none = {.n = 0};
    struct store *t = self;
    return pg_db_run(t->db, &t->st[ST_PING], &none, NULL, e);
}

static void store_close(void *self)
{
    struct store *t = self;
    pg_db_close(t->db);
    for (int i = 0; i < ST__MAX; i++)
        free(t->made[i]);
    free(t);
}

static const struct job_store_ops ops = {
    .name = "postgres",
    .create = store_create,
    .find_by_key = store_find_by_key,
    .get = store_get,
    .replace = store_replace,
    .list = store_list,
    .list_stale = store_list_stale,
    .list_expired = store_list_expired,
    .remove = store_remove,
    .feedback_add = store_feedback_add,
    .feedback_list = store_feedback_list,
    .counters = store_counters,
    .count = store_count,
    .ping = store_ping,
    .close = store_close,
};

enum err postgres_job_store_open(const char *url, const struct clock *clock, struct job_store *out,
                                 struct error *e)
{
    struct store *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    t->clock = clock;
    enum err err = pg_db_open(url, &t->db, e);
    for (int i = 0; err == ERR_OK && i < ST__MAX; i++)
        err = make_statement(t, (enum statement)i, e);
    if (err != ERR_OK) {
        store_close(t);
        return err;
    }
    *out = (struct job_store){&ops, t};
    return ERR_OK;
}
