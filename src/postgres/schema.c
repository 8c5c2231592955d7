/* The tables, and how those of an older release become ours. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "postgres/db.h"
#include "postgres/postgres.h"

#define UPGRADE_MS (3600 * 1000)

/* Number i makes version i + 1 of version i. What a release has had stays as it is: a change of
 * the tables is a new one at the end. */
static const char *const migrations[] = {
    "CREATE TABLE jobs("
    " id TEXT COLLATE \"C\" PRIMARY KEY, owner TEXT COLLATE \"C\" NOT NULL,"
    " pdf_id TEXT COLLATE \"C\" NOT NULL, status TEXT COLLATE \"C\" NOT NULL, outcome TEXT,"
    " output_format TEXT NOT NULL, regions_count BIGINT NOT NULL, regions_done BIGINT NOT NULL,"
    " regions_total BIGINT NOT NULL, pages_done BIGINT NOT NULL, pages_total BIGINT NOT NULL,"
    " attempts BIGINT NOT NULL, retry_count BIGINT NOT NULL, created_us BIGINT NOT NULL,"
    " updated_us BIGINT NOT NULL, expires_us BIGINT NOT NULL, lease_expires_us BIGINT NOT NULL,"
    " next_attempt_us BIGINT NOT NULL, lease_token TEXT NOT NULL, version BIGINT NOT NULL,"
    " traceparent TEXT NOT NULL, request_json TEXT, error_message TEXT, result_name TEXT,"
    " debug_graph_name TEXT, approved_regions_json TEXT, has_feedback BIGINT NOT NULL,"
    " feedback_count BIGINT NOT NULL, last_feedback_us BIGINT NOT NULL);"
    "CREATE INDEX jobs_by_owner ON jobs(owner, created_us DESC, id DESC);"
    "CREATE INDEX jobs_by_time ON jobs(created_us DESC, id DESC);"
    "CREATE INDEX jobs_by_pdf ON jobs(pdf_id, created_us DESC, id DESC);"
    "CREATE INDEX jobs_queued ON jobs(next_attempt_us) WHERE status = 'queued';"
    "CREATE INDEX jobs_leased ON jobs(lease_expires_us) WHERE status = 'processing';"
    "CREATE INDEX jobs_ended ON jobs(expires_us)"
    " WHERE status IN ('completed', 'failed', 'cancelled');"
    "CREATE TABLE idempotency("
    " owner TEXT COLLATE \"C\" NOT NULL, key TEXT COLLATE \"C\" NOT NULL, body_hash TEXT NOT NULL,"
    " job_id TEXT COLLATE \"C\" NOT NULL, created_us BIGINT NOT NULL, PRIMARY KEY(owner, key));"
    "CREATE INDEX idempotency_by_time ON idempotency(created_us);"
    "CREATE INDEX idempotency_by_job ON idempotency(job_id);"
    "CREATE TABLE feedback("
    " id TEXT COLLATE \"C\" PRIMARY KEY, job_id TEXT COLLATE \"C\" NOT NULL,"
    " corrections_json TEXT NOT NULL, corrections_count BIGINT NOT NULL, user_id TEXT,"
    " session_id TEXT, timestamp_us BIGINT NOT NULL, status TEXT NOT NULL,"
    " created_us BIGINT NOT NULL);"
    "CREATE INDEX feedback_by_job ON feedback(job_id, created_us, id);"
    /* state: 0 waits, 1 runs until lease_us of the server's clock, 2 has ended. */
    "CREATE TABLE tasks("
    " name TEXT COLLATE \"C\" PRIMARY KEY, path TEXT NOT NULL, body TEXT NOT NULL,"
    " traceparent TEXT, owner TEXT COLLATE \"C\" NOT NULL, size BIGINT NOT NULL,"
    " due_us BIGINT NOT NULL, eta_us BIGINT NOT NULL, dispatches BIGINT NOT NULL DEFAULT 0,"
    " responses BIGINT NOT NULL DEFAULT 0, last_response BIGINT NOT NULL DEFAULT 0,"
    " state SMALLINT NOT NULL DEFAULT 0, holder TEXT NOT NULL DEFAULT '',"
    " lease_us BIGINT NOT NULL DEFAULT 0, ended_us BIGINT NOT NULL DEFAULT 0);"
    "CREATE INDEX tasks_due ON tasks(due_us) WHERE state = 0;"
    "CREATE INDEX tasks_waiting ON tasks(owner, due_us) WHERE state = 0;"
    "CREATE INDEX tasks_rank ON tasks(owner, (due_us + size * 1000000)) WHERE state = 0;"
    "CREATE INDEX tasks_running ON tasks(owner) WHERE state = 1;"
    "CREATE INDEX tasks_leased ON tasks(lease_us) WHERE state = 1;"
    "CREATE INDEX tasks_ended ON tasks(ended_us) WHERE state = 2;",
    /* What is counted by the day. */
    "CREATE TABLE counters(name TEXT COLLATE \"C\" PRIMARY KEY, value BIGINT NOT NULL,"
    " expires_us BIGINT NOT NULL);",
    /* The version of the PDF that a job was made for; where its regions lie if they are many. */
    "ALTER TABLE jobs ADD COLUMN pdf_version TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE jobs ADD COLUMN regions_name TEXT;",
    /* The name of a job's document. */
    "ALTER TABLE jobs ADD COLUMN file_name TEXT;",
    /* Feedback that was given before it was counted (core/feedback_counters.c). */
    "WITH f AS (SELECT job_id, corrections_count, corrections_json::jsonb AS list, owner"
    " FROM feedback JOIN jobs ON jobs.id = job_id), c(kind, owner, n) AS ("
    " SELECT 'entries', owner, count(*) FROM f GROUP BY owner"
    " UNION ALL SELECT 'jobs', owner, count(DISTINCT job_id) FROM f GROUP BY owner"
    " UNION ALL SELECT 'corrections', owner, sum(corrections_count) FROM f GROUP BY owner"
    " UNION ALL SELECT a->>'action', owner, count(*) FROM f, jsonb_array_elements(list) a"
    " GROUP BY 1, 2)"
    " INSERT INTO counters SELECT 'feedback-' || kind || '-' || owner, n, 9223372036854775807"
    " FROM c UNION ALL SELECT 'feedback-' || kind, sum(n), 9223372036854775807 FROM c"
    " GROUP BY kind;",
    /* The code of what a job failed of. */
    "ALTER TABLE jobs ADD COLUMN error_code TEXT NOT NULL DEFAULT '';",
};

#define VERSION ((int)(sizeof migrations / sizeof migrations[0]))

/* One upgrade at a time, of all machines. */
static const char one_at_a_time[] = "SELECT pg_advisory_xact_lock(hashtext('pdf-ocr-api schema'));"
                                    "CREATE TABLE IF NOT EXISTS schema_version("
                                    " id BIGINT PRIMARY KEY, version BIGINT NOT NULL)";

static enum err read_version(struct pg_db *db, int *out, struct error *e)
{
    static const struct pg_args none = {.n = 0};
    PGresult *r = NULL;
    enum err err =
        pg_db_query(db, "SELECT coalesce(max(version), 0) FROM schema_version", &none, &r, e);
    if (err == ERR_OK)
        *out = (int)pg_value_number(r, 0, 0);
    PQclear(r);
    return err;
}

static enum err check_encoding(struct pg_db *db, struct error *e)
{
    static const struct pg_args none = {.n = 0};
    PGresult *r = NULL;
    enum err err = pg_db_query(db, "SHOW server_encoding", &none, &r, e);
    if (err == ERR_OK && strcmp(PQgetvalue(r, 0, 0), "UTF8") != 0)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "The database of DATABASE_URL holds text as %.40s; make one with "
                        "ENCODING 'UTF8'.",
                        PQgetvalue(r, 0, 0));
    PQclear(r);
    return err;
}

static enum err migrate(struct pg_db *db, struct error *e)
{
    char text[160];
    int version = 0;
    enum err err = read_version(db, &version, e);
    if (err == ERR_OK && version > VERSION)
        return error_set(e, ERR_UNPROCESSABLE,
                         "A newer release has written the database of DATABASE_URL: its schema "
                         "has version %d, this release knows %d at most. Run the newer release.",
                         version, VERSION);
    if (err != ERR_OK || version == VERSION)
        return err;
    (void)snprintf(text, sizeof text, "%d", version);
    log_event(LOG_NOTICE, "the tables of the database are made or upgraded", "from_version", text,
              NULL);
    for (; err == ERR_OK && version < VERSION; version++)
        err = pg_db_exec(db, migrations[version], e);
    (void)snprintf(text, sizeof text,
                   "INSERT INTO schema_version VALUES(1, %d) ON CONFLICT(id) DO UPDATE SET "
                   "version = excluded.version",
                   version);
    return err == ERR_OK ? pg_db_exec(db, text, e) : err;
}

enum err postgres_prepare(const char *url, struct error *e)
{
    struct pg_db *db = NULL;
    enum err err = pg_db_open(url, &db, e);
    if (err != ERR_OK)
        return err;
    err = pg_db_patience(db, UPGRADE_MS, e);
    if (err == ERR_OK)
        err = check_encoding(db, e);
    if (err == ERR_OK && (err = pg_db_begin(db, one_at_a_time, e)) == ERR_OK)
        err = migrate(db, e);
    err = pg_db_finish(db, err, e);
    pg_db_close(db);
    return err;
}
