#include "server/backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "local/local.h"

char *backend_path(const struct config *cfg, const char *name)
{
    struct buffer b = BUFFER_INIT;
    buffer_printf(&b, "%s/%s", cfg->data_dir, name);
    return buffer_take(&b);
}

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_INTERNAL, "Out of memory.");
}

static enum err make_folder(const char *path, mode_t mode, struct error *e)
{
    if (path == NULL)
        return no_memory(e);
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return ERR_OK;
    return error_set(e, ERR_UNAVAILABLE, "Cannot make the folder %s: %s", path, strerror(errno));
}

enum err backend_prepare(const struct config *cfg, struct error *e)
{
    unsigned char key[SIGNING_KEY_BYTES];
    if (cfg->backend != BACKEND_LOCAL)
        return error_set(e, ERR_UNPROCESSABLE,
                         "BACKEND is \"google\", which this build cannot do; use BACKEND=local.");
    char *uploads = backend_path(cfg, "uploads"), *blobs = backend_path(cfg, "blobs");
    char *key_path = backend_path(cfg, "signing-key");
    enum err err = make_folder(cfg->data_dir, 0750, e);
    if (err == ERR_OK)
        err = make_folder(cfg->run_dir, 0750, e);
    if (err == ERR_OK)
        err = make_folder(uploads, 0750, e);
    if (err == ERR_OK)
        err = make_folder(blobs, 0750, e);
    if (err == ERR_OK)
        err = key_path != NULL ? signing_key_load(key_path, key, e) : no_memory(e);
    free(uploads);
    free(blobs);
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

enum err backend_open(const struct config *cfg, int notify_fd, struct backend *b, struct error *e)
{
    memset(b, 0, sizeof *b);
    struct services *s = &b->app.services;
    char *db = backend_path(cfg, "pdf-ocr.sqlite3"), *blobs = backend_path(cfg, "blobs");
    char *key_path = backend_path(cfg, "signing-key");
    enum err err = db != NULL && blobs != NULL && key_path != NULL ? ERR_OK : no_memory(e);
    s->cfg = cfg;
    s->source = &system_source;
    b->app.version = PACKAGE_VERSION;
    if (err == ERR_OK)
        err = signing_key_load(key_path, b->app.signing_key, e);
    if (err == ERR_OK)
        err = sqlite_job_store_open(db, s->source, &s->jobs, e);
    if (err == ERR_OK)
        err = sqlite_task_queue_open(db, s->source, notify_fd, &s->queue, e);
    if (err == ERR_OK)
        err = file_blob_store_open(blobs, cfg->api_base_url, b->app.signing_key, s->source,
                                   &s->blobs, e);
    if (err == ERR_OK)
        err = tesseract_engine_open(cfg->tessdata_dir, cfg->ocr_language, &b->pipeline.ocr, e);
    b->pipeline.reader = (struct page_reader_limits){.program = cfg->page_reader,
                                                     .cpu_s = cfg->reader_cpu_s,
                                                     .memory_bytes = cfg->reader_memory_bytes,
                                                     .max_pages = cfg->max_pages,
                                                     .max_raster_pixels = cfg->max_raster_pixels};
    b->pipeline.engine = (enum engine_choice)cfg->engine;
    b->pipeline.ocr_dpi = (int)cfg->ocr_dpi;
    b->app.runner = (struct job_runner){run_pipeline, &b->pipeline};
    free(db);
    free(blobs);
    free(key_path);
    if (err != ERR_OK)
        backend_close(b);
    return err;
}

void backend_close(struct backend *b)
{
    struct services *s = &b->app.services;
    if (s->jobs.ops != NULL)
        s->jobs.ops->close(s->jobs.self);
    if (s->queue.ops != NULL)
        s->queue.ops->close(s->queue.self);
    if (s->blobs.ops != NULL)
        s->blobs.ops->close(s->blobs.self);
    if (b->pipeline.ocr.ops != NULL)
        b->pipeline.ocr.ops->close(b->pipeline.ocr.self);
    memset(b, 0, sizeof *b);
}
