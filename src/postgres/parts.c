/* The parts that are in PostgreSQL. */
#include <stdio.h>
#include <string.h>

#include "dispatch/dispatcher.h"
#include "postgres/db.h"
#include "postgres/postgres.h"
#include "postgres/settings.h"

static const char *url_of(const struct config *cfg)
{
    const struct postgres_settings *s = config_values(cfg, &postgres_settings);
    return s->database_url;
}

static enum err check(const struct config *cfg, struct error *e)
{
    char *message = NULL;
    if (url_of(cfg) == NULL)
        return error_set(e, ERR_UNPROCESSABLE,
                         "The part \"postgres\" needs DATABASE_URL, such as "
                         "postgresql://user@host/database.");
    PQconninfoOption *parsed = PQconninfoParse(url_of(cfg), &message);
    bool ok = parsed != NULL;
    PQconninfoFree(parsed);
    PQfreemem(message); /* it may hold the password */
    return ok ? ERR_OK
              : error_set(e, ERR_UNPROCESSABLE,
                          "DATABASE_URL is not a connection string of PostgreSQL, such as "
                          "postgresql://user@host/database.");
}

static enum err prepare(const struct config *cfg, struct error *e)
{
    return postgres_prepare(url_of(cfg), e);
}

static enum err open_jobs(const struct part_context *x, struct slots *out, struct error *e)
{
    return postgres_job_store_open(url_of(x->cfg), x->clock, &out->jobs, e);
}

static enum err open_queue(const struct part_context *x, struct slots *out, struct error *e)
{
    return postgres_task_queue_open(url_of(x->cfg), x->clock, &out->queue, e);
}

static enum err check_analytics(const struct config *cfg, struct error *e)
{
    if (strcmp(cfg->job_store, postgres_jobs_part.name) == 0)
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE,
                     "ANALYTICS=%s counts what JOB_STORE=%s keeps; JOB_STORE is \"%s\".",
                     postgres_analytics_part.name, postgres_jobs_part.name, cfg->job_store);
}

/* Analysts read the live tables: there is no copy to keep. */
static enum err open_analytics(const struct part_context *x, struct slots *out, struct error *e)
{
    (void)x;
    (void)out;
    (void)e;
    return ERR_OK;
}

static enum err deliver(const struct queue_run *d, struct error *e)
{
    struct task_table table;
    enum err err = postgres_task_table_open(url_of(d->cfg), d->clock, &table, e);
    if (err != ERR_OK)
        return err;
    err = dispatcher_run(d, &table, e);
    postgres_task_table_close(&table);
    return err;
}

static const char *version(void)
{
    static char text[24];
    int n = PQlibVersion();
    (void)snprintf(text, sizeof text, "%d.%d", n / 10000, n % 10000);
    return text;
}

const struct part postgres_jobs_part = {.name = "postgres",
                                        .settings = {&postgres_settings},
                                        .check = check,
                                        .prepare = prepare,
                                        .open = open_jobs,
                                        .library = "libpq",
                                        .version = version};
const struct part postgres_queue_part = {.name = "postgres",
                                         .settings = {&postgres_settings},
                                         .check = check,
                                         .prepare = prepare,
                                         .open = open_queue,
                                         .deliver = deliver,
                                         .delivered_elsewhere = true,
                                         .library = "libpq",
                                         .version = version};
const struct part postgres_analytics_part = {.name = "postgres",
                                             .settings = {&postgres_settings},
                                             .check = check_analytics,
                                             .open = open_analytics};
