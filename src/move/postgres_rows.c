/* The rows of the database that DATABASE_URL names. */
#include "move/row_store.h"
#include "move/sql.h"
#include "postgres/db.h"
#include "postgres/postgres.h"
#include "postgres/settings.h"

#define STATEMENT_MS (600 * 1000)

static const struct move_dialect dialect = {
    .value = "$",
    .read_body = "body",
    .write_body = "@",
    .read_state = "CASE state WHEN 2 THEN 'ended' ELSE 'waiting' END",
    .write_state = "CASE @::text WHEN 'ended' THEN 2 ELSE 0 END",
};

/* What is written meanwhile would be lost. */
static enum err hold(void *self, struct error *e)
{
    return pg_db_begin(self,
                       "LOCK TABLE jobs, idempotency, feedback, counters, tasks IN SHARE MODE", e);
}

static enum err read_rows(void *self, const struct move_table *t, const char *const *after,
                          struct move_page *out, struct error *e)
{
    struct buffer sql = BUFFER_INIT;
    struct pg_args key = {.n = 0};
    PGresult *r = NULL;
    move_sql_read(t, &dialect, MOVE_PAGE_ROWS, &sql);
    for (size_t k = 0; k < t->n_keys; k++)
        pg_text(&key, after[k]);
    enum err err =
        buffer_failed(&sql) ? error_no_memory(e) : pg_db_query(self, sql.data, &key, &r, e);
    buffer_free(&sql);
    for (int i = 0; err == ERR_OK && i < PQntuples(r); i++) {
        const char *values[MOVE_COLUMNS_MAX];
        for (size_t c = 0; c < t->n_columns; c++)
            values[c] = pg_value_text(r, i, (int)c);
        if (!move_page_add(out, values, t->n_columns))
            err = error_no_memory(e);
    }
    PQclear(r);
    return err;
}

static enum err write_row(struct pg_db *db, const char *sql, const struct move_table *t,
                          const struct move_row *row, struct error *e)
{
    struct pg_args values = {.n = 0};
    PGresult *r = NULL;
    for (size_t c = 0; c < t->n_columns; c++)
        pg_text(&values, row->values[c]);
    enum err err = pg_db_query(db, sql, &values, &r, e);
    PQclear(r);
    return err;
}

static enum err write_rows(void *self, const struct move_table *t,
                           const struct move_row *const *rows, size_t n, struct error *e)
{
    struct buffer sql = BUFFER_INIT;
    move_sql_write(t, &dialect, &sql);
    enum err err = buffer_failed(&sql) ? error_no_memory(e)
                                       : pg_db_begin(self, "SET LOCAL synchronous_commit = on", e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = write_row(self, sql.data, t, rows[i], e);
    buffer_free(&sql);
    return pg_db_finish(self, err, e);
}

/* A transaction of hold ends with the connection. */
static void close_rows(void *self)
{
    pg_db_close(self);
}

static const struct row_store_ops ops = {
    .name = "postgres", .hold = hold, .read = read_rows, .write = write_rows, .close = close_rows};

enum err postgres_rows_open(const struct config *cfg, bool make, struct row_store *out,
                            struct error *e)
{
    struct pg_db *db = NULL;
    (void)make; /* a database is made by who may */
    const struct postgres_settings *s = config_values(cfg, &postgres_settings);
    enum err err = postgres_jobs_part.check(cfg, e);
    if (err == ERR_OK)
        err = postgres_prepare(s->database_url, e);
    if (err == ERR_OK)
        err = pg_db_open(s->database_url, &db, e);
    if (err == ERR_OK && (err = pg_db_patience(db, STATEMENT_MS, e)) != ERR_OK)
        pg_db_close(db);
    if (err == ERR_OK)
        *out = (struct row_store){&ops, db};
    return err;
}
