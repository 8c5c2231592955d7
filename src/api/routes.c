#include "api/handlers.h"
#include "server/metrics.h"

const struct route routes[] = {
    ROUTE(GET, "/api/v1/extract/{job_id}", KEY, API, NONE, job_get),
    ROUTE(GET, "/api/v1/jobs/{job_id}", KEY, API, NONE, job_get),
    ROUTE(POST, "/api/v1/extract", KEY, API, JSON, extract_create),
    ROUTE(POST, "/api/v1/extract/agentic", KEY, API, JSON, extract_agentic),
    ROUTE(GET, "/api/v1/jobs", KEY, API, NONE, job_list),
    ROUTE(POST, "/api/v1/jobs/{job_id}/retry", KEY, API, NONE, job_retry_request),
    ROUTE(DELETE, "/api/v1/jobs/{job_id}", KEY, API, NONE, job_delete),
    ROUTE(POST, "/api/v1/upload/generate-url", KEY, API, NONE, upload_generate_url),
    ROUTE(PUT, "/api/v1/upload/pdfs/{pdf_id}/{file_name}", SIGNED, API, FILE, upload_put),
    ROUTE(POST, "/api/v1/upload/documents", KEY, API, FILE, upload_document),
    ROUTE(GET, "/api/v1/results/{job_id}/{name}", SIGNED, API, NONE, result_get),
    ROUTE(POST, "/api/v1/tasks/process-extraction", TASK, TASK, JSON, task_process_extraction),
    ROUTE(POST, "/api/v1/tasks/retry-job", TASK, TASK, JSON, task_retry_job),
    ROUTE(POST, "/api/v1/feedback/corrections", KEY, API, JSON, feedback_create),
    ROUTE(GET, "/api/v1/feedback/corrections/{job_id}", KEY, API, NONE, feedback_of_job),
    ROUTE(GET, "/api/v1/feedback/stats", KEY, API, NONE, feedback_statistics),
    ROUTE(GET, "/api/v1/health", NONE, API, NONE, health_live),
    ROUTE(GET, "/api/v1/health/ready", NONE, API, NONE, health_ready),
    ROUTE(GET, "/api/v1/health/dependencies", OPTIONAL, API, NONE, health_dependencies),
    ROUTE(GET, "/api/v1/health/diagnostics", ADMIN, API, NONE, health_diagnostics),
    ROUTE(GET, "/metrics", NONE, API, NONE, metrics_get),
    {METHOD_GET, NULL, AUTH_NONE, POOL_API, BODY_NONE, NULL, NULL},
};
