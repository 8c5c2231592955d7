#include "app/backend.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/handlers.h"
#include "app/maintenance.h"
#include "app/parts.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/program_limits.h"
#include "core/sealed_password.h"
#include "extract/pipeline.h"
#include "google/settings.h"
#include "process/metrics.h"
#include "sandbox/sandbox.h"
#include "telemetry/exporter.h"
#include "tesseract/settings.h"

struct backend {
    struct app app;
    struct pipeline pipeline; /* what app.runner runs; it owns the recognizer */
    struct parts parts;
    size_t n_opened; /* of the parts */
    struct slots slots;
};

static enum err make_folder(const char *path, mode_t mode, struct error *e)
{
    if (path == NULL)
        return error_no_memory(e);
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return ERR_OK;
    return error_set(e, ERR_UNAVAILABLE, "Cannot make the folder %s: %s", path, strerror(errno));
}

static enum err load_key(const struct config *cfg, unsigned char key[SIGNING_KEY_BYTES],
                         struct error *e)
{
    char *path = config_data_path(cfg, "signing-key");
    enum err err = path != NULL ? signing_key_load(path, key, e) : error_no_memory(e);
    free(path);
    return err;
}

/* Where blobs and jobs live elsewhere the folders hold what passes through: sockets, bodies,
 * downloads. */
enum err backend_prepare(const struct config *cfg, struct error *e)
{
    struct parts parts;
    unsigned char key[SIGNING_KEY_BYTES];
    char *uploads = config_data_path(cfg, "uploads");
    enum err err = make_folder(cfg->data_dir, 0750, e);
    if (err == ERR_OK)
        err = make_folder(cfg->run_dir, 0750, e);
    if (err == ERR_OK)
        err = make_folder(uploads, 0750, e);
    if (err == ERR_OK)
        err = make_folder(cfg->uploads_dir, 0750, e);
    if (err == ERR_OK)
        err = load_key(cfg, key, e);
    if (err == ERR_OK)
        err = sealing_key_make(cfg->sealing_key, key, key, e);
    if (err == ERR_OK)
        err = parts_find(cfg, &parts, e);
    for (size_t i = 0; err == ERR_OK && i < parts.n; i++)
        if (parts.chosen[i]->prepare != NULL)
            err = parts.chosen[i]->prepare(cfg, e);
    sodium_memzero(key, sizeof key);
    free(uploads);
    return err;
}

static enum err run_pipeline(void *self, int pdf_fd, const struct extraction_request *r,
                             const struct checkpoint *c, const struct page_journal *journal,
                             struct job_progress *progress, struct extraction *out, struct error *e)
{
    return pipeline_run(self, pdf_fd, r, c, journal, progress, out, e);
}

static enum err open_recognizer(const struct config *cfg, struct pipeline *p, struct error *e)
{
    const struct recognizer_limits limits = tesseract_limits(cfg);
    return recognizer_open(&limits, &p->recognizer, e);
}

static void close_slots(struct slots *s)
{
    if (s->analytics.ops != NULL)
        s->analytics.ops->close(s->analytics.self);
    if (s->jobs.ops != NULL)
        s->jobs.ops->close(s->jobs.self);
    if (s->queue.ops != NULL)
        s->queue.ops->close(s->queue.self);
    if (s->blobs.ops != NULL)
        s->blobs.ops->close(s->blobs.self);
    if (s->structurer.ops != NULL)
        s->structurer.ops->close(s->structurer.self);
}

static void backend_close(struct backend *b)
{
    struct pipeline *p = &b->pipeline;
    kept_document_drop(&b->app.kept);
    languages_free(&b->app.languages);
    close_slots(&b->slots);
    for (size_t i = 0; i < p->n_ocr; i++)
        p->ocr[i].ops->close(p->ocr[i].self);
    recognizer_close(p->recognizer);
    for (size_t i = 0; i < b->n_opened; i++)
        if (b->parts.chosen[i]->close != NULL)
            b->parts.chosen[i]->close();
    memset(b, 0, sizeof *b);
}

/* Engines are put in the order in which they are named. */
static enum err open_parts(const struct part_context *x, struct backend *b, struct slots *s,
                           struct error *e)
{
    struct pipeline *p = &b->pipeline;
    for (; b->n_opened < b->parts.n; b->n_opened++) {
        enum err err = b->parts.chosen[b->n_opened]->open(x, s, e);
        if (err != ERR_OK)
            return err;
        if (s->ocr.ops != NULL)
            p->ocr[p->n_ocr++] = s->ocr;
        s->ocr = (struct ocr_engine){NULL, NULL};
    }
    return ERR_OK;
}

/* The start has checked the file; one that was broken afterwards stops no worker. */
static void read_webhook_secrets(const struct config *cfg, struct webhook_secrets *out)
{
    struct error e = {0};
    if (webhook_secrets_read(outbound_settings_of(cfg)->webhook_secrets, out, &e) != ERR_OK)
        log_error(LOG_ERROR, "the secrets of callbacks cannot be read; none is sent", &e);
}

static enum err backend_open(const struct config *cfg, int notify_fd, struct backend *b,
                             struct error *e)
{
    struct services *s = &b->app.services;
    struct pipeline *p = &b->pipeline;
    s->cfg = cfg;
    s->clock = &system_clock;
    b->app.version = PACKAGE_VERSION;
    b->app.sandbox = sandbox_mode();
    b->app.recognizer = tesseract_limits(cfg);
    b->app.parts = &b->parts;
    b->app.write_metrics = parts_write_metrics;
    b->app.write_versions = parts_write_versions;
    read_webhook_secrets(cfg, &b->app.webhook_secrets);
    enum err err = parts_find(cfg, &b->parts, e);
    if (err == ERR_OK)
        err = load_key(cfg, b->app.signing_key, e);
    if (err == ERR_OK)
        err = sealing_key_make(cfg->sealing_key, b->app.signing_key, s->sealing_key, e);
    if (err == ERR_OK)
        err = open_recognizer(cfg, p, e);
    const struct part_context x = {cfg, s->clock, notify_fd, b->app.signing_key, p->recognizer};
    if (err == ERR_OK)
        err = open_parts(&x, b, &b->slots, e);
    s->jobs = b->slots.jobs;
    s->queue = b->slots.queue;
    s->blobs = b->slots.blobs;
    s->analytics = b->slots.analytics;
    p->structurer = b->slots.structurer;
    s->ocr_is_paid = p->n_ocr > 0 && p->ocr[0].ops->paid;
    p->reader = page_reader_limits_of(cfg);
    p->engine = (enum engine_choice)cfg->engine;
    p->ocr_dpi = (int)cfg->ocr_dpi;
    p->max_document_bytes = (size_t)cfg->max_result_bytes;
    b->app.runner = (struct job_runner){run_pipeline, p};
    if (err != ERR_OK)
        backend_close(b);
    return err;
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
    *out = (struct instance){
        .self = b,
        .app = &b->app,
        .signing_key = b->app.signing_key,
        .clock = b->app.services.clock,
        .task_tokens = {"https://accounts.google.com", google_names_of(cfg)->tasks_account,
                        google_names_of(cfg)->tasks_jwks, google_access_of(cfg)->ca_file},
        .admit = document_admit,
        .look = job_look};
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
    if (a->ops != NULL)
        a->ops->flush(a->self, give_ms);
}

static enum err dispatch(struct instance *i, const struct dispatch *d, struct error *e)
{
    struct backend *b = i->self;
    const struct services *s = &b->app.services;
    struct maintenance m = {.services = s};
    const struct queue_run run = {.cfg = s->cfg,
                                  .clock = s->clock,
                                  .auth_key = d->auth_key,
                                  .notify_fd = d->notify_fd,
                                  .stop = d->stop,
                                  .tick = maintenance_run,
                                  .tick_self = &m,
                                  .lost = metrics_store_lost};
    for (size_t k = 0; k < b->parts.n; k++)
        if (b->parts.chosen[k]->probe != NULL)
            b->parts.chosen[k]->probe(s->cfg);
    for (size_t k = 0; k < b->parts.n; k++)
        if (b->parts.chosen[k]->deliver != NULL && s->cfg->task_workers > 0)
            return b->parts.chosen[k]->deliver(&run, e);
    maintenance_loop(&m, d->stop);
    return ERR_OK;
}

static bool exports(const struct config *cfg)
{
    const struct telemetry_settings *t = config_values(cfg, &telemetry_settings);
    return t->endpoint != NULL;
}

static void write_metrics(void *self, struct buffer *out)
{
    const struct backend *b = self;
    metrics_write(out);
    parts_write_metrics(&b->parts, out);
}

static enum err export(struct instance *i, int spans_fd, const volatile int *stop,
                       struct error *e) {
    const struct backend *b = i->self;
    const struct exporter x = {.settings = config_values(b->app.services.cfg, &telemetry_settings),
                               .version = PACKAGE_VERSION,
                               .spans_fd = spans_fd,
                               .stop = stop,
                               .write_metrics = write_metrics,
                               .self = i->self};
    return exporter_run(&x, e);
}

const struct program backend_program = {open_instance, close_instance, flush_analytics,
                                        dispatch,      exports,        export};
