/* Jobs and feedback in SQLite. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "local/local.h"
#include "local/sqlite_db.h"

#define IDEMPOTENCY_LIFE_US (24 * 3600 * US_PER_S)
#define COLUMNS                                                                                    \
    "id,owner,pdf_id,status,outcome,output_format,regions_count,regions_done,regions_total,"       \
    "pages_done,pages_total,attempts,retry_count,created_us,updated_us,expires_us,"                \
    "lease_expires_us,next_attempt_us,lease_token,version,request_json,error_message,"             \
    "result_name,debug_graph_name,approved_regions_json,has_feedback,feedback_count,"              \
    "last_feedback_us"

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
    ST__MAX
};

static const char *const sql[ST__MAX] = {
    [ST_INSERT] = "INSERT INTO jobs(" COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,"
                  "?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28)",
    [ST_GET] = "SELECT " COLUMNS " FROM jobs WHERE id = ?1",
    /* ?20 is the version read; feedback columns are changed by ST_FEEDBACK_COUNT only. */
    [ST_REPLACE] =
        "UPDATE jobs SET status=?4,outcome=?5,regions_done=?8,regions_total=?9,pages_done=?10,"
        "pages_total=?11,attempts=?12,retry_count=?13,updated_us=?15,expires_us=?16,"
        "lease_expires_us=?17,next_attempt_us=?18,lease_token=?19,version=?20+1,error_message=?22,"
        "result_name=?23,debug_graph_name=?24,approved_regions_json=?25 WHERE id=?1 AND "
        "version=?20",
    [ST_STALE_QUEUED] = "SELECT " COLUMNS " FROM jobs WHERE status=0 AND next_attempt_us < ?1 "
                        "ORDER BY next_attempt_us LIMIT ?2",
    [ST_STALE_LEASED] = "SELECT " COLUMNS " FROM jobs WHERE status=1 AND lease_expires_us < ?1 "
                        "ORDER BY lease_expires_us LIMIT ?2",
    [ST_EXPIRED] = "SELECT " COLUMNS " FROM jobs WHERE status >= 2 AND expires_us < ?1 "
                   "ORDER BY expires_us LIMIT ?2",
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
                          "last_feedback_us=?2,version=version+1 WHERE id=?1",
    [ST_FEEDBACK_LIST] = "SELECT id,job_id,corrections_json,corrections_count,user_id,session_id,"
                         "timestamp_us,status,created_us FROM feedback WHERE job_id=?1 "
                         "AND (created_us,id) > (?2,?3) ORDER BY created_us,id LIMIT ?4",
};

struct store {
    sqlite3 *db;
    const struct source *source;
    sqlite3_stmt *st[ST__MAX];
};

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    if (text == NULL)
        (void)sqlite3_bind_null(s, at);
    else
        (void)sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

static void bind_job(sqlite3_stmt *s, const struct job *j)
{
    const int64_t numbers[] = {[4] = (int64_t)j->status,
                               [5] = (int64_t)j->outcome,
                               [7] = j->regions_count,
                               [8] = j->progress.regions_done,
                               [9] = j->progress.regions_total,
                               [10] = j->progress.pages_done,
                               [11] = j->progress.pages_total,
                               [12] = j->attempts,
                               [13] = j->retry_count,
                               [14] = j->created_us,
                               [15] = j->updated_us,
                               [16] = j->expires_us,
                               [17] = j->lease_expires_us,
                               [18] = j->next_attempt_us,
                               [20] = j->version,
                               [26] = j->has_feedback,
                               [27] = j->feedback_count,
                               [28] = j->last_feedback_us};
    int n = sqlite3_bind_parameter_count(s);
    for (int i = 1; i <= n && i <= 28; i++)
        (void)sqlite3_bind_int64(s, i, numbers[i]);
    bind_text(s, 1, j->id);
    bind_text(s, 2, j->owner);
    bind_text(s, 3, j->pdf_id);
    bind_text(s, 6, j->output_format);
    bind_text(s, 19, j->lease_token);
    bind_text(s, 21, j->request_json);
    bind_text(s, 22, j->error_message);
    bind_text(s, 23, j->result_name);
    bind_text(s, 24, j->debug_graph_name);
    bind_text(s, 25, j->approved_regions_json);
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
    bool ok = true;
    if (j == NULL)
        return NULL;
    column_copy(s, 0, j->id, sizeof j->id);
    column_copy(s, 1, j->owner, sizeof j->owner);
    column_copy(s, 2, j->pdf_id, sizeof j->pdf_id);
    j->status = (enum job_status)sqlite3_column_int(s, 3);
    j->outcome = (enum job_outcome)sqlite3_column_int(s, 4);
    column_copy(s, 5, j->output_format, sizeof j->output_format);
    j->regions_count = sqlite3_column_int(s, 6);
    j->progress.regions_done = sqlite3_column_int(s, 7);
    j->progress.regions_total = sqlite3_column_int(s, 8);
    j->progress.pages_done = sqlite3_column_int(s, 9);
    j->progress.pages_total = sqlite3_column_int(s, 10);
    j->attempts = sqlite3_column_int(s, 11);
    j->retry_count = sqlite3_column_int(s, 12);
    j->created_us = sqlite3_column_int64(s, 13);
    j->updated_us = sqlite3_column_int64(s, 14);
    j->expires_us = sqlite3_column_int64(s, 15);
    j->lease_expires_us = sqlite3_column_int64(s, 16);
    j->next_attempt_us = sqlite3_column_int64(s, 17);
    column_copy(s, 18, j->lease_token, sizeof j->lease_token);
    j->version = sqlite3_column_int64(s, 19);
    j->has_feedback = sqlite3_column_int(s, 25) != 0;
    j->feedback_count = sqlite3_column_int(s, 26);
    j->last_feedback_us = sqlite3_column_int64(s, 27);
    j->request_json = column_dup(s, 20, &ok);
    j->error_message = column_dup(s, 21, &ok);
    j->result_name = column_dup(s, 22, &ok);
    j->debug_graph_name = column_dup(s, 23, &ok);
    j->approved_regions_json = column_dup(s, 24, &ok);
    if (!ok) {
        job_free(j);
        return NULL;
    }
    return j;
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
    int64_t now_us = source_steady_us(t->source);
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
        struct job *j = step == SQLITE_ROW ? read_job(s) : NULL;
        struct job **jobs =
            j != NULL ? realloc(out->jobs, (out->n + 1) * sizeof(struct job *)) : NULL;
        if (step != SQLITE_ROW)
            err = sqlite_db_error(t->db, e);
        else if (jobs == NULL)
            err = error_no_memory(e);
        if (err != ERR_OK) {
            job_free(j);
            break;
        }
        out->jobs = jobs;
        out->jobs[out->n++] = j;
    }
    (void)sqlite3_reset(s);
    return err;
}

static enum err store_list(void *self, const struct job_filter *f, struct job_page *out,
                           struct error *e)
{
    struct store *t = self;
    int64_t created_us = INT64_MAX;
    char id[UUID_LEN + 1] = "", text[1024];
    sqlite3_stmt *s = NULL;
    memset(out, 0, sizeof *out);
    enum err err =
        f->page_token != NULL ? page_token_read(f->page_token, &created_us, id, e) : ERR_OK;
    if (err != ERR_OK)
        return err;
    (void)snprintf(text, sizeof text,
                   "SELECT " COLUMNS " FROM jobs WHERE (created_us, id) < (?1, ?2)%s%s%s"
                   " ORDER BY created_us DESC, id DESC LIMIT ?3",
                   f->owner != NULL ? " AND owner = ?4" : "",
                   f->pdf_id != NULL ? " AND pdf_id = ?5" : "",
                   f->status >= 0 ? " AND status = ?6" : "");
    if ((err = sqlite_db_prepare(t->db, text, &s, e)) != ERR_OK)
        return err;
    (void)sqlite3_bind_int64(s, 1, created_us);
    bind_text(s, 2, id);
    (void)sqlite3_bind_int(s, 3, f->page_size + 1);
    bind_text(s, 4, f->owner);
    bind_text(s, 5, f->pdf_id);
    (void)sqlite3_bind_int(s, 6, f->status);
    err = read_page(t, s, out, e);
    (void)sqlite3_finalize(s);
    if (err == ERR_OK && out->n > (size_t)f->page_size) {
        job_free(out->jobs[--out->n]);
        if ((out->next_page_token = page_token_make(out->jobs[out->n - 1]->created_us,
                                                    out->jobs[out->n - 1]->id)) == NULL)
            err = error_no_memory(e);
    }
    if (err != ERR_OK)
        job_page_free(out);
    return err;
}

static enum err list_before(struct store *t, enum statement which, int64_t before_us, int max,
                            struct job_page *out, struct error *e)
{
    (void)sqlite3_bind_int64(t->st[which], 1, before_us);
    (void)sqlite3_bind_int(t->st[which], 2, max);
    return read_page(t, t->st[which], out, e);
}

static enum err store_list_stale(void *self, int64_t queued_before_us, int64_t lease_before_us,
                                 int max, struct job_page *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    enum err err = list_before(self, ST_STALE_LEASED, lease_before_us, max, out, e);
    if (err == ERR_OK && out->n < (size_t)max)
        err = list_before(self, ST_STALE_QUEUED, queued_before_us, max - (int)out->n, out, e);
    if (err != ERR_OK)
        job_page_free(out);
    return err;
}

static enum err store_list_expired(void *self, int64_t now_us, int max, struct job_page *out,
                                   struct error *e)
{
    memset(out, 0, sizeof *out);
    enum err err = list_before(self, ST_EXPIRED, now_us, max, out, e);
    if (err != ERR_OK)
        job_page_free(out);
    return err;
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

static enum err store_feedback_add(void *self, const struct feedback *f, struct error *e)
{
    struct store *t = self;
    sqlite3_stmt *s = t->st[ST_FEEDBACK_COUNT];
    enum err err = sqlite_db_exec(t->db, "BEGIN IMMEDIATE", e);
    if (err != ERR_OK)
        return err;
    bind_text(s, 1, f->job_id);
    (void)sqlite3_bind_int64(s, 2, f->created_us);
    err = sqlite_db_run(t->db, s, e);
    if (err == ERR_OK && sqlite3_changes(t->db) != 1)
        err = error_set(e, ERR_NOT_FOUND, "There is no job %s.", f->job_id);
    if (err == ERR_OK) {
        s = t->st[ST_FEEDBACK_ADD];
        bind_text(s, 1, f->id);
        bind_text(s, 2, f->job_id);
        bind_text(s, 3, f->corrections_json);
        (void)sqlite3_bind_int(s, 4, f->corrections_count);
        bind_text(s, 5, f->user_id);
        bind_text(s, 6, f->session_id);
        (void)sqlite3_bind_int64(s, 7, f->timestamp_us);
        bind_text(s, 8, f->status);
        (void)sqlite3_bind_int64(s, 9, f->created_us);
        err = sqlite_db_run(t->db, s, e);
    }
    return end_transaction(t, err, e);
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
    .get = store_get,
    .replace = store_replace,
    .list = store_list,
    .list_stale = store_list_stale,
    .list_expired = store_list_expired,
    .remove = store_remove,
    .feedback_add = store_feedback_add,
    .feedback_list = store_feedback_list,
    .ping = store_ping,
    .close = store_close,
};

enum err sqlite_job_store_open(const char *path, const struct source *source, struct job_store *out,
                               struct error *e)
{
    struct store *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    t->source = source;
    enum err err = sqlite_db_open(path, &t->db, e);
    for (int i = 0; err == ERR_OK && i < ST__MAX; i++)
        err = sqlite_db_prepare(t->db, sql[i], &t->st[i], e);
    if (err != ERR_OK) {
        store_close(t);
        return err;
    }
    *out = (struct job_store){&ops, t};
    return ERR_OK;
}
