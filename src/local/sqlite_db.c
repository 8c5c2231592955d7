#include "local/sqlite_db.h"

#include <errno.h>
#include <string.h>

#include "local/local.h"
#include "local/sqlite_schema.h"

enum err sqlite_db_error(sqlite3 *db, struct error *e)
{
    int code = sqlite3_extended_errcode(db), primary = code & 0xFF;
    int system = sqlite3_system_errno(db);
    enum err err;
    if (primary == SQLITE_FULL ||
        (primary == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT)))
        err = error_set(e, ERR_STORAGE_FULL, "The disk is full; try again later.");
    else if (primary == SQLITE_NOMEM)
        err = error_no_memory(e);
    else
        err = error_set(e, ERR_UNAVAILABLE, "The job store does not answer; try again.");
    if (e != NULL) {
        e->retry_after_s = 5;
        error_cause(e, "sqlite: %s (%d), system error %d", sqlite3_errmsg(db), code, system);
    }
    return err;
}

enum err sqlite_db_exec(sqlite3 *db, const char *sql, struct error *e)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : sqlite_db_error(db, e);
}

enum err sqlite_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct error *e)
{
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK
               ? ERR_OK
               : sqlite_db_error(db, e);
}

enum err sqlite_db_run(sqlite3 *db, sqlite3_stmt *s, struct error *e)
{
    enum err err = sqlite3_step(s) == SQLITE_DONE ? ERR_OK : sqlite_db_error(db, e);
    (void)sqlite3_reset(s);
    return err;
}

enum err sqlite_db_open(const char *path, sqlite3 **out, struct error *e)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    enum err err = ERR_OK;
    if (sqlite3_open_v2(path, out, flags, NULL) != SQLITE_OK)
        err = *out != NULL ? sqlite_db_error(*out, e) : error_no_memory(e);
    if (err == ERR_OK) {
        (void)sqlite3_busy_timeout(*out, SQLITE_DB_BUSY_MS);
        err = sqlite_schema_check(*out, e);
    }
    if (err == ERR_OK)
        err = sqlite_db_exec(*out, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", e);
    if (err == ERR_OK)
        err = sqlite_schema_upgrade(*out, e);
    if (err != ERR_OK) {
        (void)sqlite3_close(*out);
        *out = NULL;
    }
    return err;
}

enum err sqlite_prepare(const char *path, struct error *e)
{
    sqlite3 *db = NULL;
    enum err err = sqlite_db_open(path, &db, e);
    (void)sqlite3_close(db);
    return err;
}
