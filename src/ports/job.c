#include "ports/job.h"

#include <stdlib.h>
#include <string.h>

#include "ports/job_fields.h"

const char *const job_status_names[JOB_STATUS__MAX + 1] = {
    [JOB_QUEUED] = "queued", [JOB_PROCESSING] = "processing", [JOB_COMPLETED] = "completed",
    [JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
};

const char *const job_outcome_names[JOB_OUTCOME__MAX + 1] = {
    [OUTCOME_SUCCESS] = "success",
    [OUTCOME_PARTIAL_SUCCESS] = "partial_success",
    [OUTCOME_NO_MATCH] = "no_match",
    [OUTCOME_FAILED] = "failed",
};

struct job *job_new(void)
{
    return calloc(1, sizeof(struct job));
}

static bool is_owned(const struct job_field *f)
{
    return f->kind == JOB_FIELD_STRING || f->kind == JOB_FIELD_JSON;
}

struct job *job_copy(const struct job *j)
{
    struct job *copy = job_new();
    bool ok = copy != NULL;
    for (size_t i = 0; ok && i < job_fields_count; i++) {
        const struct job_field *f = &job_fields[i];
        if (job_field_is_text(f))
            ok = job_field_set_text(f, copy, job_field_text(f, j));
        else
            job_field_set_number(f, copy, job_field_number(f, j));
    }
    if (!ok) {
        job_free(copy);
        return NULL;
    }
    memcpy(copy->revision, j->revision, sizeof copy->revision);
    return copy;
}

void job_free(struct job *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < job_fields_count; i++)
        if (is_owned(&job_fields[i]))
            (void)job_field_set_text(&job_fields[i], j, NULL);
    free(j);
}
