#include "local/sqlite_db.h"

#include <errno.h>
#include <string.h>

#define BUSY_TIMEOUT_MS 5000

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS jobs("
    " id TEXT PRIMARY KEY, owner TEXT NOT NULL, pdf_id TEXT NOT NULL, status INTEGER NOT NULL,"
    " outcome INTEGER NOT NULL, output_format TEXT NOT NULL, regions_count INTEGER NOT NULL,"
    " regions_done INTEGER NOT NULL, regions_total INTEGER NOT NULL, pages_done INTEGER NOT NULL,"
    " pages_total INTEGER NOT NULL, attempts INTEGER NOT NULL, retry_count INTEGER NOT NULL,"
    " created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,"
    " lease_expires_us INTEGER NOT NULL, next_attempt_us INTEGER NOT NULL,"
    " lease_token TEXT NOT NULL, version INTEGER NOT NULL, request_json TEXT, error_message TEXT,"
    " result_name TEXT, debug_graph_name TEXT, approved_regions_json TEXT,"
    " has_feedback INTEGER NOT NULL, feedback_count INTEGER NOT NULL,"
    " last_feedback_us INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS jobs_by_owner ON jobs(owner, created_us DESC, id DESC);"
    "CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs(created_us DESC, id DESC);"
    "CREATE INDEX IF NOT EXISTS jobs_by_pdf ON jobs(pdf_id, created_us DESC, id DESC);"
    "CREATE INDEX IF NOT EXISTS jobs_queued ON jobs(next_attempt_us) WHERE status = 0;"
    "CREATE INDEX IF NOT EXISTS jobs_leased ON jobs(lease_expires_us) WHERE status = 1;"
    "CREATE INDEX IF NOT EXISTS jobs_ended ON jobs(expires_us) WHERE status >= 2;"
    "CREATE TABLE IF NOT EXISTS idempotency("
    " owner TEXT NOT NULL, key TEXT NOT NULL, body_hash TEXT NOT NULL, job_id TEXT NOT NULL,"
    " created_us INTEGER NOT NULL, PRIMARY KEY(owner, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS idempotency_by_time ON idempotency(created_us);"
    "CREATE INDEX IF NOT EXISTS idempotency_by_job ON idempotency(job_id);"
    "CREATE TABLE IF NOT EXISTS feedback("
    " id TEXT PRIMARY KEY, job_id TEXT NOT NULL, corrections_json TEXT NOT NULL,"
    " corrections_count INTEGER NOT NULL, user_id TEXT, session_id TEXT,"
    " timestamp_us INTEGER NOT NULL, status TEXT NOT NULL, created_us INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS feedback_by_job ON feedback(job_id, created_us, id);"
    "CREATE TABLE IF NOT EXISTS tasks("
    " name TEXT PRIMARY KEY, path TEXT NOT NULL, body BLOB NOT NULL, traceparent TEXT,"
    " due_us INTEGER NOT NULL, eta_us INTEGER NOT NULL, dispatches INTEGER NOT NULL DEFAULT 0,"
    " responses INTEGER NOT NULL DEFAULT 0, last_response INTEGER NOT NULL DEFAULT 0,"
    " state INTEGER NOT NULL DEFAULT 0, ended_us INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX IF NOT EXISTS tasks_due ON tasks(due_us) WHERE state = 0;"
    "CREATE INDEX IF NOT EXISTS tasks_running ON tasks(state) WHERE state = 1;"
    "CREATE INDEX IF NOT EXISTS tasks_ended ON tasks(ended_us) WHERE state = 2;"
    "PRAGMA user_version = 1;";

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

static enum err make_tables(sqlite3 *db, struct error *e)
{
    sqlite3_stmt *s = NULL;
    enum err err = sqlite_db_prepare(db, "PRAGMA user_version", &s, e);
    if (err != ERR_OK)
        return err;
    int version = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0) : 0;
    (void)sqlite3_finalize(s);
    if (version == 1)
        return ERR_OK;
    if ((err = sqlite_db_exec(db, "BEGIN IMMEDIATE", e)) != ERR_OK)
        return err;
    if ((err = sqlite_db_exec(db, schema, e)) == ERR_OK)
        err = sqlite_db_exec(db, "COMMIT", e);
    if (err != ERR_OK)
        (void)sqlite_db_exec(db, "ROLLBACK", NULL);
    return err;
}

enum err sqlite_db_open(const char *path, sqlite3 **out, struct error *e)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    enum err err = ERR_OK;
    if (sqlite3_open_v2(path, out, flags, NULL) != SQLITE_OK)
        err = *out != NULL ? sqlite_db_error(*out, e) : error_no_memory(e);
    if (err == ERR_OK) {
        (void)sqlite3_busy_timeout(*out, BUSY_TIMEOUT_MS);
        err = sqlite_db_exec(*out, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", e);
    }
    if (err == ERR_OK)
        err = make_tables(*out, e);
    if (err != ERR_OK) {
        (void)sqlite3_close(*out);
        *out = NULL;
    }
    return err;
}
