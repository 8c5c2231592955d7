#include "ports/job_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct job, member), sizeof(((struct job *)0)->member)

const struct job_field job_fields[] = {
    {"id", NULL, "job_id", JOB_FIELD_TEXT, false, AT(id)},
    {"owner", NULL, "owner", JOB_FIELD_TEXT, false, AT(owner)},
    {"pdf_id", NULL, "pdf_id", JOB_FIELD_TEXT, false, AT(pdf_id)},
    {"pdf_version", NULL, "pdf_version", JOB_FIELD_TEXT, false, AT(pdf_version)},
    {"traceparent", NULL, "traceparent", JOB_FIELD_TEXT, false, AT(traceparent)},
    {"status", NULL, "status", JOB_FIELD_STATUS, true, AT(status)},
    {"outcome", NULL, "outcome", JOB_FIELD_OUTCOME, true, AT(outcome)},
    {"output_format", NULL, "output_format", JOB_FIELD_TEXT, false, AT(output_format)},
    {"regions_count", NULL, "regions_count", JOB_FIELD_INT, false, AT(regions_count)},
    {"regions_done", "progress", "regions_done", JOB_FIELD_INT, true, AT(progress.regions_done)},
    {"regions_total", "progress", "regions_total", JOB_FIELD_INT, true, AT(progress.regions_total)},
    {"pages_done", "progress", "pages_done", JOB_FIELD_INT, true, AT(progress.pages_done)},
    {"pages_total", "progress", "pages_total", JOB_FIELD_INT, true, AT(progress.pages_total)},
    {"attempts", NULL, "attempts", JOB_FIELD_INT, true, AT(attempts)},
    {"retry_count", NULL, "retry_count", JOB_FIELD_INT, true, AT(retry_count)},
    {"created_us", NULL, "created_at", JOB_FIELD_TIME, false, AT(created_us)},
    {"updated_us", NULL, "updated_at", JOB_FIELD_TIME, true, AT(updated_us)},
    {"expires_us", NULL, "expires_at", JOB_FIELD_TIME, true, AT(expires_us)},
    {"lease_expires_us", NULL, "lease_expires_at", JOB_FIELD_TIME, true, AT(lease_expires_us)},
    {"next_attempt_us", NULL, "next_attempt_at", JOB_FIELD_TIME, true, AT(next_attempt_us)},
    {"lease_token", NULL, "lease_token", JOB_FIELD_TEXT, true, AT(lease_token)},
    {"version", NULL, "version", JOB_FIELD_INT64, true, AT(version)},
    {"file_name", NULL, "file_name", JOB_FIELD_STRING, false, AT(file_name)},
    {"request_json", NULL, "request_data", JOB_FIELD_JSON, false, AT(request_json)},
    {"error_code", NULL, "error_code", JOB_FIELD_TEXT, true, AT(error_code)},
    {"error_message", NULL, "error_message", JOB_FIELD_STRING, true, AT(error_message)},
    {"result_name", NULL, "result_name", JOB_FIELD_STRING, true, AT(result_name)},
    {"debug_graph_name", NULL, "debug_graph_name", JOB_FIELD_STRING, true, AT(debug_graph_name)},
    {"approved_regions_json", NULL, "approved_regions", JOB_FIELD_JSON, true,
     AT(approved_regions_json)},
    {"regions_name", NULL, "regions_name", JOB_FIELD_STRING, true, AT(regions_name)},
    {"has_feedback", NULL, "has_feedback", JOB_FIELD_BOOL, false, AT(has_feedback)},
    {"feedback_count", NULL, "feedback_count", JOB_FIELD_INT, false, AT(feedback_count)},
    {"last_feedback_us", NULL, "last_feedback_at", JOB_FIELD_TIME, false, AT(last_feedback_us)},
};

const size_t job_fields_count = sizeof job_fields / sizeof job_fields[0];

const struct job_field *job_field_find(const char *document)
{
    for (size_t i = 0; i < job_fields_count; i++)
        if (strcmp(job_fields[i].document, document) == 0)
            return &job_fields[i];
    return NULL;
}

bool job_field_is_text(const struct job_field *f)
{
    return f->kind <= JOB_FIELD_OUTCOME;
}

const char *job_field_text(const struct job_field *f, const struct job *j)
{
    const char *at = (const char *)j + f->offset;
    if (f->kind == JOB_FIELD_STATUS)
        return job_status_names[j->status];
    if (f->kind == JOB_FIELD_OUTCOME)
        return job_outcome_names[j->outcome];
    return f->kind == JOB_FIELD_TEXT ? at : *(char *const *)(const void *)at;
}

int64_t job_field_number(const struct job_field *f, const struct job *j)
{
    const void *at = (const char *)j + f->offset;
    if (f->kind == JOB_FIELD_INT)
        return *(const int *)at;
    return f->kind == JOB_FIELD_BOOL ? *(const bool *)at : *(const int64_t *)at;
}

/* -1 when there is no such name. */
static int find_name(const char *const *names, int n, const char *text)
{
    for (int i = 0; text != NULL && i < n; i++)
        if (names[i] != NULL && strcmp(names[i], text) == 0)
            return i;
    return -1;
}

bool job_field_set_text(const struct job_field *f, struct job *j, const char *text)
{
    char *at = (char *)j + f->offset;
    int found;
    if (f->kind == JOB_FIELD_STATUS) {
        found = find_name(job_status_names, JOB_STATUS__MAX, text);
        j->status = found >= 0 ? (enum job_status)found : JOB_FAILED;
        return true;
    }
    if (f->kind == JOB_FIELD_OUTCOME) {
        found = find_name(job_outcome_names, JOB_OUTCOME__MAX, text);
        j->outcome = found >= 0 ? (enum job_outcome)found : OUTCOME_NONE;
        return true;
    }
    if (f->kind == JOB_FIELD_TEXT) {
        (void)snprintf(at, f->size, "%s", text != NULL ? text : "");
        return true;
    }
    char **string = (char **)(void *)at;
    free(*string);
    *string = text != NULL ? strdup(text) : NULL;
    return text == NULL || *string != NULL;
}

void job_field_set_number(const struct job_field *f, struct job *j, int64_t n)
{
    void *at = (char *)j + f->offset;
    if (f->kind == JOB_FIELD_INT)
        *(int *)at = (int)n;
    else if (f->kind == JOB_FIELD_BOOL)
        *(bool *)at = n != 0;
    else
        *(int64_t *)at = n;
}
