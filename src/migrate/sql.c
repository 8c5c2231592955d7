#include "migrate/sql.h"

#include <inttypes.h>
#include <string.h>

#include "migrate/row.h"

/* A column of alias as row.c's fingerprint takes it. */
static void put_value(struct buffer *out, const char *alias, const struct bigquery_column *c)
{
    if (strcmp(c->type, "STRING") == 0)
        buffer_printf(out, "%s.%s", alias, c->name);
    else if (strcmp(c->type, "JSON") == 0)
        buffer_printf(out, "IF(%s.%s IS NULL, NULL, TO_JSON_STRING(%s.%s))", alias, c->name, alias,
                      c->name);
    else if (strcmp(c->type, "TIMESTAMP") == 0)
        buffer_printf(out, "CAST(UNIX_MICROS(%s.%s) AS STRING)", alias, c->name);
    else
        buffer_printf(out, "CAST(%s.%s AS STRING)", alias, c->name);
}

static void put_fingerprint(struct buffer *out, const char *alias, const struct bigquery_table *t)
{
    const char *comma = "";
    buffer_puts(out, "TO_HEX(SHA256(CONCAT(");
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++) {
        if (!row_fingerprinted(t, c))
            continue;
        buffer_printf(out, "%s\n    IFNULL(CONCAT(CAST(BYTE_LENGTH(", comma);
        put_value(out, alias, c);
        buffer_puts(out, ") AS STRING), ':', ");
        put_value(out, alias, c);
        buffer_puts(out, "), '-')");
        comma = ",";
    }
    buffer_puts(out, ")))");
}

/* Whose job it was: the documents of feedback do not have it, the service's own rows do. */
static bool is_owner_of_feedback(const struct bigquery_table *t, const struct bigquery_column *c)
{
    return !row_fingerprinted(t, c);
}

/* Rounds nothing that the rows hold, but refuses no number for how it is written. */
static void put_parsed(struct buffer *out, const struct bigquery_column *c)
{
    buffer_printf(out, "SAFE.PARSE_JSON(%s, wide_number_mode=>'round')", c->name);
}

/* Whether BigQuery refuses the JSON of a staged row. */
static void put_refused(struct buffer *out, const struct bigquery_table *t)
{
    const char * or = "";
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++) {
        if (strcmp(c->type, "JSON") != 0)
            continue;
        buffer_printf(out, "%s%s IS NOT NULL AND ", or, c->name);
        put_parsed(out, c);
        buffer_puts(out, " IS NULL");
        or = " OR ";
    }
}

static void put_staged(struct buffer *out, const struct bigquery_table *t)
{
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++) {
        buffer_puts(out, c == t->columns ? "" : ", ");
        if (strcmp(c->type, "JSON") != 0) {
            buffer_puts(out, c->name);
            continue;
        }
        put_parsed(out, c);
        buffer_printf(out, " AS %s", c->name);
    }
}

/* The newest staged row of each id, beside the newest row that the target holds of it. */
static void put_changes(struct buffer *out, const struct bigquery_dataset *d,
                        const struct bigquery_table *t, const char *staging, const char *settled)
{
    buffer_puts(out, "  SELECT ");
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++)
        buffer_printf(out,
                      is_owner_of_feedback(t, c) ? "COALESCE(s.%s, o.owner) AS %s, " : "s.%s, ",
                      c->name, c->name);
    buffer_printf(out, "IF(h.version < %s, h.version, NULL) AS replaces\n", settled);
    buffer_puts(out, "  FROM (SELECT ");
    put_staged(out, t);
    buffer_printf(out, " FROM `%s.%s.%s` WHERE NOT (", d->project, d->dataset, staging);
    put_refused(out, t);
    buffer_printf(out,
                  ") QUALIFY ROW_NUMBER() OVER (PARTITION BY %s ORDER BY %s DESC, document) = 1) "
                  "AS s\n",
                  t->id, t->newest);
    buffer_printf(out, "  LEFT JOIN (SELECT t.%s AS id, t.%s AS version, ", t->id, t->newest);
    put_fingerprint(out, "t", t);
    buffer_printf(out,
                  " AS fingerprint\n    FROM `%s.%s.%s` AS t WHERE TRUE QUALIFY ROW_NUMBER() OVER "
                  "(PARTITION BY t.%s ORDER BY t.%s DESC) = 1) AS h ON h.id = s.%s\n",
                  d->project, d->dataset, t->name, t->id, t->newest, t->id);
    if (strcmp(t->name, "feedback") == 0)
        buffer_printf(out,
                      "  LEFT JOIN (SELECT job_id, ANY_VALUE(owner) AS owner FROM `%s.%s.jobs` "
                      "WHERE owner IS NOT NULL GROUP BY job_id) AS o ON o.job_id = s.job_id\n",
                      d->project, d->dataset);
    buffer_printf(out,
                  "  WHERE h.id IS NULL OR s.%s > h.version OR (s.%s = h.version AND h.version < "
                  "%s AND h.fingerprint != ",
                  t->newest, t->newest, settled);
    put_fingerprint(out, "s", t);
    buffer_puts(out, ")\n");
}

static void put_columns(struct buffer *out, const struct bigquery_table *t, const char *before)
{
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++)
        buffer_printf(out, "%s%s%s", c == t->columns ? "" : ", ", before, c->name);
}

void sql_merge(const struct bigquery_dataset *d, const struct bigquery_table *t,
               const char *staging, int64_t settled_us, struct buffer *out)
{
    struct buffer settled = BUFFER_INIT;
    if (settled_us == SQL_ALL_SETTLED)
        buffer_puts(&settled, "TIMESTAMP '9999-12-31 23:59:59.999999+00'");
    else
        buffer_printf(&settled, "TIMESTAMP_MICROS(%" PRId64 ")", settled_us);
    buffer_printf(out, "MERGE `%s.%s.%s` AS t\nUSING (\n", d->project, d->dataset, t->name);
    put_changes(out, d, t, staging, settled.data != NULL ? settled.data : "");
    buffer_printf(out, ") AS s\nON t.%s = s.%s AND t.%s = s.replaces\n", t->id, t->id, t->newest);
    buffer_puts(out, "WHEN MATCHED THEN UPDATE SET ");
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++) {
        buffer_puts(out, c == t->columns ? "" : ", ");
        buffer_printf(out,
                      is_owner_of_feedback(t, c) ? "%s = COALESCE(s.%s, t.owner)" : "%s = s.%s",
                      c->name, c->name);
    }
    buffer_puts(out, "\nWHEN NOT MATCHED BY TARGET THEN INSERT (");
    put_columns(out, t, "");
    buffer_puts(out, ")\n  VALUES (");
    put_columns(out, t, "s.");
    buffer_puts(out, ")");
    out->failed = out->failed || buffer_failed(&settled);
    buffer_free(&settled);
}

void sql_refused(const struct bigquery_dataset *d, const struct bigquery_table *t,
                 const char *staging, struct buffer *out)
{
    buffer_printf(out, "SELECT document, %s AS id FROM `%s.%s.%s` WHERE ", t->id, d->project,
                  d->dataset, staging);
    put_refused(out, t);
}

void sql_staged(const struct bigquery_dataset *d, const char *staging, struct buffer *out)
{
    buffer_printf(out, "SELECT document FROM `%s.%s.%s`", d->project, d->dataset, staging);
}

void sql_fingerprints(const struct bigquery_dataset *d, const struct bigquery_table *t,
                      struct buffer *out)
{
    buffer_printf(out, "SELECT t.%s AS id, UNIX_MICROS(t.%s) AS version, ", t->id, t->newest);
    put_fingerprint(out, "t", t);
    buffer_printf(out,
                  " AS fingerprint,\n  COUNT(*) OVER (PARTITION BY t.%s) AS held\nFROM `%s.%s.%s` "
                  "AS t WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY t.%s ORDER BY t.%s "
                  "DESC) = 1",
                  t->id, d->project, d->dataset, t->name, t->id, t->newest);
}
