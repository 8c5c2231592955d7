#include "local/sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "local/sqlite_db.h"

#define UPGRADE_WAIT_MS (3600 * 1000) /* for another process that copies and upgrades */

/* Number i makes version i + 1 of version i. What a release has had stays as it is: a change of
 * the tables is a new one at the end. */
static const char *const migrations[] = {
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
    "CREATE INDEX IF NOT EXISTS tasks_ended ON tasks(ended_us) WHERE state = 2;",
    /* States by name; the mark of what the dispatcher saw last. */
    "ALTER TABLE jobs RENAME TO jobs_v1;"
    "CREATE TABLE jobs("
    " id TEXT PRIMARY KEY, owner TEXT NOT NULL, pdf_id TEXT NOT NULL, status TEXT NOT NULL,"
    " outcome TEXT, output_format TEXT NOT NULL, regions_count INTEGER NOT NULL,"
    " regions_done INTEGER NOT NULL, regions_total INTEGER NOT NULL, pages_done INTEGER NOT NULL,"
    " pages_total INTEGER NOT NULL, attempts INTEGER NOT NULL, retry_count INTEGER NOT NULL,"
    " created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,"
    " lease_expires_us INTEGER NOT NULL, next_attempt_us INTEGER NOT NULL,"
    " lease_token TEXT NOT NULL, version INTEGER NOT NULL, request_json TEXT, error_message TEXT,"
    " result_name TEXT, debug_graph_name TEXT, approved_regions_json TEXT,"
    " has_feedback INTEGER NOT NULL, feedback_count INTEGER NOT NULL,"
    " last_feedback_us INTEGER NOT NULL) STRICT;"
    "INSERT INTO jobs SELECT id, owner, pdf_id,"
    " CASE status WHEN 0 THEN 'queued' WHEN 1 THEN 'processing' WHEN 2 THEN 'completed'"
    " WHEN 3 THEN 'failed' WHEN 4 THEN 'cancelled' END,"
    " CASE outcome WHEN 1 THEN 'success' WHEN 2 THEN 'partial_success' WHEN 3 THEN 'no_match'"
    " WHEN 4 THEN 'failed' END,"
    " output_format, regions_count, regions_done, regions_total, pages_done, pages_total,"
    " attempts, retry_count, created_us, updated_us, expires_us, lease_expires_us,"
    " next_attempt_us, lease_token, version, request_json, error_message, result_name,"
    " debug_graph_name, approved_regions_json, has_feedback, feedback_count, last_feedback_us"
    " FROM jobs_v1;"
    "DROP TABLE jobs_v1;"
    "CREATE INDEX jobs_by_owner ON jobs(owner, created_us DESC, id DESC);"
    "CREATE INDEX jobs_by_time ON jobs(created_us DESC, id DESC);"
    "CREATE INDEX jobs_by_pdf ON jobs(pdf_id, created_us DESC, id DESC);"
    "CREATE INDEX jobs_queued ON jobs(next_attempt_us) WHERE status = 'queued';"
    "CREATE INDEX jobs_leased ON jobs(lease_expires_us) WHERE status = 'processing';"
    "CREATE INDEX jobs_ended ON jobs(expires_us)"
    " WHERE status IN ('completed', 'failed', 'cancelled');"
    "CREATE TABLE IF NOT EXISTS store_mark("
    " id INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT;",
    /* Whose a task is, and how large. */
    "ALTER TABLE tasks ADD COLUMN owner TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE tasks ADD COLUMN size INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX tasks_running;"
    "CREATE INDEX tasks_running ON tasks(owner) WHERE state = 1;"
    "CREATE INDEX tasks_waiting ON tasks(owner, due_us) WHERE state = 0;"
    "CREATE INDEX tasks_rank ON tasks(owner, due_us + size * 1000000) WHERE state = 0;",
    /* The trace that all tasks of a job belong to. */
    "ALTER TABLE jobs ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';",
    /* States of tasks by name. */
    "ALTER TABLE tasks RENAME TO tasks_v4;"
    "CREATE TABLE tasks("
    " name TEXT PRIMARY KEY, path TEXT NOT NULL, body BLOB NOT NULL, traceparent TEXT,"
    " due_us INTEGER NOT NULL, eta_us INTEGER NOT NULL, dispatches INTEGER NOT NULL DEFAULT 0,"
    " responses INTEGER NOT NULL DEFAULT 0, last_response INTEGER NOT NULL DEFAULT 0,"
    " state TEXT NOT NULL DEFAULT 'waiting', ended_us INTEGER NOT NULL DEFAULT 0,"
    " owner TEXT NOT NULL DEFAULT '', size INTEGER NOT NULL DEFAULT 0) STRICT;"
    "INSERT INTO tasks SELECT name, path, body, traceparent, due_us, eta_us, dispatches, responses,"
    " last_response, CASE state WHEN 0 THEN 'waiting' WHEN 1 THEN 'running' WHEN 2 THEN 'ended'"
    " END, ended_us, owner, size FROM tasks_v4 ORDER BY rowid;"
    "DROP TABLE tasks_v4;"
    "CREATE INDEX tasks_due ON tasks(due_us) WHERE state = 'waiting';"
    "CREATE INDEX tasks_running ON tasks(owner) WHERE state = 'running';"
    "CREATE INDEX tasks_ended ON tasks(ended_us) WHERE state = 'ended';"
    "CREATE INDEX tasks_waiting ON tasks(owner, due_us) WHERE state = 'waiting';"
    "CREATE INDEX tasks_rank ON tasks(owner, due_us + size * 1000000) WHERE state = 'waiting';",
    /* What is counted by the day. */
    "CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL,"
    " expires_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    /* The version of the PDF that a job was made for; where its regions lie if they are many. */
    "ALTER TABLE jobs ADD COLUMN pdf_version TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE jobs ADD COLUMN regions_name TEXT;",
    /* The name of a job's document. */
    "ALTER TABLE jobs ADD COLUMN file_name TEXT;",
    /* Feedback that was given before it was counted (core/feedback_counters.c). */
    "WITH f AS (SELECT job_id, corrections_count, corrections_json, owner FROM feedback"
    " JOIN jobs ON jobs.id = job_id), c(kind, owner, n) AS ("
    " SELECT 'entries', owner, count(*) FROM f GROUP BY owner"
    " UNION ALL SELECT 'jobs', owner, count(DISTINCT job_id) FROM f GROUP BY owner"
    " UNION ALL SELECT 'corrections', owner, sum(corrections_count) FROM f GROUP BY owner"
    " UNION ALL SELECT json_extract(a.value, '$.action'), owner, count(*)"
    " FROM f, json_each(corrections_json) a GROUP BY 1, 2)"
    " INSERT INTO counters SELECT 'feedback-' || kind || '-' || owner, n, 9223372036854775807"
    " FROM c UNION ALL SELECT 'feedback-' || kind, sum(n), 9223372036854775807 FROM c"
    " GROUP BY kind;",
    /* The code of what a job failed of. */
    "ALTER TABLE jobs ADD COLUMN error_code TEXT NOT NULL DEFAULT '';",
};

#define VERSION ((int)(sizeof migrations / sizeof migrations[0]))

static enum err read_version(sqlite3 *db, int *out, struct error *e)
{
    sqlite3_stmt *s = NULL;
    enum err err = sqlite_db_prepare(db, "PRAGMA user_version", &s, e);
    if (err == ERR_OK && sqlite3_step(s) == SQLITE_ROW)
        *out = sqlite3_column_int(s, 0);
    else if (err == ERR_OK)
        err = sqlite_db_error(db, e);
    (void)sqlite3_finalize(s);
    return err;
}

enum err sqlite_schema_check(sqlite3 *db, struct error *e)
{
    const char *path = sqlite3_db_filename(db, "main");
    int version = 0;
    enum err err = read_version(db, &version, e);
    if (err == ERR_OK && version > VERSION)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "A newer release has written the job store %s: its schema has version %d, "
                        "this release knows %d at most. Run the newer release, or put back the "
                        "copy that it made beside it before the upgrade.",
                        path, version, VERSION);
    return err;
}

/* What the kernel still holds of a file or folder goes to the disk. */
static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

/* Gives the finished copy its name, for good. */
static enum err keep_copy(const char *made, const char *name, struct error *e)
{
    char *folder = strdup(name), *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    if (slash != NULL)
        slash[1] = '\0';
    bool ok = sync_path(made, 0) && rename(made, name) == 0 &&
              sync_path(slash != NULL ? folder : ".", O_DIRECTORY);
    int code = errno;
    free(folder);
    if (ok)
        return ERR_OK;
    error_set(e, err_of_errno(code), "The job store cannot be copied before its upgrade.");
    return error_cause(e, "%s: %s", name, strerror(code));
}

/* Copies the database, as it was last committed, by a connection of its own. */
static enum err copy_database(const char *path, const char *to, struct error *e)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    char made[1024];
    if (snprintf(made, sizeof made, "%s.new", to) >= (int)sizeof made)
        return error_set(e, ERR_UNPROCESSABLE, "The path of the job store is too long: %s", path);
    (void)unlink(made); /* of an attempt that was killed */
    enum err err = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK
                       ? sqlite_db_prepare(db, "VACUUM INTO ?1", &s, e)
                       : sqlite_db_error(db, e);
    if (err == ERR_OK) {
        (void)sqlite3_bind_text(s, 1, made, -1, SQLITE_STATIC);
        err = sqlite_db_run(db, s, e);
    }
    (void)sqlite3_finalize(s);
    (void)sqlite3_close(db);
    if (err == ERR_OK)
        err = keep_copy(made, to, e);
    if (err != ERR_OK)
        (void)unlink(made);
    return err;
}

/* The copy stands before the first table is changed. */
static enum err copy_before(sqlite3 *db, int version, struct error *e)
{
    struct buffer to = BUFFER_INIT;
    char from[16];
    buffer_printf(&to, "%s.before-v%d", sqlite3_db_filename(db, "main"), VERSION);
    enum err err = buffer_failed(&to) ? error_no_memory(e)
                                      : copy_database(sqlite3_db_filename(db, "main"), to.data, e);
    (void)snprintf(from, sizeof from, "%d", version);
    if (err == ERR_OK)
        log_event(LOG_NOTICE, "the job store is upgraded; a copy of it was made", "from_version",
                  from, "copy", to.data, NULL);
    buffer_free(&to);
    return err;
}

/* Within a transaction that lets no other process write. */
static enum err migrate(sqlite3 *db, struct error *e)
{
    char stamp[48];
    int version = 0;
    enum err err = read_version(db, &version, e);
    if (err == ERR_OK && version > 0 && version < VERSION)
        err = copy_before(db, version, e);
    for (; err == ERR_OK && version < VERSION; version++)
        err = sqlite_db_exec(db, migrations[version], e);
    (void)snprintf(stamp, sizeof stamp, "PRAGMA user_version = %d", version);
    return err == ERR_OK ? sqlite_db_exec(db, stamp, e) : err;
}

enum err sqlite_schema_upgrade(sqlite3 *db, struct error *e)
{
    int version = 0;
    enum err err = read_version(db, &version, e);
    if (err != ERR_OK || version == VERSION)
        return err;
    (void)sqlite3_busy_timeout(db, UPGRADE_WAIT_MS);
    if ((err = sqlite_db_exec(db, "BEGIN IMMEDIATE", e)) == ERR_OK)
        err = migrate(db, e);
    if (err == ERR_OK)
        err = sqlite_db_exec(db, "COMMIT", e);
    if (err != ERR_OK && sqlite3_get_autocommit(db) == 0)
        (void)sqlite_db_exec(db, "ROLLBACK", NULL);
    (void)sqlite3_busy_timeout(db, SQLITE_DB_BUSY_MS);
    return err;
}
