#include "app/backend.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/maintenance.h"
#include "base/log.h"
#include "base/steady.h"
#include "google/counters.h"
#include "google/documentai.h"
#include "google/gemini.h"
#include "google/google.h"
#include "local/local.h"
#include "process/metrics.h"

char *backend_path(const struct config *cfg, const char *name)
{
    struct buffer b = BUFFER_INIT;
    buffer_printf(&b, "%s/%s", cfg->data_dir, name);
    return buffer_take(&b);
}

static enum err make_folder(const char *path, mode_t mode, struct error *e)
{
    if (path == NULL)
        return error_no_memory(e);
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return ERR_OK;
    return error_set(e, ERR_UNAVAILABLE, "Cannot make the folder %s: %s", path, strerror(errno));
}

enum err backend_check(const struct config *cfg, struct error *e)
{
    struct google_session session;
    if (cfg->backend != BACKEND_GOOGLE)
        return ERR_OK;
    enum err err = google_session_open(cfg, &system_source, NULL, &session, e);
    if (err == ERR_OK && !google_credentials_have_signer(session.credentials))
        err =
            error_set(e, ERR_UNPROCESSABLE,
                      "SIGNING_SERVICE_ACCOUNT is not set; the file that "
                      "GOOGLE_APPLICATION_CREDENTIALS names has no account that could sign links.");
    google_session_close(&session);
    return err;
}

/* In Google mode the folders hold what passes through: sockets, bodies, downloads. */
enum err backend_prepare(const struct config *cfg, struct error *e)
{
    unsigned char key[SIGNING_KEY_BYTES];
    char *uploads = backend_path(cfg, "uploads"), *blobs = backend_path(cfg, "blobs");
    char *key_path = backend_path(cfg, "signing-key"), *clock_path = backend_path(cfg, "clock");
    enum err err = make_folder(cfg->data_dir, 0750, e);
    if (err == ERR_OK)
        err = make_folder(cfg->run_dir, 0750, e);
    if (err == ERR_OK && cfg->backend == BACKEND_GOOGLE)
        err = google_counters_setup(e);
    if (err == ERR_OK)
        err = make_folder(uploads, 0750, e);
    if (err == ERR_OK)
        err = make_folder(cfg->uploads_dir, 0750, e);
    if (err == ERR_OK && cfg->backend == BACKEND_LOCAL)
        err = make_folder(blobs, 0750, e);
    if (err == ERR_OK && cfg->backend == BACKEND_LOCAL)
        err = key_path != NULL ? signing_key_load(key_path, key, e) : error_no_memory(e);
    if (err == ERR_OK && cfg->backend == BACKEND_LOCAL)
        err = clock_path != NULL ? steady_open(clock_path, e) : error_no_memory(e);
    free(uploads);
    free(blobs);
    free(clock_path);
    free(key_path);
    return err;
}

static enum err run_pipeline(void *self, const struct services *s, const struct job *j, int pdf_fd,
                             const struct extraction_request *r, const struct checkpoint *c,
                             struct job_progress *progress, struct extraction *out, struct error *e)
{
    (void)s;
    (void)j;
    return pipeline_run(self, pdf_fd, r, c, progress, out, e);
}

static enum err open_local(const struct config *cfg, int notify_fd, struct backend *b,
                           struct error *e)
{
    struct services *s = &b->app.services;
    char *db = backend_path(cfg, "pdf-ocr.sqlite3"), *blobs = backend_path(cfg, "blobs");
    char *key_path = backend_path(cfg, "signing-key");
    enum err err = db != NULL && blobs != NULL && key_path != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = signing_key_load(key_path, b->app.signing_key, e);
    if (err == ERR_OK)
        err = sqlite_job_store_open(db, s->source, &s->jobs, e);
    if (err == ERR_OK)
        err = sqlite_task_queue_open(db, s->source, notify_fd, &s->queue, e);
    if (err == ERR_OK)
        err = sqlite_analytics_open(db, &s->analytics, e);
    if (err == ERR_OK)
        err = file_blob_store_open(blobs, cfg->api_base_url, b->app.signing_key, s->source,
                                   &s->blobs, e);
    free(db);
    free(blobs);
    free(key_path);
    return err;
}

static enum err open_google_stores(const struct config *cfg, struct backend *b, struct error *e)
{
    struct services *s = &b->app.services;
    struct google_client *client = b->google.stores;
    struct buffer links = BUFFER_INIT;
    char *temp = backend_path(cfg, "uploads");
    google_link_base(cfg, &links);
    struct firestore_options jobs = {.source = s->source,
                                     .project = cfg->project,
                                     .database = cfg->firestore_database,
                                     .collection = cfg->collection,
                                     .feedback_collection = cfg->feedback_collection};
    struct cloud_storage_options blobs = {.source = s->source,
                                          .credentials = b->google.credentials,
                                          .bucket = cfg->bucket,
                                          .temp_dir = temp,
                                          .link_base = links.data};
    struct cloud_tasks_options queue = {.project = cfg->project,
                                        .location = cfg->queue_location,
                                        .queue = cfg->task_queue_name,
                                        .target_base_url = cfg->api_base_url,
                                        .service_account = cfg->tasks_account,
                                        .api_key = cfg->api_key,
                                        .dispatch_deadline_s =
                                            (int)cfg->task_deadline_s + TASK_MARGIN_S};
    struct bigquery_options analytics = {.project = cfg->project,
                                         .dataset = cfg->dataset,
                                         .bucket = cfg->bucket,
                                         .lost = google_counters_rows_lost};
    enum err err = temp != NULL && !buffer_failed(&links) ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = firestore_job_store_open(client, &jobs, &s->jobs, e);
    if (err == ERR_OK)
        err = cloud_storage_open(client, &blobs, &s->blobs, e);
    if (err == ERR_OK)
        err = cloud_tasks_open(client, &queue, &s->queue, e);
    if (err == ERR_OK)
        err = bigquery_analytics_open(client, &analytics, &s->analytics, e);
    free(temp);
    buffer_free(&links);
    return err;
}

/* Links of this service's own are never given out, so none is taken: the key is thrown away. */
static enum err open_google(const struct config *cfg, struct backend *b, struct error *e)
{
    struct pipeline *p = &b->pipeline;
    enum err err =
        google_session_open(cfg, b->app.services.source, google_counters_observe, &b->google, e);
    b->app.write_metrics = google_counters_write;
    randombytes_buf(b->app.signing_key, sizeof b->app.signing_key);
    if (err == ERR_OK)
        err = open_google_stores(cfg, b, e);
    if (err == ERR_OK && cfg->processor_id != NULL)
        err = documentai_engine_open(b->google.engines, cfg->project, cfg->location,
                                     cfg->processor_id, (int)cfg->google_parallel, &p->ocr[0], e);
    if (err == ERR_OK && cfg->gemini_api_key != NULL)
        err = gemini_structurer_open(b->google.engines, cfg->gemini_model, &p->structurer, e);
    return err;
}

/* Tesseract reads where Document AI does not, and where a request asks for it. */
static enum err open_recognizer(const struct config *cfg, struct pipeline *p, struct error *e)
{
    const struct recognizer_limits limits = {.program = cfg->ocr_reader,
                                             .tessdata_dir = cfg->tessdata_dir,
                                             .language = cfg->ocr_language,
                                             .cpu_s = cfg->ocr_cpu_s,
                                             .memory_bytes = cfg->ocr_memory_bytes,
                                             .max_raster_pixels = cfg->max_raster_pixels};
    enum err err = recognizer_open(&limits, &p->recognizer, e);
    if (err == ERR_OK)
        p->ocr[p->ocr[0].ops == NULL ? 0 : 1] = recognizer_engine(p->recognizer);
    return err;
}

enum err backend_open(const struct config *cfg, int notify_fd, struct backend *b, struct error *e)
{
    memset(b, 0, sizeof *b);
    struct services *s = &b->app.services;
    struct pipeline *p = &b->pipeline;
    s->cfg = cfg;
    s->source = &system_source;
    b->app.version = PACKAGE_VERSION;
    enum err err =
        cfg->backend == BACKEND_GOOGLE ? open_google(cfg, b, e) : open_local(cfg, notify_fd, b, e);
    if (err == ERR_OK)
        err = open_recognizer(cfg, p, e);
    p->reader = (struct page_reader_limits){.program = cfg->page_reader,
                                            .cpu_s = cfg->reader_cpu_s,
                                            .memory_bytes = cfg->reader_memory_bytes,
                                            .max_pages = cfg->max_pages,
                                            .max_raster_pixels = cfg->max_raster_pixels};
    p->engine = (enum engine_choice)cfg->engine;
    p->ocr_dpi = (int)cfg->ocr_dpi;
    b->app.runner = (struct job_runner){run_pipeline, p};
    if (err != ERR_OK)
        backend_close(b);
    return err;
}

void backend_probe(const struct config *cfg, struct backend *b)
{
    struct error e = {0};
    if (b->pipeline.structurer.ops == NULL)
        return;
    enum err err = gemini_find_model(b->google.engines, cfg->gemini_model, &e);
    if (err == ERR_NOT_FOUND)
        log_event(
            LOG_ERROR,
            "there is no such Gemini model (any more): tables stay unchecked; set GEMINI_MODEL",
            "model", cfg->gemini_model, NULL);
    else if (err != ERR_OK)
        log_error(LOG_WARNING, "Gemini cannot be asked", &e);
}

void backend_close(struct backend *b)
{
    struct services *s = &b->app.services;
    struct pipeline *p = &b->pipeline;
    kept_document_drop(&b->app.kept);
    languages_free(&b->app.languages);
    if (s->analytics.ops != NULL)
        s->analytics.ops->close(s->analytics.self);
    if (s->jobs.ops != NULL)
        s->jobs.ops->close(s->jobs.self);
    if (s->queue.ops != NULL)
        s->queue.ops->close(s->queue.self);
    if (s->blobs.ops != NULL)
        s->blobs.ops->close(s->blobs.self);
    for (size_t i = 0; i < PIPELINE_ENGINES; i++)
        if (p->ocr[i].ops != NULL)
            p->ocr[i].ops->close(p->ocr[i].self);
    recognizer_close(p->recognizer);
    if (p->structurer.ops != NULL)
        p->structurer.ops->close(p->structurer.self);
    google_session_close(&b->google);
    memset(b, 0, sizeof *b);
}

/* --- what the processes are given --- */

static enum err open_instance(const struct config *cfg, int notify_fd, struct instance *out,
                              struct error *e)
{
    struct backend *b = calloc(1, sizeof *b);
    enum err err = b != NULL ? backend_open(cfg, notify_fd, b, e) : error_no_memory(e);
    if (err != ERR_OK) {
        free(b);
        return err;
    }
    *out = (struct instance){b, &b->app, b->app.signing_key, b->app.services.source};
    return ERR_OK;
}

static void close_instance(struct instance *i)
{
    backend_close(i->self);
    free(i->self);
}

static void flush_analytics(struct instance *i, int give_ms)
{
    const struct backend *b = i->self;
    const struct analytics *a = &b->app.services.analytics;
    if (a->ops->flush != NULL)
        a->ops->flush(a->self, give_ms);
}

static enum err dispatch(struct instance *i, const struct dispatch *d, struct error *e)
{
    struct backend *b = i->self;
    const struct services *s = &b->app.services;
    struct maintenance m = {.services = s};
    if (s->cfg->backend == BACKEND_GOOGLE) {
        backend_probe(s->cfg, b);
        maintenance_loop(&m, d->stop);
        return ERR_OK;
    }
    char *db = backend_path(s->cfg, "pdf-ocr.sqlite3");
    struct dispatcher_options o = {.cfg = s->cfg,
                                   .source = s->source,
                                   .db_path = db,
                                   .auth_key = d->auth_key,
                                   .notify_fd = d->notify_fd,
                                   .stop = d->stop,
                                   .tick = maintenance_run,
                                   .tick_self = &m,
                                   .lost = metrics_store_lost};
    enum err err = db != NULL ? dispatcher_run(&o, e) : error_no_memory(e);
    free(db);
    return err;
}

const struct program backend_program = {open_instance, close_instance, flush_analytics, dispatch};
