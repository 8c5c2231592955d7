#include "app/parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "google/parts.h"
#include "local/local.h"
#include "ports/extraction.h"
#include "postgres/postgres.h"
#include "s3/s3.h"

#define BACKENDS 2
static const char *const backends[BACKENDS] = {"local", "google"};

/* A new adapter is a name in the row of its setting; engines are listed in ports/engine.h. */
#define ENGINE(symbol, name, label, remote) &name##_part,
static const struct registry {
    const char *setting;
    size_t value;                /* of the setting, in struct config */
    const char *stand[BACKENDS]; /* for what BACKEND stands; with ?: where it has what it needs */
    const char *none;            /* what may be given for no part; NULL: there must be one */
    bool several;                /* comma separated, the first one is preferred */
    const struct part *parts[8];
} registry[] = {
    {"JOB_STORE",
     offsetof(struct config, job_store),
     {"sqlite", "firestore"},
     NULL,
     false,
     {&sqlite_jobs_part, &postgres_jobs_part, &firestore_part}},
    {"TASK_QUEUE",
     offsetof(struct config, task_queue),
     {"sqlite", "cloud-tasks"},
     NULL,
     false,
     {&sqlite_queue_part, &postgres_queue_part, &cloud_tasks_part}},
    {"BLOB_STORE",
     offsetof(struct config, blob_store),
     {"files", "cloud-storage"},
     NULL,
     false,
     {&files_part, &s3_part, &cloud_storage_part}},
    {"ANALYTICS",
     offsetof(struct config, analytics),
     {"sqlite", "bigquery"},
     NULL,
     false,
     {&sqlite_analytics_part, &postgres_analytics_part, &bigquery_part}},
    {"OCR_ENGINES",
     offsetof(struct config, ocr_engines),
     {"tesseract", "documentai?,tesseract"},
     "none",
     true,
     {OCR_ENGINE_TABLE(ENGINE)}},
    {"STRUCTURER",
     offsetof(struct config, structurer),
     {"none", "gemini?"},
     "none",
     false,
     {STRUCTURER_TABLE(ENGINE)}},
};

#define N_REGISTRY (sizeof registry / sizeof registry[0])

static char *value_of(const struct config *cfg, const struct registry *r)
{
    return *(char *const *)((const char *)cfg + r->value);
}

static const struct part *find(const struct registry *r, const char *name, size_t n)
{
    for (const struct part *const *p = r->parts; *p != NULL; p++)
        if (strlen((*p)->name) == n && strncmp((*p)->name, name, n) == 0)
            return *p;
    return NULL;
}

static enum err unknown(const struct registry *r, const char *value, struct error *e)
{
    struct buffer names = BUFFER_INIT;
    for (const struct part *const *p = r->parts; *p != NULL; p++)
        buffer_printf(&names, "%s%s", p == r->parts ? "" : ", ", (*p)->name);
    if (r->none != NULL)
        buffer_printf(&names, ", %s", r->none);
    enum err err =
        buffer_failed(&names)
            ? error_no_memory(e)
            : error_set(e, ERR_UNPROCESSABLE, "%s is \"%.100s\"; expected %s %s.", r->setting,
                        value, r->several ? "some of" : "one of", names.data);
    buffer_free(&names);
    return err;
}

/* What BACKEND stands for, without the parts that lack what they need; the caller frees. */
static char *stand_in(const struct config *cfg, const struct registry *r, size_t backend)
{
    struct buffer value = BUFFER_INIT;
    struct error unused;
    for (const char *at = r->stand[backend]; *at != '\0';) {
        size_t n = strcspn(at, ",?");
        const struct part *p = find(r, at, n);
        bool fits = at[n] != '?' || p->check == NULL || p->check(cfg, &unused) == ERR_OK;
        if (fits)
            buffer_printf(&value, "%s%.*s", value.len > 0 ? "," : "", (int)n, at);
        at += n + strspn(at + n, ",?");
    }
    if (value.len == 0)
        buffer_puts(&value, r->none);
    return buffer_take(&value);
}

enum err parts_fill(struct config *cfg, struct error *e)
{
    size_t backend = 0;
    while (backend < BACKENDS && strcmp(cfg->backend, backends[backend]) != 0)
        backend++;
    if (backend == BACKENDS)
        return error_set(e, ERR_UNPROCESSABLE, "BACKEND is \"%.100s\"; expected one of %s, %s.",
                         cfg->backend, backends[0], backends[1]);
    for (const struct registry *r = registry; r < registry + N_REGISTRY; r++) {
        char **value = (char **)((char *)cfg + r->value);
        if (*value == NULL && (*value = stand_in(cfg, r, backend)) == NULL)
            return error_no_memory(e);
    }
    return ERR_OK;
}

static enum err add(struct parts *out, const struct part *p, struct error *e)
{
    for (size_t i = 0; i < out->n; i++)
        if (out->chosen[i] == p)
            return error_set(e, ERR_UNPROCESSABLE, "OCR_ENGINES names %s twice.", p->name);
    if (out->n == PARTS_MAX)
        return error_set(e, ERR_UNPROCESSABLE, "OCR_ENGINES names too many engines.");
    out->chosen[out->n++] = p;
    return ERR_OK;
}

static enum err choose(const struct registry *r, const char *value, struct parts *out,
                       struct error *e)
{
    enum err err = ERR_OK;
    if (r->none != NULL && strcmp(value, r->none) == 0)
        return ERR_OK;
    for (const char *at = value; err == ERR_OK && at != NULL;) {
        size_t n = r->several ? strcspn(at, ",") : strlen(at);
        const struct part *p = find(r, at, n);
        err = p != NULL ? add(out, p, e) : unknown(r, value, e);
        at = at[n] == ',' ? at + n + 1 : NULL;
    }
    return err;
}

enum err parts_find(const struct config *cfg, struct parts *out, struct error *e)
{
    enum err err = ERR_OK;
    out->n = 0;
    for (size_t i = 0; err == ERR_OK && i < N_REGISTRY; i++)
        err = choose(&registry[i], value_of(cfg, &registry[i]), out, e);
    return err;
}

/* Names of engines are those of the parts. */
static enum err check_engine(const struct parts *p, const struct config *cfg, struct error *e)
{
    const char *engine = engine_choice_names[cfg->engine];
    if (cfg->engine == CHOICE_AUTO || cfg->engine == CHOICE_TEXT)
        return ERR_OK;
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->chosen[i]->name, engine) == 0)
            return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE,
                     "ENGINE is \"%s\", which is none of OCR_ENGINES (\"%s\") and STRUCTURER "
                     "(\"%s\").",
                     engine, cfg->ocr_engines, cfg->structurer);
}

/* A machine without workers needs others that take its tasks. */
static enum err check_workers(const struct parts *p, const struct config *cfg, struct error *e)
{
    for (size_t i = 0; i < p->n; i++)
        if (cfg->task_workers > 0 || p->chosen[i]->delivered_elsewhere)
            return ERR_OK;
    return error_set(
        e, ERR_UNPROCESSABLE,
        "TASK_WORKERS is \"0\", but no other machine takes the tasks of TASK_QUEUE=%s.",
        cfg->task_queue);
}

enum err parts_check(const struct config *cfg, struct error *e)
{
    struct parts p;
    enum err err = parts_find(cfg, &p, e);
    if (err == ERR_OK)
        err = check_engine(&p, cfg, e);
    if (err == ERR_OK)
        err = check_workers(&p, cfg, e);
    for (size_t i = 0; err == ERR_OK && i < p.n; i++)
        if (p.chosen[i]->check != NULL)
            err = p.chosen[i]->check(cfg, e);
    return err;
}

static void list_table(const struct setting_table *t, const struct setting_table **tables,
                       size_t *n, size_t room)
{
    for (size_t i = 0; i < *n; i++)
        if (tables[i] == t)
            return;
    assert(*n < room);
    tables[(*n)++] = t;
}

void parts_list_settings(const struct setting_table **tables, size_t *n, size_t room)
{
    for (const struct registry *r = registry; r < registry + N_REGISTRY; r++)
        for (const struct part *const *p = r->parts; *p != NULL; p++)
            for (size_t i = 0; i < PART_SETTINGS_MAX && (*p)->settings[i] != NULL; i++)
                list_table((*p)->settings[i], tables, n, room);
}

void parts_write_origin(const struct parts *p, const struct config *cfg, struct buffer *out)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->chosen[i]->write_origin != NULL)
            p->chosen[i]->write_origin(cfg, out);
}

void parts_write_metrics(const struct parts *p, struct buffer *out)
{
    for (size_t i = 0; i < p->n; i++) {
        size_t first = 0;
        while (p->chosen[first]->write_metrics != p->chosen[i]->write_metrics)
            first++;
        if (first == i && p->chosen[i]->write_metrics != NULL)
            p->chosen[i]->write_metrics(out);
    }
}

void parts_write_versions(const struct parts *p, struct buffer *out)
{
    for (size_t i = 0; i < p->n; i++) {
        const char *library = p->chosen[i]->library;
        size_t first = 0;
        while (library != NULL && (p->chosen[first]->library == NULL ||
                                   strcmp(p->chosen[first]->library, library) != 0))
            first++;
        if (library != NULL && first == i)
            buffer_printf(out, ",\"%s\":\"%s\"", library, p->chosen[i]->version());
    }
}
