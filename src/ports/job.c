#include "ports/job.h"

#include <stdlib.h>

#include "base/text.h"

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

struct job *job_copy(const struct job *j)
{
    struct job *copy = job_new();
    if (copy == NULL)
        return NULL;
    *copy = *j;
    bool ok = true;
    copy->request_json = text_dup(j->request_json, &ok);
    copy->error_message = text_dup(j->error_message, &ok);
    copy->result_name = text_dup(j->result_name, &ok);
    copy->debug_graph_name = text_dup(j->debug_graph_name, &ok);
    copy->approved_regions_json = text_dup(j->approved_regions_json, &ok);
    if (!ok) {
        job_free(copy);
        return NULL;
    }
    return copy;
}

void job_free(struct job *j)
{
    if (j == NULL)
        return;
    free(j->request_json);
    free(j->error_message);
    free(j->result_name);
    free(j->debug_graph_name);
    free(j->approved_regions_json);
    free(j);
}
