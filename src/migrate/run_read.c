/* Reading a collection: pages become rows in the state, rows become load jobs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "migrate/reader.h"
#include "migrate/refused.h"
#include "migrate/retry.h"
#include "migrate/row.h"
#include "migrate/run.h"

#define PAGE_MOST   20000
#define PAGE_BYTES  (8U << 20)          /* of the rows of a page, about */
#define BATCH_BYTES (INT64_C(32) << 20) /* a table takes 1,500 load jobs a day */

const char *run_collection(const struct run *m, size_t i)
{
    return i == 0 ? m->names->collection : m->names->feedback_collection;
}

void run_name_staging(const char *run_id, size_t i, char out[128])
{
    (void)snprintf(out, 128, "pdf_ocr_migrate_%s_%s", run_id, bigquery_tables[i].name);
}

void run_name_job(const struct run *m, size_t i, const char *what, int64_t n, char out[160])
{
    (void)snprintf(out, 160, "pdf-ocr-migrate-%s-%s-%s-%" PRId64, state_run_id(m->state),
                   bigquery_tables[i].name, what, n);
}

/* Of two documents with one id the older one is a reject: nobody is to miss it unknowingly. */
static enum err reject_loser(struct run *m, size_t i, const struct row *row, const char *loser,
                             struct error *e)
{
    struct buffer path = BUFFER_INIT, reason = BUFFER_INIT;
    buffer_printf(&path, "projects/%s/databases/%s/documents/%s/%s", m->names->project,
                  m->names->firestore_database, run_collection(m, i), loser);
    buffer_printf(&reason, "%s: %s is that of another document too, which is newer",
                  bigquery_tables[i].id, row->id);
    enum err err = buffer_failed(&path) || buffer_failed(&reason)
                       ? error_no_memory(e)
                       : state_reject(m->state, i, path.data, reason.data, e);
    buffer_free(&path);
    buffer_free(&reason);
    return err;
}

static enum err take_row(struct run *m, size_t i, const json_t *document, const struct row *row,
                         struct error *e)
{
    char *loser = NULL;
    enum err err = state_row(m->state, i, row, row_document_id(document), &loser, e);
    if (err == ERR_OK && loser != NULL) {
        err = reject_loser(m, i, row, loser, e);
        state_progress(m->state, i)->rejected++;
    }
    free(loser);
    return err;
}

/* A page on its way into the state, and how it stood before. */
struct page {
    struct run *run;
    size_t part;
    struct progress before;
    struct buffer lines;
    char *cursor; /* name of its last document */
};

static enum err convert(struct page *page, const json_t *document, struct row *row, struct error *e)
{
    struct run *m = page->run;
    struct progress *p = state_progress(m->state, page->part);
    const struct bigquery_table *table = &bigquery_tables[page->part];
    size_t before = page->lines.len;
    enum err err = row_convert(table, document, m->names->bucket, &page->lines, row, e);
    if (err != ERR_OK)
        return err;
    p->batch_rows++;
    p->bytes += (int64_t)(page->lines.len - before);
    err = take_row(m, page->part, document, row, e);
    if (m->o->mode == MODE_DRY_RUN && !m->sampled[page->part])
        report_sample(&m->report, table->name, page->lines.data + before);
    m->sampled[page->part] = true;
    return err;
}

static enum err take_document(void *self, const json_t *document, const char *unreadable,
                              bool *enough, struct error *e)
{
    struct page *page = self;
    struct progress *p = state_progress(page->run->state, page->part);
    struct row row = {0};
    const char *name = json_string_value(json_object_get(document, "name"));
    free(page->cursor);
    if ((page->cursor = name != NULL ? strdup(name) : NULL) == NULL)
        return error_set(e, ERR_UNAVAILABLE, "Firestore gave a document without a name.");
    p->read++;
    enum err err = unreadable == NULL ? convert(page, document, &row, e)
                                      : error_set(e, ERR_UNPROCESSABLE, "%s", unreadable);
    if (err == ERR_UNPROCESSABLE) {
        char why[ERROR_TEXT_MAX];
        text_format(why, sizeof why, "%s", e->detail);
        p->rejected++;
        err = state_reject(page->run->state, page->part, name, why, e);
    }
    free(row.id);
    *enough = page->lines.len >= PAGE_BYTES;
    return err;
}

static void forget_page(struct page *page)
{
    state_page_undo(page->run->state);
    *state_progress(page->run->state, page->part) = page->before;
    buffer_reset(&page->lines);
    free(page->cursor);
    page->cursor = NULL;
}

static enum err begin_page(void *self, struct error *e)
{
    struct page *page = self;
    forget_page(page);
    return state_page_begin(page->run->state, e);
}

static enum err keep_page(struct page *page, bool end, struct error *e)
{
    const struct run *m = page->run;
    struct progress *p = state_progress(m->state, page->part);
    if (m->o->mode != MODE_MIGRATE) { /* no rows are kept for loading */
        buffer_reset(&page->lines);
        p->batch_rows = 0;
    }
    if (page->cursor != NULL) {
        free(p->cursor);
        p->cursor = page->cursor;
        page->cursor = NULL;
    }
    p->ended = end;
    p->closing = p->batch_rows > 0 && (end || p->batch_rows >= m->o->batch_size ||
                                       p->batch_bytes + (int64_t)page->lines.len >= BATCH_BYTES);
    return state_page_done(m->state, page->part, page->lines.data, page->lines.len, e);
}

/* Reads a page and keeps it, as a whole or not at all. */
static enum err next_page(struct run *m, size_t i, struct reader *reader, struct error *e)
{
    const struct progress *p = state_progress(m->state, i);
    struct page page = {.run = m, .part = i, .before = *p, .lines = BUFFER_INIT};
    const struct reader_sink sink = {&page, begin_page, take_document};
    int64_t room = m->o->batch_size - p->batch_rows;
    bool end = false;
    reader->most = (int)(room < PAGE_MOST ? room : PAGE_MOST);
    enum err err = reader_page(reader, p->cursor, &sink, &end, e);
    if (err == ERR_OK)
        err = keep_page(&page, end, e);
    else
        forget_page(&page);
    free(page.cursor);
    buffer_free(&page.lines);
    return err;
}

/* Starts the load job of the batch that is full; what comes next is read while it runs. */
static enum err start_load(struct run *m, size_t i, struct error *e)
{
    const struct progress *p = state_progress(m->state, i);
    int64_t n = p->batch, bytes = p->batch_bytes;
    char job[160], staging[128];
    run_name_job(m, i, "load", n, job);
    run_name_staging(state_run_id(m->state), i, staging);
    enum err err = state_batch_close(m->state, i, e);
    if (err == ERR_OK)
        err = warehouse_start_load(&m->warehouse, job, staging, state_batch_fd(m->state, n), bytes,
                                   e);
    return err;
}

/* Waits for a batch that is being loaded; one whose job was not started, or failed, is loaded. */
static enum err end_load(struct run *m, size_t i, const struct batch *loading, struct error *e)
{
    const struct batch b = *loading;
    char job[160], staging[128], why[ERROR_TEXT_MAX];
    int64_t refused;
    if (b.bytes == 0)
        return ERR_OK;
    run_name_job(m, i, "load", b.number, job);
    run_name_staging(state_run_id(m->state), i, staging);
    enum err err = warehouse_load(&m->warehouse, job, staging, state_batch_fd(m->state, b.number),
                                  b.bytes, &refused, why, e);
    if (err == ERR_OK && refused > 0)
        err = refused_by_load(m, i, &b, why, e);
    return err == ERR_OK ? state_batch_clear(m->state, i, b.number, e) : err;
}

/* One step: a page, into a file that is free, or the load of what is full. */
static enum err step(struct run *m, size_t i, struct reader *reader, struct error *e)
{
    const struct progress *p = state_progress(m->state, i);
    if (p->closing)
        return start_load(m, i, e);
    enum err err = end_load(m, i, &p->loading[p->batch % STATE_BATCHES], e);
    return err == ERR_OK ? next_page(m, i, reader, e) : err;
}

static enum err end_loads(struct run *m, size_t i, struct error *e)
{
    const struct progress *p = state_progress(m->state, i);
    enum err err = ERR_OK;
    for (int k = 0; err == ERR_OK && k < STATE_BATCHES; k++) /* the older one first */
        err = end_load(m, i, &p->loading[(p->batch + k) % STATE_BATCHES], e);
    return err;
}

enum err run_make_staging(struct run *m, size_t i, struct error *e)
{
    bool made;
    char staging[128];
    if (m->o->mode != MODE_MIGRATE)
        return ERR_OK;
    run_name_staging(state_run_id(m->state), i, staging);
    enum err err = warehouse_make_staging(&m->warehouse, &bigquery_tables[i], staging, &made, e);
    if (err == ERR_OK && made && state_progress(m->state, i)->batch > 0)
        err = error_set(e, ERR_CONFLICT,
                        "The run's staging table is gone (they last 7 days); start without "
                        "--resume.");
    return err;
}

enum err run_read(struct run *m, size_t i, struct error *e)
{
    struct progress *p = state_progress(m->state, i);
    struct reader reader = {.client = m->client,
                            .project = m->names->project,
                            .database = m->names->firestore_database,
                            .collection = run_collection(m, i),
                            .table = &bigquery_tables[i],
                            .checkpoint = &m->checkpoint};
    char task[256];
    enum err err = run_make_staging(m, i, e);
    int64_t total = err == ERR_OK ? reader_count(&reader) : -1;
    (void)snprintf(task, sizeof task, "reading %s", run_collection(m, i));
    report_begin(&m->report, p->read);
    while (err == ERR_OK && (!p->ended || p->closing)) {
        err = step(m, i, &reader, e);
        if (err == ERR_OK)
            report_progress(&m->report, task, p->read, total, false);
    }
    if (err == ERR_OK)
        err = end_loads(m, i, e);
    if (err == ERR_OK) {
        report_progress(&m->report, task, p->read, total, true);
        p->phase = m->o->mode == MODE_MIGRATE ? PHASE_MERGE : PHASE_VERIFY;
        err = state_save(m->state, i, e);
    }
    return err;
}
