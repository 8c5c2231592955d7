/* The parts of this machine: SQLite and files. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/steady.h"
#include "local/local.h"

static enum err prepare_database(const struct config *cfg, struct error *e)
{
    char *path = config_data_path(cfg, SQLITE_DATABASE);
    enum err err = path != NULL ? sqlite_prepare(path, e) : error_no_memory(e);
    free(path);
    return err;
}

/* Who shares the jobs shares the clock of this boot; elsewhere machines agree on the wall clock. */
static enum err prepare_jobs(const struct config *cfg, struct error *e)
{
    char *path = config_data_path(cfg, "clock");
    enum err err = path != NULL ? steady_open(path, e) : error_no_memory(e);
    free(path);
    return err == ERR_OK ? prepare_database(cfg, e) : err;
}

static enum err open_jobs(const struct part_context *x, struct slots *out, struct error *e)
{
    char *path = config_data_path(x->cfg, SQLITE_DATABASE);
    enum err err =
        path != NULL ? sqlite_job_store_open(path, x->clock, &out->jobs, e) : error_no_memory(e);
    free(path);
    return err;
}

static enum err open_queue(const struct part_context *x, struct slots *out, struct error *e)
{
    char *path = config_data_path(x->cfg, SQLITE_DATABASE);
    enum err err = path != NULL
                       ? sqlite_task_queue_open(path, x->clock, x->notify_fd, &out->queue, e)
                       : error_no_memory(e);
    free(path);
    return err;
}

static enum err check_analytics(const struct config *cfg, struct error *e)
{
    if (strcmp(cfg->job_store, sqlite_jobs_part.name) == 0)
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE,
                     "ANALYTICS=%s counts what JOB_STORE=%s keeps; JOB_STORE is \"%s\".",
                     sqlite_analytics_part.name, sqlite_jobs_part.name, cfg->job_store);
}

/* Analysts read the live tables: there is no copy to keep. */
static enum err open_analytics(const struct part_context *x, struct slots *out, struct error *e)
{
    (void)x;
    (void)out;
    (void)e;
    return ERR_OK;
}

static enum err prepare_files(const struct config *cfg, struct error *e)
{
    char *path = config_data_path(cfg, "blobs");
    enum err err = path != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK && mkdir(path, 0750) != 0 && errno != EEXIST)
        err = error_set(e, ERR_UNAVAILABLE, "Cannot make the folder %s: %s", path, strerror(errno));
    free(path);
    return err;
}

static enum err open_files(const struct part_context *x, struct slots *out, struct error *e)
{
    char *path = config_data_path(x->cfg, "blobs");
    enum err err = path != NULL ? file_blob_store_open(path, x->cfg->api_base_url, x->signing_key,
                                                       x->clock, &out->blobs, e)
                                : error_no_memory(e);
    free(path);
    return err;
}

static enum err deliver(const struct queue_run *d, struct error *e)
{
    char *path = config_data_path(d->cfg, SQLITE_DATABASE);
    enum err err = path != NULL ? sqlite_deliver(d, path, e) : error_no_memory(e);
    free(path);
    return err;
}

const struct part sqlite_jobs_part = {.name = "sqlite",
                                      .prepare = prepare_jobs,
                                      .open = open_jobs,
                                      .library = "sqlite",
                                      .version = sqlite3_libversion};
const struct part sqlite_queue_part = {.name = "sqlite",
                                       .prepare = prepare_database,
                                       .open = open_queue,
                                       .deliver = deliver,
                                       .library = "sqlite",
                                       .version = sqlite3_libversion};
const struct part sqlite_analytics_part = {
    .name = "sqlite", .check = check_analytics, .open = open_analytics};
const struct part files_part = {.name = "files", .prepare = prepare_files, .open = open_files};
