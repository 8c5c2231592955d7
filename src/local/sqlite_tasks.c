#include "local/sqlite_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local/sqlite_db.h"

enum statement {
    ST_ADD,
    ST_EXISTS,
    ST_DEPTH,
    ST_TAKE,
    ST_NEXT,
    ST_END,
    ST_DROP,
    ST_PUT_BACK,
    ST_RECOVER,
    ST_PURGE,
    ST__MAX
};

static const char *const sql[ST__MAX] = {
    [ST_ADD] = "INSERT INTO tasks(name,path,body,traceparent,due_us,eta_us,owner,size) "
               "VALUES(?1,?2,?3,?4,?5,?5,?6,?7) ON CONFLICT(name) DO NOTHING",
    [ST_EXISTS] = "SELECT count(*) FROM tasks WHERE name=?1 AND state<>'ended'",
    [ST_DEPTH] = "SELECT count(*) FROM tasks WHERE state<>'ended'",
    /* Of the owners with the fewest tasks running the next one by name, of that one's tasks the
     * first by rank. Owners are found by steps through an index, not by reading all tasks. */
    [ST_TAKE] =
        "UPDATE tasks SET state='running', dispatches=dispatches+1 WHERE rowid=("
        "SELECT rowid FROM tasks INDEXED BY tasks_rank WHERE state='waiting' AND due_us<=?1 AND "
        "owner=("
        "WITH RECURSIVE o(owner) AS (SELECT min(owner) FROM tasks WHERE state='waiting' UNION ALL "
        "SELECT (SELECT min(owner) FROM tasks WHERE state='waiting' AND owner>o.owner) FROM o "
        "WHERE o.owner IS NOT NULL) SELECT owner FROM (SELECT owner, (SELECT count(*) FROM tasks "
        "WHERE state='running' AND owner=o.owner) AS n FROM o WHERE owner IS NOT NULL AND EXISTS ("
        "SELECT 1 FROM tasks WHERE state='waiting' AND owner=o.owner AND due_us<=?1)) "
        "WHERE ?2=0 OR n<?2 ORDER BY n, owner<=?3, owner LIMIT 1) "
        "ORDER BY due_us+size*1000000 LIMIT 1) RETURNING "
        "name,path,body,traceparent,eta_us,dispatches-1,responses,last_response,owner",
    [ST_NEXT] = "SELECT min(due_us) FROM tasks WHERE state='waiting' AND due_us>?1",
    [ST_END] = "UPDATE tasks SET state='ended', ended_us=?2, body=x'' WHERE name=?1",
    [ST_DROP] = "DELETE FROM tasks WHERE name=?1",
    [ST_PUT_BACK] = "UPDATE tasks SET state='waiting', due_us=?2, last_response=?3, "
                    "responses=responses+(?3>0) WHERE name=?1 AND state='running'",
    [ST_RECOVER] = "UPDATE tasks SET state='waiting' WHERE state='running'",
    [ST_PURGE] = "DELETE FROM tasks WHERE state='ended' AND ended_us<?1",
};

struct sqlite_tasks {
    sqlite3 *db;
    sqlite3_stmt *st[ST__MAX];
    char *served; /* owned: the owner of the task taken last; NULL: none yet */
};

enum err sqlite_tasks_open(const char *path, struct sqlite_tasks **out, struct error *e)
{
    struct sqlite_tasks *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    enum err err = sqlite_db_open(path, &t->db, e);
    for (int i = 0; err == ERR_OK && i < ST__MAX; i++)
        err = sqlite_db_prepare(t->db, sql[i], &t->st[i], e);
    if (err != ERR_OK) {
        sqlite_tasks_close(t);
        t = NULL;
    }
    *out = t;
    return err;
}

void sqlite_tasks_close(struct sqlite_tasks *t)
{
    if (t == NULL)
        return;
    for (int i = 0; i < ST__MAX; i++)
        (void)sqlite3_finalize(t->st[i]);
    (void)sqlite3_close(t->db);
    free(t->served);
    free(t);
}

enum err sqlite_tasks_add(struct sqlite_tasks *t, const struct task *task, int64_t now_us,
                          struct error *e)
{
    sqlite3_stmt *s = t->st[ST_ADD];
    (void)sqlite3_bind_text(s, 1, task->name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(s, 2, task->path, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(s, 3, task->body, task->body_len, SQLITE_STATIC);
    if (task->traceparent != NULL && task->traceparent[0] != '\0')
        (void)sqlite3_bind_text(s, 4, task->traceparent, -1, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(s, 4);
    (void)sqlite3_bind_int64(s, 5, task->schedule_us > now_us ? task->schedule_us : now_us);
    (void)sqlite3_bind_text(s, 6, task->owner != NULL ? task->owner : "", -1, SQLITE_STATIC);
    (void)sqlite3_bind_int(s, 7, task->size);
    return sqlite_db_run(t->db, s, e);
}

/* Runs a query for one number; NULL counts as 0. */
static enum err read_number(struct sqlite_tasks *t, sqlite3_stmt *s, int64_t *out, struct error *e)
{
    enum err err = ERR_OK;
    if (sqlite3_step(s) == SQLITE_ROW)
        *out = sqlite3_column_int64(s, 0);
    else
        err = sqlite_db_error(t->db, e);
    (void)sqlite3_reset(s);
    return err;
}

enum err sqlite_tasks_exists(struct sqlite_tasks *t, const char *name, bool *out, struct error *e)
{
    int64_t n = 0;
    (void)sqlite3_bind_text(t->st[ST_EXISTS], 1, name, -1, SQLITE_STATIC);
    enum err err = read_number(t, t->st[ST_EXISTS], &n, e);
    *out = n > 0;
    return err;
}

enum err sqlite_tasks_depth(struct sqlite_tasks *t, int64_t *out, struct error *e)
{
    return read_number(t, t->st[ST_DEPTH], out, e);
}

static bool read_task(sqlite3_stmt *s, struct due_task *d)
{
    const unsigned char *trace = sqlite3_column_text(s, 3);
    memset(d, 0, sizeof *d);
    (void)snprintf(d->name, sizeof d->name, "%s", (const char *)sqlite3_column_text(s, 0));
    d->path = strdup((const char *)sqlite3_column_text(s, 1));
    d->body_len = (size_t)sqlite3_column_bytes(s, 2);
    if ((d->body = malloc(d->body_len + 1)) != NULL && d->body_len > 0)
        memcpy(d->body, sqlite3_column_blob(s, 2), d->body_len);
    d->traceparent = trace != NULL ? strdup((const char *)trace) : NULL;
    d->eta_us = sqlite3_column_int64(s, 4);
    d->dispatches = sqlite3_column_int(s, 5);
    d->responses = sqlite3_column_int(s, 6);
    d->last_response = sqlite3_column_int(s, 7);
    if (d->path != NULL && d->body != NULL && (trace == NULL || d->traceparent != NULL))
        return true;
    due_task_free(d);
    return false;
}

/* When memory is out the turn begins anew. */
static void remember_owner(struct sqlite_tasks *t, const unsigned char *owner)
{
    free(t->served);
    t->served = owner != NULL ? strdup((const char *)owner) : NULL;
}

enum err sqlite_tasks_take(struct sqlite_tasks *t, int64_t now_us, int64_t per_owner,
                           struct due_task *out, bool *found, int64_t *next_us, struct error *e)
{
    sqlite3_stmt *s = t->st[ST_TAKE];
    enum err err = ERR_OK;
    *found = false;
    *next_us = 0;
    (void)sqlite3_bind_int64(s, 1, now_us);
    (void)sqlite3_bind_int64(s, 2, per_owner);
    (void)sqlite3_bind_text(s, 3, t->served != NULL ? t->served : "", -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(t->st[ST_NEXT], 1, now_us);
    int step = sqlite3_step(s);
    if (step == SQLITE_ROW) {
        if (!(*found = read_task(s, out)))
            err = error_no_memory(e);
        remember_owner(t, sqlite3_column_text(s, 8));
        /* The change is committed when the statement has run to its end. */
        if (sqlite3_step(s) != SQLITE_DONE && err == ERR_OK)
            err = sqlite_db_error(t->db, e);
        if (err != ERR_OK && *found) {
            due_task_free(out);
            *found = false;
        }
    } else if (step != SQLITE_DONE) {
        err = sqlite_db_error(t->db, e);
    }
    (void)sqlite3_reset(s);
    return err == ERR_OK && !*found ? read_number(t, t->st[ST_NEXT], next_us, e) : err;
}

enum err sqlite_tasks_end(struct sqlite_tasks *t, const char *name, int64_t now_us, struct error *e)
{
    sqlite3_stmt *s = t->st[ST_END];
    (void)sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 2, now_us);
    return sqlite_db_run(t->db, s, e);
}

enum err sqlite_tasks_drop(struct sqlite_tasks *t, const char *name, struct error *e)
{
    (void)sqlite3_bind_text(t->st[ST_DROP], 1, name, -1, SQLITE_STATIC);
    return sqlite_db_run(t->db, t->st[ST_DROP], e);
}

enum err sqlite_tasks_put_back(struct sqlite_tasks *t, const char *name, int64_t due_us, int status,
                               struct error *e)
{
    sqlite3_stmt *s = t->st[ST_PUT_BACK];
    (void)sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 2, due_us);
    (void)sqlite3_bind_int(s, 3, status);
    return sqlite_db_run(t->db, s, e);
}

enum err sqlite_tasks_recover(struct sqlite_tasks *t, struct error *e)
{
    return sqlite_db_run(t->db, t->st[ST_RECOVER], e);
}

enum err sqlite_tasks_purge(struct sqlite_tasks *t, int64_t now_us, struct error *e)
{
    (void)sqlite3_bind_int64(t->st[ST_PURGE], 1, now_us - TASK_NAME_LIFE_US);
    return sqlite_db_run(t->db, t->st[ST_PURGE], e);
}
