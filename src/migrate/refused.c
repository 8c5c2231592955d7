#include "migrate/refused.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "migrate/sql.h"

/* What the rows of an answer are taken for. */
struct taking {
    struct run *run;
    size_t part;
    const char *reason;
    json_t *staged; /* the documents that are in the staging table */
};

/* What was rejected before, of two documents with one id the older one, is not so again. */
static enum err reject(const struct taking *k, const char *document, const char *id,
                       struct error *e)
{
    struct run *m = k->run;
    struct buffer path = BUFFER_INIT;
    bool was = false;
    enum err err = state_forget(m->state, k->part, id, document, &was, e);
    if (err != ERR_OK || !was)
        return err;
    buffer_printf(&path, "projects/%s/databases/%s/documents/%s/%s", m->names->project,
                  m->names->firestore_database, run_collection(m, k->part), document);
    state_progress(m->state, k->part)->rejected++;
    err = buffer_failed(&path) ? error_no_memory(e)
                               : state_reject(m->state, k->part, path.data, k->reason, e);
    buffer_free(&path);
    return err;
}

static const char *cell(const json_t *cells, size_t i)
{
    return json_string_value(json_object_get(json_array_get(cells, i), "v"));
}

static enum err take_refused(void *self, const json_t *cells, struct error *e)
{
    const char *document = cell(cells, 0), *id = cell(cells, 1);
    if (document == NULL || id == NULL)
        return error_set(e, ERR_UNAVAILABLE, "BigQuery gave an answer that cannot be used.");
    return reject(self, document, id, e);
}

static enum err take_staged(void *self, const json_t *cells, struct error *e)
{
    const struct taking *k = self;
    const char *document = cell(cells, 0);
    if (document == NULL || json_object_set_new(k->staged, document, json_true()) != 0)
        return error_set(e, ERR_UNAVAILABLE, "BigQuery gave an answer that cannot be used.");
    return ERR_OK;
}

/* Asks what is there now, not when the run was killed: the job's name is random. */
static enum err ask(struct run *m, size_t i, const struct buffer *sql,
                    enum err (*take)(void *self, const json_t *cells, struct error *e),
                    struct taking *k, struct error *e)
{
    char name[160], random[17];
    json_t *job = NULL;
    random_hex(random, 8);
    run_name_job(m, i, random, 0, name);
    enum err err = buffer_failed(sql) ? error_no_memory(e)
                                      : warehouse_query(&m->warehouse, name, sql->data, &job, e);
    if (err == ERR_OK)
        err = warehouse_rows(&m->warehouse, job, take, k, e);
    json_decref(job);
    return err;
}

static enum err reject_unstaged(const struct taking *k, const char *line, size_t n, struct error *e)
{
    json_t *row = json_loadb(line, n, JSON_ALLOW_NUL, NULL);
    const char *id = bigquery_tables[k->part].id;
    const char *document = json_string_value(json_object_get(row, "document"));
    id = json_string_value(json_object_get(row, id));
    enum err err = ERR_OK;
    if (document == NULL || id == NULL)
        err = error_set(e, ERR_INTERNAL, "The batch holds a line that is no row.");
    else if (json_object_get(k->staged, document) == NULL)
        err = reject(k, document, id, e);
    json_decref(row);
    return err;
}

static enum err each_line(const struct taking *k, const struct batch *b, struct error *e)
{
    int64_t bytes = b->bytes;
    char *line = NULL;
    size_t room = 0;
    enum err err = ERR_OK;
    int fd = dup(state_batch_fd(k->run->state, b->number));
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (file == NULL || fseeko(file, 0, SEEK_SET) != 0)
        err = error_set(e, ERR_STORAGE_FULL, "The batch cannot be read.");
    while (err == ERR_OK && bytes > 0) {
        ssize_t n = getline(&line, &room, file);
        err = n > 0 ? reject_unstaged(k, line, (size_t)n, e)
                    : error_set(e, ERR_STORAGE_FULL, "The batch cannot be read.");
        bytes -= n;
    }
    free(line);
    if (file != NULL)
        (void)fclose(file);
    else if (fd >= 0)
        (void)close(fd);
    return err;
}

/* Keeps what was rejected, or nothing of it. */
static enum err end(struct run *m, size_t i, enum err err, struct error *e)
{
    if (err == ERR_OK)
        err = state_page_done(m->state, i, NULL, 0, e);
    if (err != ERR_OK)
        state_page_undo(m->state);
    return err;
}

enum err refused_by_load(struct run *m, size_t i, const struct batch *b, const char *reason,
                         struct error *e)
{
    struct taking k = {m, i, reason, json_object()};
    struct buffer sql = BUFFER_INIT;
    char staging[128];
    run_name_staging(state_run_id(m->state), i, staging);
    sql_staged(&m->dataset, staging, &sql);
    enum err err = k.staged != NULL ? ask(m, i, &sql, take_staged, &k, e) : error_no_memory(e);
    if (err == ERR_OK)
        err = state_page_begin(m->state, e);
    if (err == ERR_OK)
        err = end(m, i, each_line(&k, b, e), e);
    json_decref(k.staged);
    buffer_free(&sql);
    return err;
}

enum err refused_by_merge(struct run *m, size_t i, struct error *e)
{
    struct taking k = {m, i, "BigQuery refuses its JSON", NULL};
    struct buffer sql = BUFFER_INIT;
    char staging[128];
    run_name_staging(state_run_id(m->state), i, staging);
    sql_refused(&m->dataset, &bigquery_tables[i], staging, &sql);
    enum err err = state_page_begin(m->state, e);
    if (err == ERR_OK)
        err = end(m, i, ask(m, i, &sql, take_refused, &k, e), e);
    buffer_free(&sql);
    return err;
}
