/* A run of the migration, as its steps share it. */
#ifndef PDF_OCR_MIGRATE_RUN_H
#define PDF_OCR_MIGRATE_RUN_H

#include "google/settings.h"
#include "migrate/migration.h"
#include "migrate/report.h"
#include "migrate/state.h"
#include "migrate/warehouse.h"

struct run {
    const struct google_names *names;
    const struct migration_options *o;
    struct google_client *client;
    struct bigquery_dataset dataset;
    struct checkpoint checkpoint;
    struct warehouse warehouse;
    struct state *state;
    struct report report;
    struct summary summaries[BIGQUERY_TABLES];
    bool tables_there; /* not so in a dry run before the first migration */
    bool sampled[BIGQUERY_TABLES];
};

/* Of table i of bigquery_tables: its collection, the name of a run's staging table, and that of a
 * job (what, number n). */
const char *run_collection(const struct run *m, size_t i);
void run_name_staging(const char *run_id, size_t i, char out[128]);
void run_name_job(const struct run *m, size_t i, const char *what, int64_t n, char out[160]);

/* Makes the staging table in a migration. The one of a run that goes on must still be there. */
enum err run_make_staging(struct run *m, size_t i, struct error *e);

/* Reads the collection to its end and, in a migration, loads its rows into the staging table. */
enum err run_read(struct run *m, size_t i, struct error *e);

#endif
