/* Liveness, readiness, what is linked, what is set. */
#include <curl/curl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sqlite3.h>
#include <string.h>
#include <tesseract/capi.h>
#include <unistd.h>

#include "api/handlers.h"
#include "base/folder.h"

enum err health_live(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct app *app = self;
    (void)r;
    (void)e;
    buffer_printf(&p->body, "{\"status\":\"healthy\",\"version\":\"%s\"}", app->version);
    return ERR_OK;
}

/* Bodies that nginx cannot store are lost to everybody, whatever the stores say. */
static enum err check_uploads(const struct config *cfg, struct error *e)
{
    int code = folder_try_write(AT_FDCWD, cfg->uploads_dir);
    if (code == 0)
        return ERR_OK;
    error_set(e, ERR_UNAVAILABLE, "Uploads cannot be stored.");
    return error_cause(e, "writing to %.200s: %s", cfg->uploads_dir, strerror(code));
}

enum err health_ready(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)self)->services;
    const char *what = "job store";
    (void)r;
    enum err err = s->jobs.ops->ping(s->jobs.self, e);
    if (err == ERR_OK) {
        what = "task queue";
        err = s->queue.ops->ping(s->queue.self, e);
    }
    if (err == ERR_OK) {
        what = "file store";
        err = s->blobs.ops->ping(s->blobs.self, e);
    }
    if (err == ERR_OK) {
        what = "folder of uploads";
        err = check_uploads(s->cfg, e);
    }
    if (err == ERR_OK) {
        buffer_puts(&p->body, "{\"status\":\"ready\"}");
        return ERR_OK;
    }
    char cause[ERROR_TEXT_MAX];
    (void)snprintf(cause, sizeof cause, "%s", e->cause);
    error_set(e, ERR_UNAVAILABLE, "Not ready: the %s does not answer.", what);
    e->retry_after_s = 5;
    return error_cause(e, "%s", cause);
}

/* Versions are for those who have a key: others would look up what is wrong with them. */
enum err health_dependencies(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)self)->services;
    const char *reader = s->cfg->page_reader;
    (void)e;
    buffer_printf(&p->body,
                  "{\"job_store\":\"%s\",\"blob_store\":\"%s\",\"task_queue\":\"%s\","
                  "\"page_reader\":%s",
                  s->jobs.ops->name, s->blobs.ops->name, s->queue.ops->name,
                  access(reader, X_OK) == 0 ? "true" : "false");
    if (!r->auth.anonymous)
        buffer_printf(&p->body,
                      ",\"tesseract\":\"%s\",\"sqlite\":\"%s\",\"curl\":\"%s\","
                      "\"jansson\":\"%s\",\"sodium\":\"%s\",\"openssl\":\"%s\"",
                      TessVersion(), sqlite3_libversion(),
                      curl_version_info(CURLVERSION_NOW)->version, jansson_version_str(),
                      sodium_version_string(), OpenSSL_version(OPENSSL_VERSION_STRING));
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
                  "{\"version\":\"%s\",\"queue_depth\":%" PRId64 ",\"settings\":", app->version,
                  depth);
    config_describe(app->services.cfg, &p->body);
    buffer_puts(&p->body, "}");
    return err;
}
