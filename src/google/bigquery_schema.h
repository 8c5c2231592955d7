/* The analysts' tables (jobs, feedback) and their views of the newest row per id.
 * https://cloud.google.com/bigquery/docs/reference/rest */
#ifndef PDF_OCR_GOOGLE_BIGQUERY_SCHEMA_H
#define PDF_OCR_GOOGLE_BIGQUERY_SCHEMA_H

#include <stddef.h>

#include "google/client.h"

struct bigquery_column {
    const char *name, *type, *mode, *fallback, *description; /* the last two may be NULL */
    const char *object; /* the field of the service whose object's gs:// name it is, or NULL */
};

struct bigquery_table {
    const char *name, *id, *newest; /* newest: the order of rows of one id, in the view */
    const char *cluster[3];
    const struct bigquery_column *columns; /* ended by a NULL name */
};

#define BIGQUERY_TABLES 2
extern const struct bigquery_table bigquery_tables[BIGQUERY_TABLES]; /* jobs, feedback */

struct bigquery_dataset {
    const char *project, *dataset, *location; /* location: of a dataset that is made */
};

enum bigquery_state { BIGQUERY_MADE, BIGQUERY_THERE, BIGQUERY_MISSING, BIGQUERY_DIFFERS };

/* What became of the dataset, a table or a view. detail says what differs. */
struct bigquery_finding {
    char name[128];
    enum bigquery_state state;
    char detail[512];
};

#define BIGQUERY_OBJECTS 5 /* the dataset, two tables, two views */

/* Makes what is missing; what is there is compared and never changed. With verify_only nothing is
 * made. out holds BIGQUERY_OBJECTS findings when ERR_OK. */
enum err bigquery_ensure_schema(struct google_client *client, const struct bigquery_dataset *d,
                                bool verify_only, struct bigquery_finding *out, struct error *e);

#endif
