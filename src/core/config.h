/* Settings, read from the environment once. One const table (config.c) holds each setting's name,
 * type, default, bounds and help; reading, --help, the start-up errors, `--print-settings` (from
 * which docs/configuration.md is made) and /health/diagnostics all walk it.
 */
#ifndef PDF_OCR_CORE_CONFIG_H
#define PDF_OCR_CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"

/* Strings are owned by the config; NULL when not set and without a default. */
struct config {
    char *backend;      /* BACKEND: local; for the parts that are not set */
    char *job_store;    /* JOB_STORE; parts_choose (app/parts.h) sets what is not set of these */
    char *task_queue;   /* TASK_QUEUE */
    char *blob_store;   /* BLOB_STORE */
    char *analytics;    /* ANALYTICS */
    char *ocr_engines;  /* OCR_ENGINES: comma separated, the preferred one first */
    char *structurer;   /* STRUCTURER */
    char *data_dir;     /* DATA_DIR: ./data */
    char *run_dir;      /* RUN_DIR: DATA_DIR/run; api.sock, tasks.sock, page.sock, ...,
                           master.pid */
    char *uploads_dir;  /* UPLOADS_DIR: DATA_DIR/uploads; where nginx puts bodies */
    char *api_base_url; /* API_BASE_URL: https://127.0.0.1:8443; what clients and the queue call */

    char *api_key;       /* API_KEY: secret */
    char *api_keys_file; /* API_KEYS_FILE */
    char *cors_origins;  /* CORS_ORIGINS: JSON array or comma separated */

    bool allow_anonymous;  /* ALLOW_ANONYMOUS: false; clients need no key */
    char *jwt_issuer;      /* JWT_ISSUER; not set: no bearer tokens of clients */
    char *jwt_audience;    /* JWT_AUDIENCE */
    char *jwt_jwks;        /* JWT_JWKS: URL or file of the issuer's keys */
    char *tasks_jwks;      /* TASKS_JWKS: Google's keys, for Cloud Tasks' tokens */
    int64_t rate_per_key;  /* RATE_LIMIT_PER_KEY: 200; requests a second */
    int64_t rate_burst;    /* RATE_LIMIT_BURST: 200; so many at once */
    int64_t auth_failures; /* AUTH_FAILURES_PER_MINUTE: 30; wrong keys of an address */

    int64_t api_workers;         /* API_WORKERS: 2 */
    int64_t task_workers;        /* TASK_WORKERS: 2 */
    int64_t page_workers;        /* PAGE_WORKERS: 2 */
    int64_t upload_workers;      /* UPLOAD_WORKERS: 2 */
    int64_t worker_max_requests; /* WORKER_MAX_REQUESTS: 100000; 0: never recycled */
    int64_t task_nice;           /* TASK_NICE: 10 */
    int64_t shutdown_grace_s;    /* SHUTDOWN_GRACE_S: 10 */
    int64_t request_deadline_s;  /* REQUEST_DEADLINE_S: 10 */
    int64_t task_deadline_s;     /* TASK_DEADLINE_S: 300 */
    int64_t page_deadline_s;     /* PAGE_DEADLINE_S: 30 */

    int64_t max_upload_bytes;    /* MAX_UPLOAD_BYTES: 52428800 */
    int64_t max_json_bytes;      /* MAX_JSON_BYTES: 1048576 */
    int64_t max_result_bytes;    /* MAX_RESULT_BYTES: 67108864 */
    int64_t max_regions;         /* MAX_REGIONS: 200 */
    int64_t max_pages;           /* MAX_PAGES: 500 */
    int64_t max_raster_pixels;   /* MAX_RASTER_PIXELS: 40000000 */
    int64_t reader_cpu_s;        /* READER_CPU_S: 60 */
    int64_t reader_memory_bytes; /* READER_MEMORY_BYTES: 1073741824 */
    int64_t ocr_cpu_s;           /* OCR_CPU_S: 120 */
    int64_t ocr_memory_bytes;    /* OCR_MEMORY_BYTES: 1073741824 */

    int64_t job_lease_s;      /* JOB_LEASE_S: 45; renewed while the work goes on */
    int64_t job_max_retries;  /* JOB_MAX_RETRIES: 3 */
    int64_t job_max_attempts; /* JOB_MAX_ATTEMPTS: 10; claims, crashes included */
    int64_t job_stale_s;      /* JOB_STALE_S: 600; when the sweep queues a job again */
    int64_t retry_base_s;     /* RETRY_BASE_S: 60 */
    int64_t retry_max_s;      /* RETRY_MAX_S: 3600 */
    int64_t result_ttl_days;  /* RESULT_TTL_DAYS: 7 */
    int64_t upload_url_ttl_s; /* UPLOAD_URL_TTL_S: 3600 */
    int64_t sweep_interval_s; /* SWEEP_INTERVAL_S: 30 */

    char *task_queue_name;        /* TASK_QUEUE_NAME: extraction-queue */
    int64_t queue_max_attempts;   /* TASK_QUEUE_MAX_ATTEMPTS: 3 */
    int64_t queue_min_backoff_ms; /* TASK_QUEUE_MIN_BACKOFF_MS: 60000 */
    int64_t queue_max_backoff_ms; /* TASK_QUEUE_MAX_BACKOFF_MS: 3600000 */
    int64_t queue_max_doublings;  /* TASK_QUEUE_MAX_DOUBLINGS: 16 */
    int64_t queue_max_per_second; /* TASK_QUEUE_MAX_DISPATCHES_PER_SECOND: 0, meaning no limit
                                     (Cloud Tasks' 500 is the most) */
    int64_t
        queue_max_concurrent;    /* TASK_QUEUE_MAX_CONCURRENT_DISPATCHES: 0, meaning TASK_WORKERS */
    int64_t queue_max_per_owner; /* TASK_QUEUE_MAX_CONCURRENT_PER_OWNER: 0 */
    char *tasks_base_url;        /* TASKS_BASE_URL: where the local queue delivers */
    char *tasks_ca_file;         /* TASKS_CA_FILE: CA of that URL when it is not public */

    int engine;         /* ENGINE: auto (enum engine_choice) */
    char *page_reader;  /* PAGE_READER: the installed pdf-ocr-page */
    char *form_reader;  /* FORM_READER: the installed pdf-ocr-form */
    char *ocr_reader;   /* OCR_READER: the installed pdf-ocr-recognize */
    char *tessdata_dir; /* TESSDATA_PREFIX: Tesseract's own default */
    char *ocr_language; /* OCR_LANGUAGE: eng */
    int64_t ocr_dpi;    /* OCR_DPI: 200 */

    /* Google's services */
    char *project;             /* GCP_PROJECT_ID */
    char *location;            /* GCP_LOCATION: us; of the Document AI processor */
    char *processor_id;        /* GCP_PROCESSOR_ID; not set: Tesseract reads */
    char *bucket;              /* GCS_BUCKET_NAME */
    char *dataset;             /* BIGQUERY_DATASET: data_hero */
    char *dataset_location;    /* BIGQUERY_LOCATION: US */
    char *firestore_database;  /* FIRESTORE_DATABASE: (default) */
    char *collection;          /* FIRESTORE_COLLECTION: extraction_jobs */
    char *feedback_collection; /* FEEDBACK_COLLECTION: region_feedback */
    char *queue_location;      /* TASK_QUEUE_LOCATION: us-central1 */
    char *tasks_account;       /* TASKS_SERVICE_ACCOUNT: whose OIDC token tasks carry */
    char *gemini_api_key;      /* GEMINI_API_KEY: secret */
    char *gemini_model;        /* GEMINI_MODEL: gemini-3.5-flash-lite */
    char *credentials_file;    /* GOOGLE_APPLICATION_CREDENTIALS */
    char *signing_account;     /* SIGNING_SERVICE_ACCOUNT */
    char *google_ca_file;      /* GOOGLE_CA_FILE */
    int64_t google_parallel;   /* GOOGLE_PARALLEL_CALLS: 20 */
    char *storage_host;        /* STORAGE_EMULATOR_HOST */
    char *signed_url_host;     /* STORAGE_SIGNED_URL_HOST */
    char *firestore_host;      /* FIRESTORE_EMULATOR_HOST */
    char *tasks_host;          /* CLOUD_TASKS_EMULATOR_HOST */
    char *metadata_host;       /* GCE_METADATA_HOST: metadata.google.internal */
    char *tasks_endpoint;      /* CLOUD_TASKS_API_ENDPOINT */
    char *bigquery_endpoint;   /* BIGQUERY_API_ENDPOINT */
    char *documentai_endpoint; /* DOCUMENTAI_API_ENDPOINT */
    char *gemini_endpoint;     /* GEMINI_API_ENDPOINT */
    char *iam_endpoint;        /* IAMCREDENTIALS_API_ENDPOINT */

    int log_level;   /* LOG_LEVEL: info (enum log_level) */
    int log_format;  /* LOG_FORMAT: auto (enum log_format) */
    bool access_log; /* ACCESS_LOG: true */
};

/* Reads the environment into *c. ERR_UNPROCESSABLE names the variable and what was expected;
 * unknown PDF_OCR_* variables are warned about in the log. */
enum err config_load(struct config *c, struct error *e);
void config_free(struct config *c);

/* Writes one line a setting: name, default, meaning, what is expected (tab separated). */
void config_print_settings(FILE *out);

/* A setting's text as it is given, or its default; NULL: neither, or no such setting. For nginx's
 * settings, which struct config does not have. Valid until the environment changes. */
const char *config_given(const char *name);

/* Writes the settings in force, without secrets, as NAME='value' lines for a shell. */
void config_print_env(const struct config *c, FILE *out);

/* A path below DATA_DIR that the caller frees; NULL when memory is out. */
char *config_data_path(const struct config *c, const char *name);

/* Appends the settings in force as a JSON object; secrets are "set" or "not set". */
void config_describe(const struct config *c, struct buffer *out);

#endif
