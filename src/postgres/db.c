#include "postgres/db.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"

#define CONNECT_S        "3"
#define STATEMENT_MS     5000 /* on the server */
#define MARGIN_MS        2000 /* what we wait longer than it */
#define FIRST_DELAY_US   (US_PER_S / 10)
#define LONGEST_DELAY_US (5 * US_PER_S)

struct pg_db {
    char *url;
    pid_t pid; /* whose it is: a child's is another */
    int users;
    PGconn *conn;                            /* NULL: not connected */
    const char *prepared[PG_STATEMENTS_MAX]; /* the names that the connection knows */
    int n_prepared;
    int failures;        /* of connecting, since it last worked */
    int64_t next_try_us; /* monotonic */
    int patience_ms;
    bool in_transaction;
    const char *channel; /* NULL: none */
    bool told;
};

static struct pg_db *shared;

void pg_text(struct pg_args *a, const char *text)
{
    a->values[a->n++] = text;
}

void pg_number(struct pg_args *a, int64_t n)
{
    (void)snprintf(a->numbers[a->n], sizeof a->numbers[0], "%" PRId64, n);
    a->values[a->n] = a->numbers[a->n];
    a->n++;
}

int64_t pg_value_number(const PGresult *r, int row, int column)
{
    return strtoll(PQgetvalue(r, row, column), NULL, 10);
}

const char *pg_value_text(const PGresult *r, int row, int column)
{
    return PQgetisnull(r, row, column) == 1 ? NULL : PQgetvalue(r, row, column);
}

int64_t pg_changed(PGresult *r)
{
    return strtoll(PQcmdTuples(r), NULL, 10);
}

enum err pg_db_open(const char *url, struct pg_db **out, struct error *e)
{
    if (shared != NULL && shared->pid == getpid() && strcmp(shared->url, url) == 0) {
        shared->users++;
        *out = shared;
        return ERR_OK;
    }
    struct pg_db *db = calloc(1, sizeof *db);
    if (db == NULL || (db->url = strdup(url)) == NULL) {
        free(db);
        return error_no_memory(e);
    }
    db->pid = getpid();
    db->users = 1;
    db->patience_ms = STATEMENT_MS;
    *out = shared = db;
    return ERR_OK;
}

/* A connection that was made before a fork is the parent's: only its memory is ours. */
void pg_db_close(struct pg_db *db)
{
    if (db == NULL || --db->users > 0)
        return;
    if (db->pid == getpid())
        PQfinish(db->conn);
    if (shared == db)
        shared = NULL;
    free(db->url);
    free(db);
}

/* --- errors --- */

/* The first line of a message of libpq. */
static enum err add_cause(struct error *e, const char *state, const char *message)
{
    return error_cause(e, "postgresql: %s%s%.*s", state, state[0] != '\0' ? " " : "",
                       (int)strcspn(message, "\n"), message);
}

static enum err unavailable(struct error *e, const char *cause)
{
    error_set(e, ERR_UNAVAILABLE, "The database does not answer; try again.");
    e->retry_after_s = 5;
    return add_cause(e, "", cause);
}

static enum err too_slow(struct error *e)
{
    error_set(e, ERR_TIMEOUT, "The database takes too long; try again.");
    e->retry_after_s = 5;
    return ERR_TIMEOUT;
}

static bool is_state(const char *state, const char *start)
{
    return strncmp(state, start, strlen(start)) == 0;
}

/* By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
static enum err result_error(const PGresult *r, struct error *e)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    if (state == NULL)
        return unavailable(e, PQresultErrorMessage(r));
    if (is_state(state, "57014"))
        (void)too_slow(e);
    else if (is_state(state, "53100"))
        error_set(e, ERR_STORAGE_FULL, "The database's disk is full; try again later.");
    else if (is_state(state, "23505"))
        error_set(e, ERR_CONFLICT, "There is one already.");
    else
        (void)unavailable(e, "");
    return add_cause(e, state, message != NULL ? message : "");
}

/* --- the connection --- */

static void drop_connection(struct pg_db *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
    db->told = true;
}

/* Whether the server has hung up, which libpq notices only when it reads. */
static bool is_alive(const struct pg_db *db)
{
    struct pollfd p = {PQsocket(db->conn), POLLRDHUP, 0};
    return PQstatus(db->conn) == CONNECTION_OK && p.fd >= 0 &&
           (poll(&p, 1, 0) == 0 || (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0);
}

/* A simple query while the connection is set up. */
static bool set_up(PGconn *conn, const char *sql)
{
    PGresult *r = PQexec(conn, sql);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return ok;
}

static bool start_session(const struct pg_db *db)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql, "SET statement_timeout = %d; SET synchronous_commit = on",
                   db->patience_ms);
    if (!set_up(db->conn, sql))
        return false;
    (void)snprintf(sql, sizeof sql, "LISTEN %s", db->channel != NULL ? db->channel : "");
    return db->channel == NULL || set_up(db->conn, sql);
}

/* What the URL says comes last, so that it counts. */
static enum err connect_now(struct pg_db *db, struct error *e)
{
    static const char *const names[] = {"client_encoding",
                                        "fallback_application_name",
                                        "connect_timeout",
                                        "tcp_user_timeout",
                                        "keepalives_idle",
                                        "dbname",
                                        NULL};
    const char *const values[] = {"UTF8", "pdf-ocr-api", CONNECT_S, "10000", "30", db->url, NULL};
    if (db->failures > 0 && monotonic_us() < db->next_try_us)
        return unavailable(e, "not connected; it is tried again soon");
    db->conn = PQconnectdbParams(names, values, 1);
    if (PQstatus(db->conn) == CONNECTION_OK && start_session(db)) {
        db->failures = 0;
        db->n_prepared = 0;
        return ERR_OK;
    }
    (void)unavailable(e, PQerrorMessage(db->conn));
    db->next_try_us = monotonic_us() + random_jitter_us(backoff_us(FIRST_DELAY_US, db->failures++,
                                                                   LONGEST_DELAY_US));
    drop_connection(db);
    return ERR_UNAVAILABLE;
}

static enum err ensure_connected(struct pg_db *db, struct error *e)
{
    if (db->conn != NULL && is_alive(db))
        return ERR_OK;
    if (db->conn != NULL)
        drop_connection(db);
    return db->in_transaction ? unavailable(e, "the connection was lost within a transaction")
                              : connect_now(db, e);
}

/* --- statements --- */

/* Waits for the answer; false: it took too long, or the connection is gone. */
static bool wait_readable(const struct pg_db *db, int64_t until_us)
{
    while (PQisBusy(db->conn) == 1) {
        int64_t left_ms = (until_us - monotonic_us()) / 1000;
        struct pollfd p = {PQsocket(db->conn), POLLIN, 0};
        if (left_ms <= 0)
            return false;
        int n = poll(&p, 1, (int)left_ms);
        if ((n < 0 && errno != EINTR) || (n > 0 && PQconsumeInput(db->conn) != 1))
            return false;
    }
    return true;
}

/* The answer to what was sent: its last result, or its first error. */
static enum err read_answer(struct pg_db *db, bool sent, PGresult **out, struct error *e)
{
    int64_t until_us = monotonic_us() + (db->patience_ms + MARGIN_MS) * INT64_C(1000);
    PGresult *kept = NULL;
    enum err err = ERR_OK;
    while (sent) {
        if (!wait_readable(db, until_us)) {
            err =
                monotonic_us() >= until_us ? too_slow(e) : unavailable(e, PQerrorMessage(db->conn));
            drop_connection(db);
            break;
        }
        PGresult *r = PQgetResult(db->conn);
        if (r == NULL)
            break;
        PQclear(kept);
        kept = r;
        ExecStatusType status = PQresultStatus(r);
        if (err == ERR_OK && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            err = result_error(r, e);
    }
    if (!sent || (db->conn != NULL && PQstatus(db->conn) != CONNECTION_OK)) {
        if (err == ERR_OK)
            err = unavailable(e, PQerrorMessage(db->conn));
        drop_connection(db);
    }
    if (err != ERR_OK || out == NULL) {
        PQclear(kept);
        kept = NULL;
    }
    if (out != NULL)
        *out = kept;
    return err;
}

static bool is_prepared(const struct pg_db *db, const char *name)
{
    for (int i = 0; i < db->n_prepared; i++)
        if (strcmp(db->prepared[i], name) == 0)
            return true;
    return false;
}

static enum err prepare(struct pg_db *db, const struct pg_statement *s, struct error *e)
{
    if (is_prepared(db, s->name))
        return ERR_OK;
    if (db->n_prepared == PG_STATEMENTS_MAX)
        return error_set(e, ERR_INTERNAL, "There are too many statements.");
    enum err err = read_answer(db, PQsendPrepare(db->conn, s->name, s->sql, 0, NULL) == 1, NULL, e);
    if (err == ERR_OK)
        db->prepared[db->n_prepared++] = s->name;
    return err;
}

static enum err run_once(struct pg_db *db, const struct pg_statement *s, const struct pg_args *a,
                         PGresult **out, struct error *e)
{
    enum err err = ensure_connected(db, e);
    if (err == ERR_OK)
        err = prepare(db, s, e);
    if (err != ERR_OK)
        return err;
    return read_answer(
        db, PQsendQueryPrepared(db->conn, s->name, a->n, a->values, NULL, NULL, 0) == 1, out, e);
}

enum err pg_db_run(struct pg_db *db, const struct pg_statement *s, const struct pg_args *a,
                   PGresult **out, struct error *e)
{
    bool connected = db->conn != NULL;
    if (out != NULL)
        *out = NULL;
    enum err err = run_once(db, s, a, out, e);
    /* It was there and went while the statement ran: the server has started again, perhaps. */
    if (err == ERR_UNAVAILABLE && connected && db->conn == NULL && s->repeatable &&
        !db->in_transaction)
        err = run_once(db, s, a, out, e);
    return err;
}

enum err pg_db_query(struct pg_db *db, const char *sql, const struct pg_args *a, PGresult **out,
                     struct error *e)
{
    *out = NULL;
    enum err err = ensure_connected(db, e);
    if (err != ERR_OK)
        return err;
    return read_answer(
        db, PQsendQueryParams(db->conn, sql, a->n, NULL, a->values, NULL, NULL, 0) == 1, out, e);
}

enum err pg_db_exec(struct pg_db *db, const char *sql, struct error *e)
{
    enum err err = ensure_connected(db, e);
    return err == ERR_OK ? read_answer(db, PQsendQuery(db->conn, sql) == 1, NULL, e) : err;
}

enum err pg_db_begin(struct pg_db *db, const char *first, struct error *e)
{
    enum err err = pg_db_exec(db, "BEGIN", e);
    db->in_transaction = err == ERR_OK;
    return err == ERR_OK ? pg_db_exec(db, first, e) : err;
}

enum err pg_db_finish(struct pg_db *db, enum err err, struct error *e)
{
    struct error ignored;
    if (err == ERR_OK)
        err = pg_db_exec(db, "COMMIT", e);
    if (err != ERR_OK && db->conn != NULL && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        (void)pg_db_exec(db, "ROLLBACK", &ignored);
    db->in_transaction = false;
    return err;
}

enum err pg_db_patience(struct pg_db *db, int ms, struct error *e)
{
    char sql[64];
    db->patience_ms = ms > 0 ? ms : STATEMENT_MS;
    (void)snprintf(sql, sizeof sql, "SET statement_timeout = %d", db->patience_ms);
    return pg_db_exec(db, sql, e);
}

enum err pg_db_listen(struct pg_db *db, const char *channel, struct error *e)
{
    char sql[96];
    db->channel = channel;
    (void)snprintf(sql, sizeof sql, "LISTEN %s", channel);
    return pg_db_exec(db, sql, e);
}

int pg_db_fd(const struct pg_db *db)
{
    return db->conn != NULL ? PQsocket(db->conn) : -1;
}

bool pg_db_told(struct pg_db *db)
{
    if (db->conn != NULL && (PQconsumeInput(db->conn) != 1 || !is_alive(db)))
        drop_connection(db);
    bool told = db->told;
    for (PGnotify *n; db->conn != NULL && (n = PQnotifies(db->conn)) != NULL; PQfreemem(n))
        told = true;
    db->told = false;
    return told;
}
