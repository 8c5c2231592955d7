/* The rows of DATA_DIR/pdf-ocr.sqlite3. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/local.h"
#include "local/sqlite_db.h"
#include "move/row_store.h"
#include "move/sql.h"

static const struct move_dialect dialect = {
    .value = "?",
    .read_body = "CAST(body AS TEXT)",
    .write_body = "CAST(@ AS BLOB)",
    .read_state = "CASE state WHEN 'ended' THEN 'ended' ELSE 'waiting' END",
    .write_state = "@",
};

static enum err hold(void *self, struct error *e)
{
    return sqlite_db_exec(self, "BEGIN IMMEDIATE", e);
}

static enum err prepare(sqlite3 *db, struct buffer *sql, sqlite3_stmt **out, struct error *e)
{
    enum err err =
        buffer_failed(sql) ? error_no_memory(e) : sqlite_db_prepare(db, sql->data, out, e);
    buffer_free(sql);
    return err;
}

static enum err add_row(sqlite3_stmt *s, size_t n, struct move_page *out, struct error *e)
{
    const char *values[MOVE_COLUMNS_MAX];
    for (size_t c = 0; c < n; c++)
        values[c] = (const char *)sqlite3_column_text(s, (int)c);
    return move_page_add(out, values, n) ? ERR_OK : error_no_memory(e);
}

static enum err read_rows(void *self, const struct move_table *t, const char *const *after,
                          struct move_page *out, struct error *e)
{
    struct buffer sql = BUFFER_INIT;
    sqlite3_stmt *s = NULL;
    int step = SQLITE_ROW;
    move_sql_read(t, &dialect, MOVE_PAGE_ROWS, &sql);
    enum err err = prepare(self, &sql, &s, e);
    for (size_t k = 0; err == ERR_OK && k < t->n_keys; k++)
        (void)sqlite3_bind_text(s, (int)k + 1, after[k], -1, SQLITE_STATIC);
    while (err == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW)
        err = add_row(s, t->n_columns, out, e);
    if (err == ERR_OK && step != SQLITE_DONE)
        err = sqlite_db_error(self, e);
    (void)sqlite3_finalize(s);
    return err;
}

static enum err write_row(sqlite3 *db, sqlite3_stmt *s, const struct move_table *t,
                          const struct move_row *row, struct error *e)
{
    for (size_t c = 0; c < t->n_columns; c++) {
        const char *value = row->values[c];
        int at = (int)c + 1;
        if (value == NULL)
            (void)sqlite3_bind_null(s, at);
        else if (t->columns[c].kind == MOVE_NUMBER)
            (void)sqlite3_bind_int64(s, at, strtoll(value, NULL, 10));
        else
            (void)sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC);
    }
    return sqlite_db_run(db, s, e);
}

static enum err write_rows(void *self, const struct move_table *t,
                           const struct move_row *const *rows, size_t n, struct error *e)
{
    struct buffer sql = BUFFER_INIT;
    sqlite3_stmt *s = NULL;
    move_sql_write(t, &dialect, &sql);
    enum err err = prepare(self, &sql, &s, e);
    if (err == ERR_OK)
        err = sqlite_db_exec(self, "BEGIN IMMEDIATE", e);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = write_row(self, s, t, rows[i], e);
    (void)sqlite3_finalize(s);
    if (err == ERR_OK)
        err = sqlite_db_exec(self, "COMMIT", e);
    if (err != ERR_OK && sqlite3_get_autocommit(self) == 0)
        (void)sqlite_db_exec(self, "ROLLBACK", NULL);
    return err;
}

static void close_rows(void *self)
{
    (void)sqlite3_close(self); /* ends what hold began */
}

static const struct row_store_ops ops = {
    .name = "sqlite", .hold = hold, .read = read_rows, .write = write_rows, .close = close_rows};

enum err sqlite_rows_open(const struct config *cfg, bool make, struct row_store *out,
                          struct error *e)
{
    char *path = config_data_path(cfg, SQLITE_DATABASE);
    sqlite3 *db = NULL;
    enum err err = path != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK && make && mkdir(cfg->data_dir, 0750) != 0 && errno != EEXIST)
        err = error_system(e, "make", cfg->data_dir);
    if (err == ERR_OK && !make && access(path, R_OK | W_OK) != 0)
        err = error_system(e, "open", path);
    if (err == ERR_OK)
        err = sqlite_db_open(path, &db, e);
    free(path);
    if (err == ERR_OK)
        *out = (struct row_store){&ops, db};
    return err;
}
