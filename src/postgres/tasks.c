/* Tasks in PostgreSQL: the queue that writes them, and the table as dispatchers see it.
 *
 * A dispatcher holds what it delivers by a lease on the server's clock, which it renews; a task
 * whose lease has run out is due again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "postgres/db.h"
#include "postgres/postgres.h"

#define CHANNEL  "pdf_ocr_tasks"
#define NOW_US   "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
#define LEASE_US "20000000"
#define RENEW_US (5 * US_PER_S)
#define IDLE_US  (30 * US_PER_S) /* only if what the server tells is lost */
#define BUSY_US  (US_PER_S)      /* until what is due may run, perhaps */

enum statement {
    ST_ADD,
    ST_EXISTS,
    ST_DEPTH,
    ST_TAKE,
    ST_NEXT,
    ST_END,
    ST_DROP,
    ST_PUT_BACK,
    ST_RENEW,
    ST_RECOVER,
    ST_RELEASE,
    ST_PURGE,
    ST__MAX
};

static const struct pg_statement statements[ST__MAX] = {
    [ST_ADD] = {"task_add",
                "WITH t AS (INSERT INTO tasks(name, path, body, traceparent, due_us, eta_us, "
                "owner, size) VALUES($1, $2, $3, $4, $5, $5, $6, $7) ON CONFLICT(name) DO NOTHING "
                "RETURNING name) SELECT pg_notify('" CHANNEL "', '') FROM t",
                true},
    [ST_EXISTS] = {"task_exists", "SELECT count(*) FROM tasks WHERE name = $1 AND state < 2", true},
    [ST_DEPTH] = {"task_depth",
                  "SELECT (SELECT count(*) FROM tasks WHERE state = 0) + "
                  "(SELECT count(*) FROM tasks WHERE state = 1)",
                  true},
    /* Owners are found by steps through an index, not by reading all tasks. Those with the fewest
     * tasks running come first, then the next by name; of the first one that has a task which no
     * other dispatcher is taking, the first by rank. */
    [ST_TAKE] =
        {"task_take",
         "WITH RECURSIVE o(owner) AS ((SELECT min(owner) FROM tasks WHERE state = 0) UNION ALL "
         "SELECT (SELECT min(owner) FROM tasks WHERE state = 0 AND owner > o.owner) FROM o "
         "WHERE o.owner IS NOT NULL), "
         "turn AS (SELECT owner FROM (SELECT owner, (SELECT count(*) FROM tasks WHERE state = 1 "
         "AND owner = o.owner) AS n FROM o WHERE owner IS NOT NULL AND EXISTS (SELECT 1 FROM tasks "
         "WHERE state = 0 AND owner = o.owner AND due_us <= $1)) AS c "
         "WHERE $2::bigint = 0 OR n < $2 ORDER BY n, owner <= $3, owner), "
         "one AS (SELECT t.name FROM turn CROSS JOIN LATERAL (SELECT name FROM tasks WHERE "
         "state = 0 AND owner = turn.owner AND due_us <= $1 ORDER BY due_us + size * 1000000 "
         "LIMIT 1 FOR UPDATE SKIP LOCKED) AS t LIMIT 1) "
         "UPDATE tasks SET state = 1, dispatches = dispatches + 1, holder = $4, "
         "lease_us = " NOW_US " + " LEASE_US " FROM one WHERE tasks.name = one.name RETURNING "
         "tasks.name, path, body, traceparent, eta_us, dispatches - 1, responses, last_response, "
         "owner",
         false},
    /* When the next one is due, whether some are due already, and how long the first lease lasts.
     */
    [ST_NEXT] = {"task_next",
                 "SELECT (SELECT min(due_us) FROM tasks WHERE state = 0 AND due_us > $1), "
                 "EXISTS (SELECT 1 FROM tasks WHERE state = 0 AND due_us <= $1)::int, "
                 "(SELECT min(lease_us) FROM tasks WHERE state = 1) - " NOW_US,
                 true},
    [ST_END] = {"task_end", "UPDATE tasks SET state = 2, ended_us = $2, body = '' WHERE name = $1",
                true},
    [ST_DROP] = {"task_drop", "DELETE FROM tasks WHERE name = $1 AND state = 1 AND holder = $2",
                 true},
    [ST_PUT_BACK] = {"task_put_back",
                     "UPDATE tasks SET state = 0, due_us = $2, last_response = $3, "
                     "responses = responses + ($3::bigint > 0)::int "
                     "WHERE name = $1 AND state = 1 AND holder = $4",
                     true},
    [ST_RENEW] = {"task_renew",
                  "UPDATE tasks SET lease_us = " NOW_US " + " LEASE_US
                  " WHERE state = 1 AND holder = $1",
                  true},
    [ST_RECOVER] = {"task_recover",
                    "UPDATE tasks SET state = 0 WHERE state = 1 AND lease_us < " NOW_US, true},
    [ST_RELEASE] = {"task_release", "UPDATE tasks SET state = 0 WHERE state = 1 AND holder = $1",
                    true},
    [ST_PURGE] = {"task_purge", "DELETE FROM tasks WHERE state = 2 AND ended_us < $1", true},
};

struct tasks {
    struct pg_db *db;
    const struct clock *clock;
    char holder[33]; /* which dispatcher this is */
    char *served;    /* owned: the owner of the task taken last; NULL: none yet */
};

static enum err tasks_open(const char *url, const struct clock *clock, struct tasks **out,
                           struct error *e)
{
    struct tasks *t = calloc(1, sizeof *t);
    enum err err = t != NULL ? pg_db_open(url, &t->db, e) : error_no_memory(e);
    if (err != ERR_OK) {
        free(t);
        return err;
    }
    t->clock = clock;
    random_hex(t->holder, sizeof t->holder / 2);
    *out = t;
    return ERR_OK;
}

static void tasks_close(void *self)
{
    struct tasks *t = self;
    pg_db_close(t->db);
    free(t->served);
    free(t);
}

/* Runs a statement whose answer is of no interest. */
static enum err run(struct tasks *t, enum statement which, const struct pg_args *a, struct error *e)
{
    return pg_db_run(t->db, &statements[which], a, NULL, e);
}

static enum err read_number(struct tasks *t, enum statement which, const struct pg_args *a,
                            int64_t *out, struct error *e)
{
    PGresult *r = NULL;
    enum err err = pg_db_run(t->db, &statements[which], a, &r, e);
    if (err == ERR_OK)
        *out = pg_value_number(r, 0, 0);
    PQclear(r);
    return err;
}

/* --- the queue --- */

static enum err queue_enqueue(void *self, const struct task *task, struct error *e)
{
    struct tasks *t = self;
    struct pg_args a = {.n = 0};
    int64_t now_us = clock_steady_us(t->clock);
    char *body = strndup(task->body, task->body_len);
    if (body == NULL)
        return error_no_memory(e);
    pg_text(&a, task->name);
    pg_text(&a, task->path);
    pg_text(&a, body);
    pg_text(&a,
            task->traceparent != NULL && task->traceparent[0] != '\0' ? task->traceparent : NULL);
    pg_number(&a, task->schedule_us > now_us ? task->schedule_us : now_us);
    pg_text(&a, task->owner != NULL ? task->owner : "");
    pg_number(&a, task->size);
    enum err err = run(t, ST_ADD, &a, e);
    free(body);
    return err;
}

static enum err queue_exists(void *self, const char *name, bool *out, struct error *e)
{
    struct pg_args a = {.n = 0};
    int64_t n = 0;
    pg_text(&a, name);
    enum err err = read_number(self, ST_EXISTS, &a, &n, e);
    *out = n > 0;
    return err;
}

static enum err queue_depth(void *self, int64_t *out, struct error *e)
{
    static const struct pg_args none = {.n = 0};
    return read_number(self, ST_DEPTH, &none, out, e);
}

static enum err queue_ping(void *self, struct error *e)
{
    bool found;
    return queue_exists(self, "ping", &found, e);
}

static const struct task_queue_ops queue_ops = {
    .name = "postgres",
    .enqueue = queue_enqueue,
    .exists = queue_exists,
    .depth = queue_depth,
    .ping = queue_ping,
    .close = tasks_close,
};

enum err postgres_task_queue_open(const char *url, const struct clock *clock,
                                  struct task_queue *out, struct error *e)
{
    struct tasks *t = NULL;
    enum err err = tasks_open(url, clock, &t, e);
    if (err == ERR_OK)
        *out = (struct task_queue){&queue_ops, t};
    return err;
}

/* --- the table --- */

static bool read_task(const PGresult *r, struct due_task *d)
{
    bool ok = true;
    memset(d, 0, sizeof *d);
    (void)snprintf(d->name, sizeof d->name, "%s", PQgetvalue(r, 0, 0));
    d->path = text_dup(PQgetvalue(r, 0, 1), &ok);
    d->body = text_dup(PQgetvalue(r, 0, 2), &ok);
    d->body_len = (size_t)PQgetlength(r, 0, 2);
    d->traceparent = text_dup(pg_value_text(r, 0, 3), &ok);
    d->eta_us = pg_value_number(r, 0, 4);
    d->dispatches = (int)pg_value_number(r, 0, 5);
    d->responses = (int)pg_value_number(r, 0, 6);
    d->last_response = (int)pg_value_number(r, 0, 7);
    if (!ok)
        due_task_free(d);
    return ok;
}

/* Where an owner's tasks are counted, one dispatcher takes at a time. */
static enum err take_one(struct tasks *t, const struct pg_args *a, bool counted, PGresult **out,
                         struct error *e)
{
    *out = NULL;
    if (!counted)
        return pg_db_run(t->db, &statements[ST_TAKE], a, out, e);
    enum err err = pg_db_begin(t->db, "SELECT pg_advisory_xact_lock(hashtext('" CHANNEL "'))", e);
    if (err == ERR_OK)
        err = pg_db_run(t->db, &statements[ST_TAKE], a, out, e);
    err = pg_db_finish(t->db, err, e);
    if (err != ERR_OK) {
        PQclear(*out);
        *out = NULL;
    }
    return err;
}

/* When to look again; *again: at once, since leases have run out. */
static enum err find_next(struct tasks *t, int64_t now_us, int64_t *next_us, bool *again,
                          struct error *e)
{
    static const struct pg_args none = {.n = 0};
    struct pg_args a = {.n = 0};
    PGresult *r = NULL;
    pg_number(&a, now_us);
    enum err err = pg_db_run(t->db, &statements[ST_NEXT], &a, &r, e);
    if (err != ERR_OK)
        return err;
    bool leased = pg_value_text(r, 0, 2) != NULL;
    int64_t left_us = pg_value_number(r, 0, 2);
    *next_us = pg_value_number(r, 0, 0);
    if (pg_value_number(r, 0, 1) != 0)
        *next_us = now_us + BUSY_US;
    if (leased && (*next_us == 0 || now_us + left_us < *next_us))
        *next_us = now_us + left_us;
    PQclear(r);
    *again = leased && left_us < 0;
    return *again ? run(t, ST_RECOVER, &none, e) : ERR_OK;
}

static enum err table_take(void *self, int64_t now_us, int64_t per_owner, struct due_task *out,
                           bool *found, int64_t *next_us, struct error *e)
{
    struct tasks *t = self;
    struct pg_args a = {.n = 0};
    PGresult *r = NULL;
    bool again = true;
    *found = false;
    *next_us = 0;
    pg_number(&a, now_us);
    pg_number(&a, per_owner);
    pg_text(&a, t->served != NULL ? t->served : "");
    pg_text(&a, t->holder);
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && again && i < 2; i++) {
        err = take_one(t, &a, per_owner > 0, &r, e);
        if (err != ERR_OK || PQntuples(r) > 0)
            break;
        PQclear(r);
        r = NULL;
        err = find_next(t, now_us, next_us, &again, e);
    }
    if (r != NULL) {
        if (!(*found = read_task(r, out)))
            err = error_no_memory(e);
        free(t->served); /* when memory is out the turn begins anew */
        t->served = strdup(PQgetvalue(r, 0, 8));
    }
    PQclear(r);
    return err;
}

static enum err table_end(void *self, const char *name, int64_t now_us, struct error *e)
{
    struct pg_args a = {.n = 0};
    pg_text(&a, name);
    pg_number(&a, now_us);
    return run(self, ST_END, &a, e);
}

static enum err table_drop(void *self, const char *name, struct error *e)
{
    struct tasks *t = self;
    struct pg_args a = {.n = 0};
    pg_text(&a, name);
    pg_text(&a, t->holder);
    return run(t, ST_DROP, &a, e);
}

static enum err table_put_back(void *self, const char *name, int64_t due_us, int status,
                               struct error *e)
{
    struct tasks *t = self;
    struct pg_args a = {.n = 0};
    pg_text(&a, name);
    pg_number(&a, due_us);
    pg_number(&a, status);
    pg_text(&a, t->holder);
    return run(t, ST_PUT_BACK, &a, e);
}

static enum err table_tick(void *self, int64_t now_us, struct error *e)
{
    struct pg_args a = {.n = 0};
    pg_number(&a, now_us - TASK_NAME_LIFE_US);
    return run(self, ST_PURGE, &a, e);
}

static enum err by_holder(struct tasks *t, enum statement which, struct error *e)
{
    struct pg_args a = {.n = 0};
    pg_text(&a, t->holder);
    return run(t, which, &a, e);
}

static enum err table_renew(void *self, struct error *e)
{
    return by_holder(self, ST_RENEW, e);
}

static enum err table_start(void *self, bool *lost, struct error *e)
{
    struct tasks *t = self;
    *lost = false;
    return pg_db_listen(t->db, CHANNEL, e);
}

static int table_wake_fd(void *self)
{
    const struct tasks *t = self;
    return pg_db_fd(t->db);
}

static bool table_woken(void *self)
{
    struct tasks *t = self;
    return pg_db_told(t->db);
}

static const struct task_table_ops table_ops = {.start = table_start,
                                                .take = table_take,
                                                .end = table_end,
                                                .drop = table_drop,
                                                .put_back = table_put_back,
                                                .tick = table_tick,
                                                .renew = table_renew,
                                                .renew_us = RENEW_US,
                                                .wake_fd = table_wake_fd,
                                                .woken = table_woken,
                                                .idle_us = IDLE_US};

enum err postgres_task_table_open(const char *url, const struct clock *clock,
                                  struct task_table *out, struct error *e)
{
    struct tasks *t = NULL;
    enum err err = tasks_open(url, clock, &t, e);
    if (err == ERR_OK)
        *out = (struct task_table){&table_ops, t};
    return err;
}

/* What it still holds is due for the others at once. */
void postgres_task_table_close(struct task_table *t)
{
    struct error e = {0};
    if (by_holder(t->self, ST_RELEASE, &e) != ERR_OK)
        log_error(LOG_WARNING, "the tasks of this dispatcher stay taken until their lease ends",
                  &e);
    tasks_close(t->self);
}
