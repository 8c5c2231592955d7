/* The connection to PostgreSQL: one a process, made when it is first used and again, with growing
 * delays, when it was lost. */
#ifndef PDF_OCR_POSTGRES_DB_H
#define PDF_OCR_POSTGRES_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define PG_ARGS_MAX       48
#define PG_STATEMENTS_MAX 48 /* of one process */

/* A statement that each connection prepares once, when it is first used. */
struct pg_statement {
    const char *name; /* one name is one text; a constant */
    const char *sql;
    bool repeatable; /* may run again when the connection was lost before the answer */
};

/* The values of $1, $2, ...; texts are borrowed. */
struct pg_args {
    int n;
    const char *values[PG_ARGS_MAX];
    char numbers[PG_ARGS_MAX][24];
};

/* Adds the next value; NULL is NULL. */
void pg_text(struct pg_args *a, const char *text);
void pg_number(struct pg_args *a, int64_t n);

struct pg_db;

/* The connection of this process to url (libpq's, with TLS as it says), which all that are opened
 * share; does not connect yet. */
enum err pg_db_open(const char *url, struct pg_db **out, struct error *e);
void pg_db_close(struct pg_db *db);

/* Runs a statement. *out is the caller's, to clear by PQclear; NULL on an error: ERR_UNAVAILABLE,
 * ERR_TIMEOUT, ERR_STORAGE_FULL, or ERR_CONFLICT when a row is there already. out may be NULL. */
enum err pg_db_run(struct pg_db *db, const struct pg_statement *s, const struct pg_args *a,
                   PGresult **out, struct error *e);

/* Runs text that is not worth preparing, which only reads. */
enum err pg_db_query(struct pg_db *db, const char *sql, const struct pg_args *a, PGresult **out,
                     struct error *e);

/* Runs text without values: several statements are one transaction. */
enum err pg_db_exec(struct pg_db *db, const char *sql, struct error *e);

/* A transaction of several calls: BEGIN and first; COMMIT, or ROLLBACK when err is an error. While
 * it lasts a lost connection is not made again. */
enum err pg_db_begin(struct pg_db *db, const char *first, struct error *e);
enum err pg_db_finish(struct pg_db *db, enum err err, struct error *e);

/* How long the server, and whoever waits for it, takes for a statement at most; the usual when
 * it is 0. */
enum err pg_db_patience(struct pg_db *db, int ms, struct error *e);

/* Has the server tell of a channel, on each connection from now on. */
enum err pg_db_listen(struct pg_db *db, const char *channel, struct error *e);

/* Readable when the server tells something; -1: not connected. */
int pg_db_fd(const struct pg_db *db);

/* Whether the server has told of the channel since the last time, or may have done so unheard,
 * because the connection was lost. Asks nobody. */
bool pg_db_told(struct pg_db *db);

/* A number of a row; 0 where it is NULL. A text; NULL where it is NULL. */
int64_t pg_value_number(const PGresult *r, int row, int column);
const char *pg_value_text(const PGresult *r, int row, int column);

/* How many rows a statement has changed. */
int64_t pg_changed(PGresult *r);

#endif
