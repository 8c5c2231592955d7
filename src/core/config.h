/* Settings, read from the environment once. Const tables (core/setting.h) hold each setting's name,
 * type, default, bounds and help; reading, the start-up errors, `--print-settings` (from which
 * docs/configuration.md is made) and /health/diagnostics all walk them.
 */
#ifndef PDF_OCR_CORE_CONFIG_H
#define PDF_OCR_CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/setting.h"

/* Strings are owned by the config; NULL when not set and without a default. */
struct config {
    char *backend;     /* BACKEND: local; for the parts that are not set */
    char *job_store;   /* JOB_STORE; parts_choose (app/parts.h) sets what is not set of these */
    char *task_queue;  /* TASK_QUEUE */
    char *blob_store;  /* BLOB_STORE */
    char *analytics;   /* ANALYTICS */
    char *ocr_engines; /* OCR_ENGINES: comma separated, the preferred one first */
    char *structurer;  /* STRUCTURER */

    char *data_dir;     /* DATA_DIR: ./data */
    char *run_dir;      /* RUN_DIR: DATA_DIR/run; api.sock, tasks.sock, page.sock, ...,
                           master.pid */
    char *uploads_dir;  /* UPLOADS_DIR: DATA_DIR/uploads; where nginx puts bodies */
    char *api_base_url; /* API_BASE_URL: https://127.0.0.1:8443; what clients and the queue call */

    char *api_key;       /* API_KEY: secret */
    char *api_keys_file; /* API_KEYS_FILE */
    char *sealing_key;   /* SEALING_KEY: secret */
    char *cors_origins;  /* CORS_ORIGINS: JSON array or comma separated */

    bool allow_anonymous;  /* ALLOW_ANONYMOUS: false; clients need no key */
    char *jwt_issuer;      /* JWT_ISSUER; not set: no bearer tokens of clients */
    char *jwt_audience;    /* JWT_AUDIENCE */
    char *jwt_jwks;        /* JWT_JWKS: URL or file of the issuer's keys */
    int64_t rate_per_key;  /* RATE_LIMIT_PER_KEY: 200; requests a second */
    int64_t rate_burst;    /* RATE_LIMIT_BURST: 200; so many at once */
    int64_t auth_failures; /* AUTH_FAILURES_PER_MINUTE: 30; wrong keys of an address */

    int64_t api_workers;         /* API_WORKERS: 2 */
    int64_t task_workers;        /* TASK_WORKERS: 2; 0: other machines work */
    int64_t page_workers;        /* PAGE_WORKERS: 2 */
    int64_t upload_workers;      /* UPLOAD_WORKERS: 2 */
    int64_t fetch_workers;       /* FETCH_WORKERS: 2 */
    int64_t worker_max_requests; /* WORKER_MAX_REQUESTS: 100000; 0: never recycled */
    int64_t task_nice;           /* TASK_NICE: 10 */
    int64_t shutdown_grace_s;    /* SHUTDOWN_GRACE_S: 10 */
    int64_t request_deadline_s;  /* REQUEST_DEADLINE_S: 10 */
    int64_t task_deadline_s;     /* TASK_DEADLINE_S: 300 */
    int64_t page_deadline_s;     /* PAGE_DEADLINE_S: 30 */
    int64_t wait_max_s;          /* WAIT_MAX_S: 60 */
    int64_t waiting_per_key;     /* WAITING_PER_KEY: 1000 */

    int64_t max_upload_bytes;    /* MAX_UPLOAD_BYTES: 52428800 */
    int64_t max_json_bytes;      /* MAX_JSON_BYTES: 1048576 */
    int64_t max_result_bytes;    /* MAX_RESULT_BYTES: 67108864 */
    int64_t max_batch_items;     /* MAX_BATCH_ITEMS: 50 */
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

    char *task_queue_name; /* TASK_QUEUE_NAME: extraction-queue */

    int engine;                   /* ENGINE: auto (enum engine_choice) */
    char *page_reader;            /* PAGE_READER: the installed pdf-ocr-page */
    char *form_reader;            /* FORM_READER: the installed pdf-ocr-form */
    int64_t ocr_dpi;              /* OCR_DPI: 200 */
    int64_t pages_per_key;        /* PAGES_PER_KEY_PER_DAY: 0, meaning no limit */
    int64_t upload_bytes_per_key; /* UPLOAD_BYTES_PER_KEY_PER_DAY: 0, meaning no limit */
    int64_t jobs_waiting_per_key; /* JOBS_WAITING_PER_KEY: 0, meaning no limit */
    int64_t ocr_pages_per_job;    /* OCR_PAGES_PER_JOB: 0, meaning no limit */
    int64_t ocr_pages_per_key;    /* OCR_PAGES_PER_KEY_PER_DAY: 0, meaning no limit */
    bool ocr_fallback;            /* OCR_FALLBACK: false */

    int log_level;   /* LOG_LEVEL: info (enum log_level) */
    int log_format;  /* LOG_FORMAT: auto (enum log_format) */
    bool access_log; /* ACCESS_LOG: true */

    const struct setting_table *const *tables; /* what it was loaded with; NULL ends them */
    void *
        *values; /* what each table fills: a struct of its own, or this one, which is not copied */
};

/* The settings that are no part's own, in the order in which they are told of. */
extern const struct setting_table config_parts, config_service, config_programs, config_ocr,
    config_log;
extern const struct setting_table *const config_own[]; /* all of them; NULL ends them */

/* Reads the settings of the tables, which NULL ends and which are borrowed, from the environment
 * into *c; config_service is among them. ERR_UNPROCESSABLE names the variable and what was
 * expected; unknown PDF_OCR_* variables are warned about in the log. */
enum err config_load(struct config *c, const struct setting_table *const *tables, struct error *e);

/* The struct that a table fills; NULL: c was not loaded with that table. */
const void *config_values(const struct config *c, const struct setting_table *t);

void config_free(struct config *c);

/* Writes one line a setting: name, default, meaning, what is expected (tab separated). */
void config_print_settings(const struct setting_table *const *tables, FILE *out);

/* A setting's text as it is given, or its default; NULL: neither, or no such setting. For nginx's
 * settings, which struct config does not have: of config_own. Valid until the environment changes.
 */
const char *config_given(const char *name);

/* Writes the settings in force, without secrets, as NAME='value' lines for a shell. */
void config_print_env(const struct config *c, FILE *out);

/* Writes one such line. */
void config_print_variable(const char *name, const char *text, FILE *out);

/* A path below DATA_DIR that the caller frees; NULL when memory is out. */
char *config_data_path(const struct config *c, const char *name);

/* Appends the settings in force as a JSON object; secrets are "set" or "not set". */
void config_describe(const struct config *c, struct buffer *out);

#endif
