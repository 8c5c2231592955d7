/* Jobs and feedback in SQLite. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "local/local.h"
#include "local/sqlite_db.h"
#include "ports/job_fields.h"

#define IDEMPOTENCY_LIFE_US (24 * 3600 * US_PER_S)

enum statement {
    ST_INSERT,
    ST_GET,
    ST_REPLACE,
    ST_STALE_QUEUED,
    ST_STALE_LEASED,
    ST_EXPIRED,
    ST_REMOVE_JOB,
    ST_REMOVE_FEEDBACK,
    ST_REMOVE_IDEMPOTENCY,
    ST_IDEM_GET,
    ST_IDEM_PUT,
    ST_IDEM_PURGE,
    ST_FEEDBACK_ADD,
    ST_FEEDBACK_COUNT,
    ST_FEEDBACK_LIST,
    ST_COUNT,
    ST_COUNTER_ADD,
    ST_COUNTER_GET,
    ST_COUNTERS_PURGE,
    ST__MAX
};

/* What starts with FROM reads whole jobs. ST_INSERT and ST_REPLACE are made of the fields. */
static const char *const sql[ST__MAX] = {
    [ST_GET] = "FROM jobs WHERE id = ?1",
    [ST_STALE_QUEUED] = "FROM jobs WHERE status = 'queued' AND next_attempt_us < ?1 "
                        "ORDER BY next_attempt_us LIMIT ?2",
    [ST_STALE_LEASED] = "FROM jobs WHERE status = 'processing' AND lease_expires_us < ?1 "
                        "ORDER BY lease_expires_us LIMIT ?2",
    [ST_EXPIRED] = "FROM jobs WHERE status IN ('completed', 'failed', 'cancelled') AND "
                   "expires_us < ?1 ORDER BY expires_us LIMIT ?2",
    [ST_REMOVE_JOB] = "DELETE FROM jobs WHERE id=?1",
    [ST_REMOVE_FEEDBACK] = "DELETE FROM feedback WHERE job_id=?1",
    [ST_REMOVE_IDEMPOTENCY] = "DELETE FROM idempotency WHERE job_id=?1",
    [ST_IDEM_GET] =
        "SELECT body_hash, job_id FROM idempotency WHERE owner=?1 AND key=?2 AND created_us > ?3",
    [ST_IDEM_PUT] = "INSERT OR REPLACE INTO idempotency(owner,key,body_hash,job_id,created_us) "
                    "VALUES(?1,?2,?3,?4,?5)",
    [ST_IDEM_PURGE] = "DELETE FROM idempotency WHERE (owner,key) IN (SELECT owner,key FROM "
                      "idempotency WHERE created_us <= ?1 LIMIT 100)",
    [ST_FEEDBACK_ADD] = "INSERT INTO feedback VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [ST_FEEDBACK_COUNT] = "UPDATE jobs SET has_feedback=1,feedback_count=feedback_count+1,"
                          "last_feedback_us=?2,version=version+1 WHERE id=?1 AND has_feedback=?3",
    [ST_FEEDBACK_LIST] = "SELECT id,job_id,corrections_json,corrections_count,user_id,session_id,"
                         "timestamp_us,status,created_us FROM feedback WHERE job_id=?1 "
                         "AND (created_us,id) > (?2,?3) ORDER BY created_us,id LIMIT ?4",
    [ST_COUNT] = "INSERT INTO counters SELECT ?1, ?2, ?4 WHERE ?2 <= ?3 ON CONFLICT(name) DO "
                 "UPDATE SET value = value + ?2 WHERE value + ?2 <= ?3 RETURNING value",
    [ST_COUNTER_ADD] = "INSERT INTO counters VALUES(?1,?2,9223372036854775807) ON CONFLICT(name) "
                       "DO UPDATE SET value=value+?2",
    [ST_COUNTER_GET] = "SELECT value FROM counters WHERE name=?1",
    [ST_COUNTERS_PURGE] = "DELETE FROM counters WHERE expires_us < ?1",
};

struct store {
    sqlite3 *db;
    const struct clock *clock;
    sqlite3_stmt *st[ST__MAX];
};

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    if (text == NULL)
        (void)sqlite3_bind_null(s, at);
    else
        (void)sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

/* Field i is parameter i + 1 of ST_INSERT and ST_REPLACE, and column i of what reads jobs. */
static void bind_job(sqlite3_stmt *s, const struct job *j)
{
    for (int i = 0; i < (int)job_fields_count; i++) {
        const struct job_field *f = &job_fields[i];
        if (job_field_is_text(f))
            bind_text(s, i + 1, job_field_text(f, j));
        else
            (void)sqlite3_bind_int64(s, i + 1, job_field_number(f, j));
    }
}

static void column_copy(sqlite3_stmt *s, int at, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(s, at);
    (void)snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
}

static char *column_dup(sqlite3_stmt *s, int at, bool *ok)
{
    return text_dup((const char *)sqlite3_column_text(s, at), ok);
}

static struct job *read_job(sqlite3_stmt *s)
{
    struct job *j = job_new();
    bool ok = j != NULL;
    for (int i = 0; ok && i < (int)job_fields_count; i++) {
        const struct job_field *f = &job_fields[i];
        if (job_field_is_text(f))
            ok = job_field_set_text(f, j, (const char *)sqlite3_column_text(s, i));
        else
            job_field_set_number(f, j, sqlite3_column_int64(s, i));
    }
    if (ok)
        return j;
    job_free(j);
    return NULL;
}

/* --- statements made of the fields --- */

static void write_columns(struct buffer *b)
{
    for (size_t i = 0; i < job_fields_count; i++)
        buffer_printf(b, "%s%s", i > 0 ? "," : "", job_fields[i].column);
}

/* Prepares text, which is consumed. */
static enum err prepare_text(sqlite3 *db, struct buffer *text, sqlite3_stmt **out, struct error *e)
{
    enum err err =
        buffer_failed(text) ? error_no_memory(e) : sqlite_db_prepare(db, text->data, out, e);
    buffer_free(text);
    return err;
}

static enum err prepare_reading(sqlite3 *db, const char *from, sqlite3_stmt **out, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    buffer_puts(&text, "SELECT ");
    write_columns(&text);
    buffer_printf(&text, " %s", from);
    return prepare_text(db, &text, out, e);
}

static enum err prepare_insert(sqlite3 *db, sqlite3_stmt **out, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    buffer_puts(&text, "INSERT INTO jobs(");
    write_columns(&text);
    buffer_puts(&text, ") VALUES(");
    for (size_t i = 0; i < job_fields_count; i++)
        buffer_printf(&text, "%s?%zu", i > 0 ? "," : "", i + 1);
    buffer_puts(&text, ")");
    return prepare_text(db, &text, out, e);
}

/* Of the version that was read, which it makes the next one. */
static enum err prepare_replace(sqlite3 *db, sqlite3_stmt **out, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    size_t version = 0;
    buffer_puts(&text, "UPDATE jobs SET ");
    for (size_t i = 0; i < job_fields_count; i++) {
        const struct job_field *f = &job_fields[i];
        if (f->offset == offsetof(struct job, version))
            version = i + 1;
        else if (f->changes)
            buffer_printf(&text, "%s=?%zu,", f->column, i + 1);
    }
    buffer_printf(&text, "version=?%zu+1 WHERE id=?1 AND version=?%zu", version, version);
    return prepare_text(db, &text, out, e);
}

static enum err prepare(sqlite3 *db, enum statement which, sqlite3_stmt **out, struct error *e)
{
    if (which == ST_INSERT)
        return prepare_insert(db, out, e);
    if (which == ST_REPLACE)
        return prepare_replace(db, out, e);
    if (strncmp(sql[which], "FROM ", 5) == 0)
        return prepare_reading(db, sql[which], out, e);
    return sqlite_db_prepare(db, sql[which], out, e);
}

static enum err store_get(void *self, const char *id, struct job **out, struct error *e)
{
    struct store *t = self;
    sqlite3_stmt *s = t->st[ST_GET];
    enum err err = ERR_OK;
    *out = NULL;
    bind_text(s, 1, id);
    int step = sqlite3_step(s);
    if (step == SQLITE_DONE)
        err = error_set(e, ERR_NOT_FOUND, "There is no job %.64s.", id);
    else if (step != SQLITE_ROW)
        err = sqlite_db_error(t->db, e);
    else if ((*out = read_job(s)) == NULL)
        err = error_no_memory(e);
    (void)sqlite3_reset(s);
    return err;
}

/* Ends a transaction: commits if all went well, else rolls back. */
static enum err end_transaction(struct store *t, enum err err, struct error *e)
{
    if (err == ERR_OK)
        err = sqlite_db_exec(t->db, "COMMIT", e);
    if (err != ERR_OK && sqlite3_get_autocommit(t->db) == 0)
        (void)sqlite_db_exec(t->db, "ROLLBACK", NULL);
    return err;
}

/* *job_id is "" when the key is new. */
static enum err find_idempotent(struct store *t, const struct idempotency *idem, int64_t since_us,
                                char job_id[UUID_LEN + 1], struct error *e)
{
    sqlite3_stmt *s = t->st[ST_IDEM_GET];
    enum err err = ERR_OK;
    job_id[0] = '\0';
    bind_text(s, 1, idem->owner);
    bind_text(s, 2, idem->key);
    (void)sqlite3_bind_int64(s, 3, since_us);
    int step = sqlite3_step(s);
    if (step == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), idem->body_hash) != 0)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "This Idempotency-Key was used with another body; use a new one.");
    else if (step == SQLITE_ROW)
        column_copy(s, 1, job_id, UUID_LEN + 1);
    else if (step != SQLITE_DONE)
        err = sqlite_db_error(t->db, e);
    (void)sqlite3_reset(s);
    return err;
}

static enum err remember_idempotent(struct store *t, const struct idempotency *idem,
                                    const char *job_id, int64_t now_us, struct error *e)
{
    sqlite3_stmt *s = t->st[ST_IDEM_PURGE];
    (void)sqlite3_bind_int64(s, 1, now_us - IDEMPOTENCY_LIFE_US);
    enum err err = sqlite_db_run(t->db, s, e);
    if (err != ERR_OK)
        return err;
    s = t->st[ST_IDEM_PUT];
    bind_text(s, 1, idem->owner);
    bind_text(s, 2, idem->key);
    bind_text(s, 3, idem->body_hash);
    bind_text(s, 4, job_id);
    (void)sqlite3_bind_int64(s, 5, now_us);
    return sqlite_db_run(t->db, s, e);
}

static enum err store_create(void *self, const struct job *j, const struct idempotency *idem,
                             struct job **existing, struct error *e)
{
    struct store *t = self;
    int64_t now_us = clock_steady_us(t->clock);
    char earlier[UUID_LEN + 1] = "";
    *existing = NULL;
    enum err err = sqlite_db_exec(t->db, "BEGIN IMMEDIATE", e);
    if (err != ERR_OK)
        return err;
    if (idem != NULL)
        err = find_idempotent(t, idem, now_us - IDEMPOTENCY_LIFE_US, earlier, e);
    if (err == ERR_OK && earlier[0] != '\0') {
        err = store_get(t, earlier, existing, e);
    } else if (err == ERR_OK) {
        struct job first = *j;
        first.version = 1;
        bind_job(t->st[ST_INSERT], &first);
        err = sqlite_db_run(t->db, t->st[ST_INSERT], e);
        if (err != ERR_OK && (sqlite3_errcode(t->db) & 0xFF) == SQLITE_CONSTRAINT)
            err = error_set(e, ERR_CONFLICT, "There is a job %s already.", j->id);
        if (err == ERR_OK && idem != NULL)
            err = remember_idempotent(t, idem, j->id, now_us, e);
    }
    err = end_transaction(t, err, e);
    if (err != ERR_OK) {
        job_free(*existing);
        *existing = NULL;
    }
    return err;
}

static enum err store_find_by_key(void *self, const struct idempotency *idem, struct job **existing,
                                  struct error *e)
{
    struct store *t = self;
    char earlier[UUID_LEN + 1];
    *existing = NULL;
    enum err err =
        find_idempotent(t, idem, clock_steady_us(t->clock) - IDEMPOTENCY_LIFE_US, earlier, e);
    if (err == ERR_OK && earlier[0] != '\0' &&
        (err = store_get(t, earlier, existing, e)) == ERR_NOT_FOUND)
        err = ERR_OK;
    return err;
}

static enum err store_replace(void *self, struct job *next, struct error *e)
{
    struct store *t = self;
    bind_job(t->st[ST_REPLACE], next);
    enum err err = sqlite_db_run(t->db, t->st[ST_REPLACE], e);
    if (err != ERR_OK)
        return err;
    if (sqlite3_changes(t->db) == 1) {
        next->version++;
        return ERR_OK;
    }
    struct job *stored = NULL;
    err = store_get(t, next->id, &stored, e);
    job_free(stored);
    return err == ERR_OK ? error_set(e, ERR_CONFLICT, "The job was changed by somebody else.")
                         : err;
}

/* Reads all rows of a bound statement into a page. */
static enum err read_page(struct store *t, sqlite3_stmt *s, struct job_page *out, struct error *e)
{
    enum err err = ERR_OK;
    int step;
    while (err == ERR_OK && (step = sqlite3_step(s)) != SQLITE_DONE) {
        if (step != SQLITE_ROW)
            err = sqlite_db_error(t->db, e);
        else if (!job_page_add(out, read_job(s)))
            err = error_no_memory(e);
    }
    (void)sqlite3_reset(s);
    return err;
}

static enum err store_list(void *self, const struct job_filter *f, struct job_page *out,
                           struct error *e)
{
    struct store *t = self;
    int64_t created_us = INT64_MAX;
    char id[UUID_LEN + 1] = "", text[256];
    sqlite3_stmt *s = NULL;
    memset(out, 0, sizeof *out);
    enum err err =
        f->page_token != NULL ? page_token_read(f->page_token, &created_us, id, e) : ERR_OK;
    if (err != ERR_OK)
        return err;
    (void)snprintf(text, sizeof text,
                   "FROM jobs WHERE (created_us, id) < (?1, ?2)%s%s%s"
                   " ORDER BY created_us DESC, id DESC LIMIT ?3",
                   f->owner != NULL ? " AND owner = ?4" : "",
                   f->pdf_id != NULL ? " AND pdf_id = ?5" : "",
                   f->status >= 0 ? " AND status = ?6" : "");
    if ((err = prepare_reading(t->db, text, &s, e)) != ERR_OK)
        return err;
    (void)sqlite3_bind_int64(s, 1, created_us);
    bind_text(s, 2, id);
    (void)sqlite3_bind_int(s, 3, f->page_size + 1);
    bind_text(s, 4, f->owner);
    bind_text(s, 5, f->pdf_id);
    bind_text(s, 6, f->status >= 0 ? job_status_names[f->status] : NULL);
    err = read_page(t, s, out, e);
    (void)sqlite3_finalize(s);
    return job_page_end(out, f->page_size, err, e);
}

static enum err list_before(void *self, const struct job_query *q, int max, struct job_page *out,
                            struct error *e)
{
    struct store *t = self;
    (void)sqlite3_bind_int64(t->st[q->statement], 1, q->before_us);
    (void)sqlite3_bind_int(t->st[q->statement], 2, max);
    return read_page(t, t->st[q->statement], out, e);
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
    static const enum statement steps[] = {ST_REMOVE_JOB, ST_REMOVE_FEEDBACK,
                                           ST_REMOVE_IDEMPOTENCY};
    struct store *t = self;
    enum err err = sqlite_db_exec(t->db, "BEGIN IMMEDIATE", e);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; err == ERR_OK && i < sizeof steps / sizeof steps[0]; i++) {
        bind_text(t->st[steps[i]], 1, id);
        err = sqlite_db_run(t->db, t->st[steps[i]], e);
    }
    return end_transaction(t, err, e);
}

static enum err count_on_job(struct store *t, const struct job *j, const struct feedback *f,
                             struct error *e)
{
    sqlite3_stmt *s = t->st[ST_FEEDBACK_COUNT];
    bind_text(s, 1, j->id);
    (void)sqlite3_bind_int64(s, 2, f->created_us);
    (void)sqlite3_bind_int(s, 3, j->has_feedback);
    enum err err = sqlite_db_run(t->db, s, e);
    if (err == ERR_OK && sqlite3_changes(t->db) != 1)
        err = error_set(e, ERR_CONFLICT, "The job was changed by somebody else.");
    return err;
}

static enum err insert_feedback(struct store *t, const struct feedback *f, struct error *e)
{
    sqlite3_stmt *s = t->st[ST_FEEDBACK_ADD];
    bind_text(s, 1, f->id);
    bind_text(s, 2, f->job_id);
    bind_text(s, 3, f->corrections_json);
    (void)sqlite3_bind_int(s, 4, f->corrections_count);
    bind_text(s, 5, f->user_id);
    bind_text(s, 6, f->session_id);
    (void)sqlite3_bind_int64(s, 7, f->timestamp_us);
    bind_text(s, 8, f->status);
    (void)sqlite3_bind_int64(s, 9, f->created_us);
    return sqlite_db_run(t->db, s, e);
}

static enum err store_feedback_add(void *self, const struct job *j, const struct feedback *f,
                                   const struct counter *add, size_t n, struct error *e)
{
    struct store *t = self;
    enum err err = sqlite_db_exec(t->db, "BEGIN IMMEDIATE", e);
    if (err != ERR_OK)
        return err;
    err = count_on_job(t, j, f, e);
    if (err == ERR_OK)
        err = insert_feedback(t, f, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        bind_text(t->st[ST_COUNTER_ADD], 1, add[i].name);
        (void)sqlite3_bind_int64(t->st[ST_COUNTER_ADD], 2, add[i].n);
        err = sqlite_db_run(t->db, t->st[ST_COUNTER_ADD], e);
    }
    return end_transaction(t, err, e);
}

static enum err store_counters(void *self, struct counter *io, size_t n, struct error *e)
{
    struct store *t = self;
    sqlite3_stmt *s = t->st[ST_COUNTER_GET];
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        bind_text(s, 1, io[i].name);
        int step = sqlite3_step(s);
        io[i].n = step == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
        if (step != SQLITE_ROW && step != SQLITE_DONE)
            err = sqlite_db_error(t->db, e);
        (void)sqlite3_reset(s);
    }
    return err;
}

static bool read_feedback(sqlite3_stmt *s, struct feedback *f)
{
    bool ok = true;
    memset(f, 0, sizeof *f);
    column_copy(s, 0, f->id, sizeof f->id);
    column_copy(s, 1, f->job_id, sizeof f->job_id);
    f->corrections_count = sqlite3_column_int(s, 3);
    f->timestamp_us = sqlite3_column_int64(s, 6);
    column_copy(s, 7, f->status, sizeof f->status);
    f->created_us = sqlite3_column_int64(s, 8);
    f->corrections_json = column_dup(s, 2, &ok);
    f->user_id = column_dup(s, 4, &ok);
    f->session_id = column_dup(s, 5, &ok);
    if (!ok)
        feedback_clear(f);
    return ok;
}

static enum err store_feedback_list(void *self, const char *job_id, const struct feedback *after,
                                    int max, struct feedback_list *out, struct error *e)
{
    struct store *t = self;
    sqlite3_stmt *s = t->st[ST_FEEDBACK_LIST];
    enum err err = ERR_OK;
    int step;
    memset(out, 0, sizeof *out);
    bind_text(s, 1, job_id);
    (void)sqlite3_bind_int64(s, 2, after != NULL ? after->created_us : INT64_MIN);
    bind_text(s, 3, after != NULL ? after->id : "");
    (void)sqlite3_bind_int(s, 4, max);
    while (err == ERR_OK && (step = sqlite3_step(s)) != SQLITE_DONE) {
        struct feedback f;
        if (step != SQLITE_ROW) {
            err = sqlite_db_error(t->db, e);
            break;
        }
        struct feedback *items = realloc(out->items, (out->n + 1) * sizeof *items);
        if (items != NULL)
            out->items = items;
        if (items == NULL || !read_feedback(s, &f))
            err = error_no_memory(e);
        else
            out->items[out->n++] = f;
    }
    (void)sqlite3_reset(s);
    if (err != ERR_OK)
        feedback_list_free(out);
    return err;
}

/* At most one row; none: the counter would be more than it may. */
static enum err store_count(void *self, const char *name, int64_t n, int64_t most,
                            int64_t expires_us, int64_t *value, struct error *e)
{
    struct store *t = self;
    sqlite3_stmt *s = t->st[ST_COUNT], *purge = t->st[ST_COUNTERS_PURGE];
    (void)sqlite3_bind_int64(purge, 1, clock_now_us(t->clock));
    enum err err = sqlite_db_run(t->db, purge, e);
    if (err != ERR_OK)
        return err;
    bind_text(s, 1, name);
    (void)sqlite3_bind_int64(s, 2, n);
    (void)sqlite3_bind_int64(s, 3, most);
    (void)sqlite3_bind_int64(s, 4, expires_us);
    int step = sqlite3_step(s);
    if (step == SQLITE_ROW)
        *value = sqlite3_column_int64(s, 0);
    else if (step == SQLITE_DONE)
        err = error_set(e, ERR_RATE_LIMITED, "%s would be more than it may.", name);
    else
        err = sqlite_db_error(t->db, e);
    (void)sqlite3_reset(s);
    return err;
}

static enum err store_ping(void *self, struct error *e)
{
    struct store *t = self;
    return sqlite_db_exec(t->db, "SELECT id FROM jobs LIMIT 1", e);
}

static void store_close(void *self)
{
    struct store *t = self;
    for (int i = 0; i < ST__MAX; i++)
        (void)sqlite3_finalize(t->st[i]);
    (void)sqlite3_close(t->db);
    free(t);
}

static const struct job_store_ops ops = {
    .name = "sqlite",
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

enum err sqlite_job_store_open(const char *path, const struct clock *clock, struct job_store *out,
                               struct error *e)
{
    struct store *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    t->clock = clock;
    enum err err = sqlite_db_open(path, &t->db, e);
    for (int i = 0; err == ERR_OK && i < ST__MAX; i++)
        err = prepare(t->db, (enum statement)i, &t->st[i], e);
    if (err != ERR_OK) {
        store_close(t);
        return err;
    }
    *out = (struct job_store){&ops, t};
    return ERR_OK;
}
