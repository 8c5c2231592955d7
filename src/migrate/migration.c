#include "migrate/migration.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "migrate/refused.h"
#include "migrate/rejects.h"
#include "migrate/run.h"
#include "migrate/sql.h"

#define BUFFER_EARLY_S 3600       /* how much older a streamed row may be than its time */
#define BUFFER_LIFE_S  (3 * 3600) /* after which a streamed row has settled at the latest */

static enum err check_stop(void *self, struct error *e)
{
    const struct run *m = self;
    return *m->o->stop == 0 ? ERR_OK : error_set(e, ERR_GONE, "Stopped.");
}

/* --- merging --- */

static enum err run_merge(struct run *m, size_t i, const char *what, int64_t settled_us,
                          json_t **job, struct error *e)
{
    struct buffer sql = BUFFER_INIT;
    char name[160], staging[128];
    run_name_job(m, i, what, 0, name);
    run_name_staging(state_run_id(m->state), i, staging);
    sql_merge(&m->dataset, &bigquery_tables[i], staging, settled_us, &sql);
    enum err err = buffer_failed(&sql) ? error_no_memory(e)
                                       : warehouse_query(&m->warehouse, name, sql.data, job, e);
    buffer_free(&sql);
    return err;
}

static int64_t count_of(const json_t *job, const char *name)
{
    const json_t *query = json_object_get(json_object_get(job, "statistics"), "query");
    const json_t *n = json_object_get(json_object_get(query, "dmlStats"), name);
    return json_is_string(n) ? strtoll(json_string_value(n), NULL, 10) : json_integer_value(n);
}

/* Where BigQuery finds that rows of the streaming buffer were to be changed, which its description
 * of the table did not tell yet, all recent rows are left alone. */
static enum err merge(struct run *m, size_t i, struct error *e)
{
    struct progress *p = state_progress(m->state, i);
    json_t *job = NULL;
    int64_t since_us = 0;
    enum err err = warehouse_buffered_since(&m->warehouse, bigquery_tables[i].name, &since_us, e);
    if (err == ERR_OK)
        err = run_merge(m, i, "merge",
                        since_us > 0 ? since_us - BUFFER_EARLY_S * US_PER_S : SQL_ALL_SETTLED, &job,
                        e);
    if (err == ERR_CONFLICT)
        err = run_merge(m, i, "merge-settled",
                        clock_now_us(&system_clock) - BUFFER_LIFE_S * US_PER_S, &job, e);
    if (err == ERR_OK) {
        p->inserted = count_of(job, "insertedRowCount");
        p->updated = count_of(job, "updatedRowCount");
        p->phase = PHASE_VERIFY;
        err = state_save(m->state, i, e);
    }
    json_decref(job);
    return err;
}

/* --- verifying --- */

struct comparison {
    struct run *run;
    size_t part;
    int64_t rows;
};

static enum err compare_row(void *self, const json_t *cells, struct error *e)
{
    struct comparison *k = self;
    const char *texts[4];
    unsigned char print[FINGERPRINT_LEN];
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        texts[i] = json_string_value(json_object_get(json_array_get(cells, i), "v"));
    if (texts[0] == NULL || texts[1] == NULL || texts[2] == NULL || texts[3] == NULL ||
        sodium_hex2bin(print, sizeof print, texts[2], strlen(texts[2]), NULL, &n, NULL) != 0 ||
        n != sizeof print)
        return error_set(e, ERR_UNAVAILABLE, "BigQuery gave an answer that cannot be used.");
    k->run->summaries[k->part].older += strtoll(texts[3], NULL, 10) - 1;
    k->rows++;
    if (k->rows % 1000 == 0)
        report_progress(&k->run->report, "comparing", k->rows, -1, false);
    return state_compare(k->run->state, k->part, texts[0], strtoll(texts[1], NULL, 10), print, e);
}

static enum err compare_rows(struct run *m, size_t i, struct error *e)
{
    struct comparison k = {m, i, 0};
    struct buffer sql = BUFFER_INIT;
    char name[160], random[17];
    json_t *job = NULL;
    random_hex(random, 8); /* what is there now, not when the run was killed */
    run_name_job(m, i, random, 0, name);
    sql_fingerprints(&m->dataset, &bigquery_tables[i], &sql);
    enum err err = buffer_failed(&sql) ? error_no_memory(e)
                                       : warehouse_query(&m->warehouse, name, sql.data, &job, e);
    if (err == ERR_OK)
        err = warehouse_rows(&m->warehouse, job, compare_row, &k, e);
    json_decref(job);
    buffer_free(&sql);
    return err;
}

static enum err verify(struct run *m, size_t i, struct error *e)
{
    struct summary *s = &m->summaries[i];
    report_begin(&m->report, 0);
    s->older = 0;
    enum err err = state_compare_begin(m->state, i, e);
    if (err == ERR_OK && m->tables_there)
        err = compare_rows(m, i, e);
    if (err == ERR_OK)
        err = state_compare_end(m->state, i, s->counts, &s->same, e);
    if (err != ERR_OK)
        state_page_undo(m->state);
    s->compared = err == ERR_OK;
    return err;
}

/* Tells why rows that differ may have been left so. */
static enum err explain(struct run *m, size_t i, struct error *e)
{
    int64_t since_us = 0;
    enum err err = ERR_OK;
    if (m->o->mode == MODE_DRY_RUN || m->summaries[i].counts[DIFF_DIFFERING] == 0)
        return ERR_OK;
    err = warehouse_buffered_since(&m->warehouse, bigquery_tables[i].name, &since_us, e);
    if (err == ERR_OK && since_us > 0)
        report_note(&m->report, "Rows differ while some are in BigQuery's streaming buffer, where "
                                "they cannot be changed: run again in 90 minutes.");
    return err;
}

static enum err drop_staging(struct run *m, const char *run_id, size_t i, struct error *e)
{
    char staging[128];
    run_name_staging(run_id, i, staging);
    return warehouse_drop(&m->warehouse, staging, e);
}

static enum err end_collection(struct run *m, size_t i, struct error *e)
{
    enum err err =
        m->o->mode == MODE_MIGRATE ? drop_staging(m, state_run_id(m->state), i, e) : ERR_OK;
    state_progress(m->state, i)->phase = PHASE_DONE;
    return err == ERR_OK ? state_save(m->state, i, e) : err;
}

/* --- the run --- */

static enum err migrate_collection(struct run *m, size_t i, struct error *e)
{
    const struct progress *p = state_progress(m->state, i);
    enum err err = ERR_OK;
    if (p->phase == PHASE_READ)
        err = run_read(m, i, e);
    if (err == ERR_OK && p->phase == PHASE_MERGE)
        err = run_make_staging(m, i, e);
    if (err == ERR_OK && p->phase == PHASE_MERGE)
        err = refused_by_merge(m, i, e);
    if (err == ERR_OK && p->phase == PHASE_MERGE)
        err = merge(m, i, e);
    if (err == ERR_OK) /* also of one that was done before a kill: for the summary */
        err = verify(m, i, e);
    if (err == ERR_OK)
        err = explain(m, i, e);
    return err == ERR_OK && p->phase == PHASE_VERIFY ? end_collection(m, i, e) : err;
}

static void sum_up(struct run *m)
{
    for (size_t i = 0; i < BIGQUERY_TABLES; i++) {
        const struct progress *p = state_progress(m->state, i);
        struct summary *s = &m->summaries[i];
        s->table = bigquery_tables[i].name;
        s->collection = run_collection(m, i);
        s->read = p->read;
        s->rejected = p->rejected;
        s->bytes = p->bytes;
        s->inserted = p->inserted;
        s->updated = p->updated;
    }
}

struct listing {
    const struct report *report;
    const char *table;
};

static void list_difference(void *self, enum difference d, const char *id)
{
    const struct listing *l = self;
    report_difference(l->report, l->table, d, id);
}

/* Rows beyond the documents and newer ones are no loss: the service erases old documents and adds
 * rows meanwhile. In a dry run nothing is there yet. */
static int exit_status(struct run *m)
{
    int status = 0;
    for (size_t i = 0; i < BIGQUERY_TABLES; i++) {
        const struct summary *s = &m->summaries[i];
        bool lost = s->counts[DIFF_MISSING] + s->counts[DIFF_DIFFERING] > 0;
        if (s->rejected > 0 || (lost && m->o->mode != MODE_DRY_RUN))
            status = 1;
    }
    return status;
}

static enum err list_differences(struct run *m, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < BIGQUERY_TABLES; i++) {
        struct listing l = {&m->report, bigquery_tables[i].name};
        if (m->o->mode != MODE_DRY_RUN)
            err = state_each_difference(m->state, i, list_difference, &l, e);
    }
    return err;
}

/* In a dry run the comparison tells what the MERGE would do. */
static void foretell(struct run *m)
{
    for (size_t i = 0; m->o->mode == MODE_DRY_RUN && i < BIGQUERY_TABLES; i++) {
        m->summaries[i].inserted = m->summaries[i].counts[DIFF_MISSING];
        m->summaries[i].updated = m->summaries[i].counts[DIFF_DIFFERING];
    }
}

static enum err do_collections(struct run *m, int *status, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < BIGQUERY_TABLES; i++)
        err = migrate_collection(m, i, e);
    struct error ignored;
    enum err kept = rejects_write(m->state, m->o->rejects, err == ERR_OK ? e : &ignored);
    if (err == ERR_OK)
        err = kept;
    if (err == ERR_OK)
        err = list_differences(m, e);
    if (err != ERR_OK)
        return err;
    sum_up(m);
    foretell(m);
    *status = exit_status(m);
    if (m->o->mode == MODE_DRY_RUN)
        report_note(&m->report, "Nothing was written: inserted and updated are what would be.");
    report_summaries(&m->report, m->summaries, BIGQUERY_TABLES, m->o->rejects, *status);
    return ERR_OK;
}

/* What must be the same for a run to go on. */
static char *purpose_of(const struct run *m)
{
    json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I}", "project", m->names->project, "dataset",
                          m->names->dataset, "database", m->names->firestore_database, "collection",
                          m->names->collection, "feedback", m->names->feedback_collection, "bucket",
                          m->names->bucket != NULL ? m->names->bucket : "", "batch_size",
                          (json_int_t)m->o->batch_size);
    char *text = j != NULL ? json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(j);
    return text;
}

static enum err open_state(struct run *m, const char *dir, struct error *e)
{
    char *purpose = purpose_of(m), *left = NULL;
    bool resumed = false;
    enum err err = purpose != NULL
                       ? state_open(dir, purpose, m->o->resume, &m->state, &left, &resumed, e)
                       : error_no_memory(e);
    if (err == ERR_OK && m->o->resume)
        report_note(&m->report, resumed ? "Going on where the last run stopped."
                                        : "There is nothing to resume; starting anew.");
    for (size_t i = 0; err == ERR_OK && left != NULL && i < BIGQUERY_TABLES; i++)
        err = drop_staging(m, left, i, e);
    free(left);
    free(purpose);
    return err;
}

/* Runs that write nothing keep their state where it goes with them. */
static enum err run_collections(struct run *m, int *status, struct error *e)
{
    char temporary[4096];
    const char *tmp = getenv("TMPDIR"), *dir = m->o->state_dir;
    (void)snprintf(temporary, sizeof temporary, "%s/pdf-ocr-migrate-XXXXXX",
                   tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
    if (m->o->mode != MODE_MIGRATE && (dir = mkdtemp(temporary)) == NULL) {
        error_set(e, ERR_STORAGE_FULL, "No folder can be made under %s.", temporary);
        return error_cause(e, "%s", strerror(errno));
    }
    enum err err = open_state(m, dir, e);
    if (err == ERR_OK)
        err = do_collections(m, status, e);
    if (m->state == NULL && m->o->mode != MODE_MIGRATE)
        (void)rmdir(dir);
    state_close(m->state, err == ERR_OK || m->o->mode != MODE_MIGRATE);
    return err;
}

/* Makes or compares the tables. *go: they are such that the run can go on. */
static enum err check_schema(struct run *m, bool *go, struct error *e)
{
    struct bigquery_finding found[BIGQUERY_OBJECTS];
    bool look_only = m->o->mode == MODE_DRY_RUN || m->o->mode == MODE_VERIFY;
    enum err err = bigquery_ensure_schema(m->client, &m->dataset, look_only, found, e);
    *go = err == ERR_OK;
    m->tables_there = err == ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < BIGQUERY_OBJECTS; i++) {
        report_finding(&m->report, &found[i]);
        bool missing = found[i].state == BIGQUERY_MISSING;
        m->tables_there = m->tables_there && (!missing || i > BIGQUERY_TABLES);
        if (found[i].state == BIGQUERY_DIFFERS || (missing && m->o->mode != MODE_DRY_RUN))
            *go = false;
    }
    return err;
}

static enum err run(struct run *m, int *status, struct error *e)
{
    enum err err = ERR_OK;
    if (m->tables_there)
        err = warehouse_open(m->client, &m->dataset, &m->checkpoint, &m->warehouse, e);
    return err == ERR_OK ? run_collections(m, status, e) : err;
}

int migration_run(const struct config *cfg, struct google_session *session,
                  const struct migration_options *o, struct error *e)
{
    const struct google_names *names = google_names_of(cfg);
    struct run m = {.names = names,
                    .o = o,
                    .client = session->stores,
                    .dataset = {names->project, names->dataset, names->dataset_location},
                    .report = {.json = o->json, .terminal = isatty(STDERR_FILENO) == 1}};
    bool go = false;
    int status = 0;
    m.checkpoint = (struct checkpoint){check_stop, &m};
    enum err err = check_schema(&m, &go, e);
    if (err == ERR_OK && (!go || o->mode == MODE_CREATE))
        status = go ? 0 : 1;
    else if (err == ERR_OK)
        err = run(&m, &status, e);
    if (err != ERR_OK && *o->stop != 0) {
        report_note(&m.report,
                    o->mode == MODE_MIGRATE ? "Stopped; go on with --resume." : "Stopped.");
        *e = (struct error){0};
        return 128 + (int)*o->stop;
    }
    if (err == ERR_OK)
        *e = (struct error){0}; /* of a refusal on the way that was expected: "there is no table" */
    return err == ERR_OK ? status : 2;
}
