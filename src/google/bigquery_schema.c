#include "google/bigquery_schema.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define REQUIRED "REQUIRED"
#define NULLABLE "NULLABLE"

static const struct bigquery_column job_columns[] = {
    {"job_id", "STRING", REQUIRED, NULL, "UUID of the job", NULL},
    {"pdf_id", "STRING", REQUIRED, NULL, "UUID of the upload or SHA-256 of the document", NULL},
    {"status", "STRING", REQUIRED, NULL, "queued, processing, completed, failed, cancelled", NULL},
    {"regions_count", "INTEGER", REQUIRED, NULL, "regions the user marked", NULL},
    {"output_format", "STRING", NULLABLE, NULL, "as in the request: csv, json, ...", NULL},
    {"result_url", "STRING", NULLABLE, NULL, "gs:// name of the result", "result_name"},
    {"error_message", "STRING", NULLABLE, NULL, "why it failed", NULL},
    {"debug_graph_url", "STRING", NULLABLE, NULL, "gs:// name of the trace of an agentic job",
     "debug_graph_name"},
    {"has_feedback", "BOOLEAN", NULLABLE, "FALSE", "whether users corrected it", NULL},
    {"feedback_count", "INTEGER", NULLABLE, "0", "how often", NULL},
    {"last_feedback_at", "TIMESTAMP", NULLABLE, NULL, NULL, NULL},
    {"request_data", "JSON", NULLABLE, NULL, "the request as it was accepted", NULL},
    {"created_at", "TIMESTAMP", REQUIRED, NULL, NULL, NULL},
    {"updated_at", "TIMESTAMP", REQUIRED, NULL, "of two rows of a job the newer one counts", NULL},
    {"outcome", "STRING", NULLABLE, NULL, "success, partial_success, no_match, failed", NULL},
    {"owner", "STRING", NULLABLE, NULL, "subject of the key that made the job", NULL},
    {0},
};

static const struct bigquery_column feedback_columns[] = {
    {"id", "STRING", REQUIRED, NULL, "UUID of the feedback", NULL},
    {"job_id", "STRING", REQUIRED, NULL, NULL, NULL},
    {"corrections", "JSON", REQUIRED, NULL, "array of {action, region_id, ...}", NULL},
    {"corrections_count", "INTEGER", REQUIRED, NULL, NULL, NULL},
    {"user_id", "STRING", NULLABLE, NULL, NULL, NULL},
    {"session_id", "STRING", NULLABLE, NULL, NULL, NULL},
    {"timestamp", "TIMESTAMP", REQUIRED, NULL, "when the user made it", NULL},
    {"status", "STRING", REQUIRED, NULL, "pending_analysis, ...", NULL},
    {"created_at", "TIMESTAMP", REQUIRED, NULL, "when it was received", NULL},
    {"owner", "STRING", NULLABLE, NULL, "of the job", NULL},
    {0},
};

const struct bigquery_table bigquery_tables[BIGQUERY_TABLES] = {
    {"jobs", "job_id", "updated_at", {"job_id", "status", "pdf_id"}, job_columns},
    {"feedback", "id", "created_at", {"job_id", "user_id", "status"}, feedback_columns},
};

/* --- what should be there --- */

static json_t *column_json(const struct bigquery_column *c)
{
    json_t *j = json_pack("{s:s,s:s,s:s}", "name", c->name, "type", c->type, "mode", c->mode);
    if (c->fallback != NULL)
        (void)json_object_set_new(j, "defaultValueExpression", json_string(c->fallback));
    if (c->description != NULL)
        (void)json_object_set_new(j, "description", json_string(c->description));
    return j;
}

static json_t *table_json(const struct bigquery_dataset *d, const struct bigquery_table *t)
{
    json_t *fields = json_array();
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++)
        (void)json_array_append_new(fields, column_json(c));
    return json_pack("{s:{s:s,s:s,s:s},s:{s:o},s:{s:s,s:s},s:{s:[s,s,s]}}", "tableReference",
                     "projectId", d->project, "datasetId", d->dataset, "tableId", t->name, "schema",
                     "fields", fields, "timePartitioning", "type", "DAY", "field", "created_at",
                     "clustering", "fields", t->cluster[0], t->cluster[1], t->cluster[2]);
}

static void view_query(const struct bigquery_dataset *d, const struct bigquery_table *t,
                       struct buffer *out)
{
    buffer_printf(out,
                  "SELECT * FROM `%s.%s.%s` WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY %s "
                  "ORDER BY %s DESC) = 1",
                  d->project, d->dataset, t->name, t->id, t->newest);
}

static json_t *view_json(const struct bigquery_dataset *d, const struct bigquery_table *t)
{
    struct buffer query = BUFFER_INIT;
    char name[64];
    (void)snprintf(name, sizeof name, "%s_latest", t->name);
    view_query(d, t, &query);
    json_t *j = buffer_failed(&query)
                    ? NULL
                    : json_pack("{s:{s:s,s:s,s:s},s:{s:s,s:b}}", "tableReference", "projectId",
                                d->project, "datasetId", d->dataset, "tableId", name, "view",
                                "query", query.data, "useLegacySql", 0);
    buffer_free(&query);
    return j;
}

/* --- what is there --- */

static bool same_text(const json_t *a, const json_t *b)
{
    const char *x = json_string_value(a), *y = json_string_value(b);
    return x != NULL && y != NULL && strcasecmp(x, y) == 0;
}

/* INT64 and INTEGER, BOOL and BOOLEAN are one type by two names. */
static const char *type_name(const json_t *field)
{
    const char *type = json_string_value(json_object_get(field, "type"));
    if (type != NULL && strcmp(type, "INT64") == 0)
        return "INTEGER";
    if (type != NULL && strcmp(type, "BOOL") == 0)
        return "BOOLEAN";
    return type != NULL ? type : "";
}

static const json_t *find_field(const json_t *fields, const char *name)
{
    json_t *field;
    size_t i;
    json_array_foreach((json_t *)fields, i, field)
    {
        const char *found = json_string_value(json_object_get(field, "name"));
        if (found != NULL && strcmp(found, name) == 0)
            return field;
    }
    return NULL;
}

static void compare_columns(const struct bigquery_table *t, const json_t *found,
                            struct bigquery_finding *f)
{
    const json_t *fields = json_object_get(json_object_get(found, "schema"), "fields");
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++) {
        const json_t *field = find_field(fields, c->name);
        const char *mode = json_string_value(json_object_get(field, "mode"));
        size_t used = strlen(f->detail);
        if (field == NULL)
            (void)snprintf(f->detail + used, sizeof f->detail - used, "column %s is missing; ",
                           c->name);
        else if (strcmp(type_name(field), c->type) != 0 ||
                 strcmp(mode != NULL ? mode : NULLABLE, c->mode) != 0)
            (void)snprintf(f->detail + used, sizeof f->detail - used,
                           "column %s is %s %s, expected %s %s; ", c->name, type_name(field),
                           mode != NULL ? mode : NULLABLE, c->type, c->mode);
    }
}

static void compare_layout(const json_t *expected, const json_t *found, struct bigquery_finding *f)
{
    static const char *const parts[] = {"timePartitioning", "clustering"};
    for (size_t i = 0; i < 2; i++) {
        const json_t *a = json_object_get(expected, parts[i]),
                     *b = json_object_get(found, parts[i]);
        const char *member = i == 0 ? "field" : "fields";
        size_t used = strlen(f->detail);
        if (!json_equal(json_object_get(a, member), json_object_get(b, member)))
            (void)snprintf(f->detail + used, sizeof f->detail - used, "%s differs; ", parts[i]);
    }
}

/* --- calls --- */

static enum err call(struct google_client *client, const char *method, const char *path,
                     const json_t *body, struct google_reply *r, struct error *e)
{
    const struct google_request q = {.api = GOOGLE_BIGQUERY,
                                     .method = method,
                                     .path = path,
                                     .json = body,
                                     .idempotent = true,
                                     .timeout_s = 30};
    return google_call(client, &q, r, e);
}

/* Looks at path; when there is nothing, posts expected to collection. *found is owned. */
static enum err look_or_make(struct google_client *client, const char *path, const char *collection,
                             const json_t *expected, bool verify_only, struct bigquery_finding *f,
                             json_t **found, struct error *e)
{
    struct google_reply r;
    *found = NULL;
    f->state = BIGQUERY_THERE;
    enum err err = expected != NULL ? call(client, "GET", path, NULL, &r, e) : error_no_memory(e);
    if (expected == NULL)
        return err;
    if (err == ERR_OK)
        *found = json_incref(r.json);
    google_reply_clear(&r);
    if (err != ERR_NOT_FOUND)
        return err;
    f->state = verify_only ? BIGQUERY_MISSING : BIGQUERY_MADE;
    if (verify_only)
        return ERR_OK;
    err = call(client, "POST", collection, expected, &r, e);
    if (r.status == 409) { /* made by somebody else in between */
        f->state = BIGQUERY_THERE;
        err = ERR_OK;
    }
    google_reply_clear(&r);
    return err;
}

static enum err ensure_dataset(struct google_client *client, const struct bigquery_dataset *d,
                               bool verify_only, struct bigquery_finding *f, struct error *e)
{
    char path[512], collection[256];
    json_t *found = NULL;
    json_t *expected = json_pack("{s:{s:s,s:s},s:s}", "datasetReference", "projectId", d->project,
                                 "datasetId", d->dataset, "location", d->location);
    (void)snprintf(collection, sizeof collection, "/bigquery/v2/projects/%s/datasets", d->project);
    (void)snprintf(path, sizeof path, "%s/%s", collection, d->dataset);
    (void)snprintf(f->name, sizeof f->name, "%s", d->dataset);
    enum err err = look_or_make(client, path, collection, expected, verify_only, f, &found, e);
    json_decref(found);
    json_decref(expected);
    return err;
}

static enum err ensure_table(struct google_client *client, const struct bigquery_dataset *d,
                             const struct bigquery_table *t, bool view, bool verify_only,
                             struct bigquery_finding *f, struct error *e)
{
    char path[512], collection[320];
    json_t *found = NULL, *expected = view ? view_json(d, t) : table_json(d, t);
    (void)snprintf(collection, sizeof collection, "/bigquery/v2/projects/%s/datasets/%s/tables",
                   d->project, d->dataset);
    (void)snprintf(path, sizeof path, "%s/%s%s", collection, t->name, view ? "_latest" : "");
    (void)snprintf(f->name, sizeof f->name, "%s.%s%s", d->dataset, t->name, view ? "_latest" : "");
    enum err err = look_or_make(client, path, collection, expected, verify_only, f, &found, e);
    if (err == ERR_OK && found != NULL && !view) {
        compare_columns(t, found, f);
        compare_layout(expected, found, f);
    } else if (err == ERR_OK && found != NULL &&
               !same_text(json_object_get(json_object_get(expected, "view"), "query"),
                          json_object_get(json_object_get(found, "view"), "query"))) {
        (void)snprintf(f->detail, sizeof f->detail, "its query differs");
    }
    if (f->detail[0] != '\0')
        f->state = BIGQUERY_DIFFERS;
    json_decref(found);
    json_decref(expected);
    return err;
}

enum err bigquery_ensure_schema(struct google_client *client, const struct bigquery_dataset *d,
                                bool verify_only, struct bigquery_finding *out, struct error *e)
{
    memset(out, 0, BIGQUERY_OBJECTS * sizeof *out);
    enum err err = ensure_dataset(client, d, verify_only, &out[0], e);
    for (size_t i = 0; err == ERR_OK && i < BIGQUERY_TABLES; i++) {
        err = ensure_table(client, d, &bigquery_tables[i], false, verify_only, &out[1 + i], e);
        if (err == ERR_OK)
            err = ensure_table(client, d, &bigquery_tables[i], true, verify_only,
                               &out[1 + BIGQUERY_TABLES + i], e);
    }
    return err;
}
