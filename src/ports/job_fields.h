/* The fields of a job, described once, for everything that stores or shows jobs.
 *
 * A new field is a member of struct job, a row here, and a migration in local/sqlite_schema.c and
 * one in postgres/schema.c.
 */
#ifndef PDF_OCR_PORTS_JOB_FIELDS_H
#define PDF_OCR_PORTS_JOB_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ports/job.h"

enum job_field_kind {
    JOB_FIELD_TEXT,    /* char[] of the job */
    JOB_FIELD_STRING,  /* char *, owned; NULL: not set */
    JOB_FIELD_JSON,    /* the same, holding JSON */
    JOB_FIELD_STATUS,  /* enum job_status, stored by name */
    JOB_FIELD_OUTCOME, /* enum job_outcome, stored by name; no name: OUTCOME_NONE */
    JOB_FIELD_INT,
    JOB_FIELD_INT64,
    JOB_FIELD_BOOL,
    JOB_FIELD_TIME, /* int64_t, microseconds since the epoch; 0: not set */
};

struct job_field {
    const char *column;   /* its name in tables */
    const char *map;      /* the map of a document that holds it; NULL: the document itself */
    const char *document; /* its name there */
    enum job_field_kind kind;
    bool changes;  /* written by replace(); the others are set once, or by feedback_add() */
    size_t offset; /* in struct job */
    size_t size;   /* of a JOB_FIELD_TEXT */
};

/* The id is the first one. */
extern const struct job_field job_fields[];
extern const size_t job_fields_count;

/* The field of that name in documents; NULL: there is none. */
const struct job_field *job_field_find(const char *document);

/* Whether it is kept as text (by job_field_text), not as a number. */
bool job_field_is_text(const struct job_field *f);

/* The text of a text, string, JSON, status or outcome; borrowed, NULL: not set. */
const char *job_field_text(const struct job_field *f, const struct job *j);

/* The number of any other field; a truth value is 0 or 1. */
int64_t job_field_number(const struct job_field *f, const struct job *j);

/* Sets a field from its text (NULL: not set), which is copied, or from its number. A status of no
 * known name reads as failed, so that nobody works on it. false: memory is out. */
bool job_field_set_text(const struct job_field *f, struct job *j, const char *text);
void job_field_set_number(const struct job_field *f, struct job *j, int64_t n);

#endif
