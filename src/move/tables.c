#include "move/tables.h"

#include <string.h>

#include "ports/job_fields.h"

static const struct move_table others[MOVE_TABLES - 1] = {
    {"idempotency",
     2,
     5,
     0,
     {{"owner", MOVE_TEXT},
      {"key", MOVE_TEXT},
      {"body_hash", MOVE_TEXT},
      {"job_id", MOVE_TEXT},
      {"created_us", MOVE_NUMBER}}},
    {"feedback",
     1,
     9,
     0,
     {{"id", MOVE_TEXT},
      {"job_id", MOVE_TEXT},
      {"corrections_json", MOVE_TEXT},
      {"corrections_count", MOVE_NUMBER},
      {"user_id", MOVE_TEXT},
      {"session_id", MOVE_TEXT},
      {"timestamp_us", MOVE_NUMBER},
      {"status", MOVE_TEXT},
      {"created_us", MOVE_NUMBER}}},
    {"counters",
     1,
     3,
     0,
     {{"name", MOVE_TEXT}, {"value", MOVE_NUMBER}, {"expires_us", MOVE_NUMBER}}},
    {"tasks",
     1,
     13,
     0,
     {{"name", MOVE_TEXT},
      {"path", MOVE_TEXT},
      {"body", MOVE_BODY},
      {"traceparent", MOVE_TEXT},
      {"owner", MOVE_TEXT},
      {"size", MOVE_NUMBER},
      {"due_us", MOVE_NUMBER},
      {"eta_us", MOVE_NUMBER},
      {"dispatches", MOVE_NUMBER},
      {"responses", MOVE_NUMBER},
      {"last_response", MOVE_NUMBER},
      {"state", MOVE_STATE},
      {"ended_us", MOVE_NUMBER}}},
};

void move_tables_describe(struct move_table out[MOVE_TABLES])
{
    struct move_table *jobs = &out[0];
    *jobs = (struct move_table){.name = "jobs", .n_keys = 1};
    for (size_t i = 0; i < job_fields_count && i < MOVE_COLUMNS_MAX; i++) {
        const struct job_field *f = &job_fields[i];
        if (strcmp(f->column, "version") == 0)
            jobs->version = i;
        jobs->columns[jobs->n_columns++] =
            (struct move_column){f->column, job_field_is_text(f) ? MOVE_TEXT : MOVE_NUMBER};
    }
    memcpy(out + 1, others, sizeof others);
}
