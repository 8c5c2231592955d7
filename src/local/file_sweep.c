/* What nobody will ask for again, below DATA_DIR. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "local/local.h"

#define HOUR_US (3600 * US_PER_S)

struct sweep {
    const struct job_store *jobs;
    const struct area *area;
    int64_t before_us; /* what is younger stays */
    int erased;
};

typedef enum err (*used_fn)(const struct job_store *jobs, const char *id, bool *used,
                            struct error *e);

static enum err job_exists(const struct job_store *jobs, const char *id, bool *used,
                           struct error *e)
{
    struct job *j = NULL;
    enum err err = jobs->ops->get(jobs->self, id, &j, e);
    *used = err == ERR_OK;
    job_free(j);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A job that has ended counts as well: it can be tried again as long as it is kept. */
static enum err pdf_has_jobs(const struct job_store *jobs, const char *id, bool *used,
                             struct error *e)
{
    struct job_filter of_pdf = {.pdf_id = id, .status = -1, .page_size = 1};
    struct job_page page = {0};
    enum err err = jobs->ops->list(jobs->self, &of_pdf, &page, e);
    *used = page.n > 0;
    job_page_free(&page);
    return err;
}

/* What nobody looks up by a job. */
static enum err never(const struct job_store *jobs, const char *id, bool *used, struct error *e)
{
    (void)jobs, (void)id, (void)e;
    *used = false;
    return ERR_OK;
}

/* A file's id is the name of its folder, or its own without the extension. */
static const struct area {
    const char *folder;
    used_fn used;
    bool folders; /* those of the ids are removed as well */
    int level;    /* of the ids, below the folder */
} areas[] = {
    /* nginx or a worker was killed while it wrote these. */
    {"uploads", NULL, false, 1},
    {"blobs/tmp", NULL, false, 1},
    {"blobs/pdfs", pdf_has_jobs, true, 1},
    {"blobs/documents", pdf_has_jobs, false, 1},
    {"blobs/owners", pdf_has_jobs, true, 2},
    {"blobs/batches", never, true, 2},
    /* A worker that was thought dead wrote these after the job was erased. */
    {"blobs/results", job_exists, true, 1},
};

static void read_id(const FTSENT *entry, int level, char id[256])
{
    while (entry->fts_level > level)
        entry = entry->fts_parent;
    size_t n = entry->fts_info == FTS_F ? strcspn(entry->fts_name, ".") : strlen(entry->fts_name);
    (void)snprintf(id, 256, "%.*s", (int)n, entry->fts_name);
}

static bool is_old(const struct sweep *w, const FTSENT *entry)
{
    return (int64_t)entry->fts_statp->st_mtim.tv_sec * US_PER_S < w->before_us;
}

static enum err visit(struct sweep *w, const FTSENT *entry, struct error *e)
{
    char id[256];
    bool used = false;
    enum err err = ERR_OK;
    if (entry->fts_level < 1 || (entry->fts_info != FTS_F && entry->fts_info != FTS_DP) ||
        !is_old(w, entry))
        return ERR_OK;
    if (entry->fts_info == FTS_DP) { /* stays when there is something in it */
        if (w->area->folders)
            (void)rmdir(entry->fts_accpath);
        return ERR_OK;
    }
    read_id(entry, w->area->level, id);
    if (w->area->used != NULL)
        err = w->area->used(w->jobs, id, &used, e);
    if (err == ERR_OK && !used && unlink(entry->fts_accpath) == 0)
        w->erased++;
    return err;
}

static enum err sweep_area(struct sweep *w, const char *data_dir, struct error *e)
{
    char path[512];
    char *const paths[] = {path, NULL};
    enum err err = ERR_OK;
    if (snprintf(path, sizeof path, "%s/%s", data_dir, w->area->folder) >= (int)sizeof path)
        return error_set(e, ERR_INTERNAL, "DATA_DIR is too long.");
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL)
        return error_set(e, ERR_INTERNAL, "%s: %s", path, strerror(errno));
    for (FTSENT *entry; err == ERR_OK && (entry = fts_read(tree)) != NULL;)
        err = visit(w, entry, e);
    (void)fts_close(tree);
    return err;
}

enum err file_sweep(const char *data_dir, const struct job_store *jobs, int64_t now_us,
                    int64_t keep_us, int *erased, struct error *e)
{
    struct sweep w = {.jobs = jobs};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof areas / sizeof areas[0]; i++) {
        w.area = &areas[i];
        w.before_us = now_us - (w.area->used != NULL ? keep_us : HOUR_US);
        if (jobs != NULL || w.area->used == NULL)
            err = sweep_area(&w, data_dir, e);
    }
    *erased = w.erased;
    return err;
}
