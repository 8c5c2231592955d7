/* Liveness, readiness, what is linked, what is set. */
#include <curl/curl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "api/handlers.h"
#include "base/clock.h"
#include "base/folder.h"
#include "core/attempts.h"

#define READY_US (5 * US_PER_S) /* how long one look is good for everybody who asks */

enum err health_live(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct app *app = self;
    (void)r;
    (void)e;
    buffer_printf(&p->body, "{\"status\":\"healthy\",\"version\":\"%s\"}", app->version);
    return ERR_OK;
}

/* Bodies that nginx cannot store are lost to everybody, whatever the stores say; so is everything
 * on a full disk. */
static enum err check_folder(const char *path, struct error *e)
{
    int code = folder_try_write(AT_FDCWD, path);
    if (code == 0)
        return ERR_OK;
    error_set(e, err_of_errno(code), "It cannot be written.");
    return error_cause(e, "writing to %.200s: %s", path, strerror(code));
}

static enum err check_jobs(const struct services *s, struct error *e)
{
    return s->jobs.ops->ping(s->jobs.self, e);
}

static enum err check_queue(const struct services *s, struct error *e)
{
    return s->queue.ops->ping(s->queue.self, e);
}

static enum err check_blobs(const struct services *s, struct error *e)
{
    return s->blobs.ops->ping(s->blobs.self, e);
}

static enum err check_uploads(const struct services *s, struct error *e)
{
    return check_folder(s->cfg->uploads_dir, e);
}

static enum err check_data(const struct services *s, struct error *e)
{
    return check_folder(s->cfg->data_dir, e);
}

static enum err check_attempts(const struct services *s, struct error *e)
{
    (void)s;
    return attempts_exhausted() ? error_set(e, ERR_EXHAUSTED, "They failed.") : ERR_OK;
}

static const struct check {
    enum err (*look)(const struct services *s, struct error *e);
    const char *problem;
} checks[] = {
    {check_attempts, "the last jobs found no memory, descriptors or processes left"},
    {check_uploads, "uploads cannot be stored"},
    {check_data, "DATA_DIR cannot be written"},
    {check_jobs, "the job store does not answer"},
    {check_queue, "the task queue does not answer"},
    {check_blobs, "the file store does not answer"},
};

static void look(const struct services *s, struct error *out)
{
    struct error e = {0};
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (checks[i].look(s, &e) == ERR_OK)
            continue;
        error_set(out, ERR_UNAVAILABLE, "Not ready: %s.", checks[i].problem);
        out->retry_after_s = 5;
        (void)error_cause(out, "%s", e.cause[0] != '\0' ? e.cause : e.detail);
        return;
    }
}

enum err health_ready(void *self, struct request *r, struct reply *p, struct error *e)
{
    struct app *app = self;
    struct readiness *known = &app->ready;
    (void)r;
    reply_header(p, "Cache-Control", "no-store");
    if (monotonic_us() >= known->until_us) {
        look(&app->services, &known->e);
        known->until_us = monotonic_us() + READY_US;
    }
    if (known->e.kind != ERR_OK) {
        *e = known->e;
        return e->kind;
    }
    buffer_puts(&p->body, "{\"status\":\"ready\"}");
    return ERR_OK;
}

/* Versions are for those who have a key: others would look up what is wrong with them. */
enum err health_dependencies(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct app *app = self;
    const struct services *s = &app->services;
    const char *reader = s->cfg->page_reader;
    (void)e;
    buffer_printf(&p->body,
                  "{\"job_store\":\"%s\",\"blob_store\":\"%s\",\"task_queue\":\"%s\","
                  "\"page_reader\":%s",
                  s->jobs.ops->name, s->blobs.ops->name, s->queue.ops->name,
                  access(reader, X_OK) == 0 ? "true" : "false");
    if (!r->auth.anonymous) {
        if (app->parts != NULL)
            app->write_versions(app->parts, &p->body);
        buffer_printf(&p->body,
                      ",\"curl\":\"%s\","
                      "\"jansson\":\"%s\",\"sodium\":\"%s\",\"openssl\":\"%s\"",
                      curl_version_info(CURLVERSION_NOW)->version, jansson_version_str(),
                      sodium_version_string(), OpenSSL_version(OPENSSL_VERSION_STRING));
    }
    buffer_puts(&p->body, "}");
    return ERR_OK;
}

enum err health_diagnostics(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct app *app = self;
    int64_t depth = -1;
    (void)r;
    enum err err = app->services.queue.ops->depth(app->services.queue.self, &depth, e);
    buffer_printf(&p->body,
                  "{\"version\":\"%s\",\"sandbox\":\"%s\",\"queue_depth\":%" PRId64
                  ",\"settings\":",
                  app->version, app->sandbox, depth);
    config_describe(app->services.cfg, &p->body);
    buffer_puts(&p->body, "}");
    return err;
}
