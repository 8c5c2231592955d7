#include "core/config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ports/extraction.h"

enum type { TYPE_TEXT, TYPE_SECRET, TYPE_INTEGER, TYPE_BOOL, TYPE_ENUM };

struct setting {
    const char *name;
    enum type type;
    size_t offset;
    const char *fallback; /* NULL: not set */
    int64_t min, max;
    const char *const *names; /* TYPE_ENUM */
    const char *help;
};

static const char *const backend_names[] = {"local", "google", NULL};
static const char *const level_names[] = {"debug", "info", "notice", "warning", "error", NULL};
static const char *const log_format_names[] = {"auto", "json", "text", NULL};

#define AT(field) offsetof(struct config, field)
#define TEXT(name, field, fallback, help)                                                          \
    {                                                                                              \
        name, TYPE_TEXT, AT(field), fallback, 0, 0, NULL, help                                     \
    }
#define SECRET(name, field, help)                                                                  \
    {                                                                                              \
        name, TYPE_SECRET, AT(field), NULL, 0, 0, NULL, help                                       \
    }
#define INTEGER(name, field, fallback, min, max, help)                                             \
    {                                                                                              \
        name, TYPE_INTEGER, AT(field), fallback, min, max, NULL, help                              \
    }
#define BOOL(name, field, fallback, help)                                                          \
    {                                                                                              \
        name, TYPE_BOOL, AT(field), fallback, 0, 0, NULL, help                                     \
    }
#define ENUM(name, field, fallback, names, help)                                                   \
    {                                                                                              \
        name, TYPE_ENUM, AT(field), fallback, 0, 0, names, help                                    \
    }

static const struct setting settings[] = {
    ENUM("BACKEND", backend, "local", backend_names, "where jobs, blobs and tasks live"),
    TEXT("DATA_DIR", data_dir, "data", "the folder of everything local mode keeps"),
    TEXT("RUN_DIR", run_dir, NULL, "sockets and pid file; DATA_DIR/run when not set"),
    TEXT("API_BASE_URL", api_base_url, "https://127.0.0.1:8443",
         "what clients and the task queue call; no slash at the end"),
    SECRET("API_KEY", api_key, "one API key with every scope"),
    TEXT("API_KEYS_FILE", api_keys_file, NULL, "JSON file of hashed keys with scopes and expiry"),
    TEXT("CORS_ORIGINS", cors_origins, NULL,
         "origins that may call from a browser: JSON array or comma separated"),
    INTEGER("API_WORKERS", api_workers, "2", 1, 256, "processes for short requests"),
    INTEGER("TASK_WORKERS", task_workers, "2", 1, 256, "processes for extractions"),
    INTEGER("WORKER_MAX_REQUESTS", worker_max_requests, "100000", 0, INT64_MAX,
            "requests after which a worker is replaced; 0: never"),
    INTEGER("TASK_NICE", task_nice, "10", 0, 19, "how much task workers yield to api workers"),
    INTEGER("SHUTDOWN_GRACE_S", shutdown_grace_s, "10", 1, 3600, "time to drain on SIGTERM"),
    INTEGER("REQUEST_DEADLINE_S", request_deadline_s, "10", 1, 300, "deadline of a short request"),
    INTEGER("TASK_DEADLINE_S", task_deadline_s, "300", 1, 3600, "deadline of an extraction"),
    INTEGER("MAX_UPLOAD_BYTES", max_upload_bytes, "52428800", 1, INT64_MAX, "largest PDF"),
    INTEGER("MAX_JSON_BYTES", max_json_bytes, "1048576", 1024, 67108864, "largest JSON body"),
    INTEGER("MAX_REGIONS", max_regions, "200", 1, 10000, "most regions of a job"),
    INTEGER("MAX_PAGES", max_pages, "500", 1, 100000, "most pages of a document"),
    INTEGER("MAX_RASTER_PIXELS", max_raster_pixels, "40000000", 10000, 1000000000,
            "largest raster of a page or region"),
    INTEGER("READER_CPU_S", reader_cpu_s, "60", 1, 3600, "CPU time of the page reader"),
    INTEGER("READER_MEMORY_BYTES", reader_memory_bytes, "1073741824", 67108864, INT64_MAX,
            "address space of the page reader"),
    INTEGER("JOB_LEASE_S", job_lease_s, "45", 1, 3600,
            "a job whose worker has not been heard of for so long is free again"),
    INTEGER("JOB_MAX_RETRIES", job_max_retries, "3", 1, 100, "transient failures of a job"),
    INTEGER("JOB_MAX_ATTEMPTS", job_max_attempts, "10", 1, 1000,
            "starts of a job, broken off ones included"),
    INTEGER("JOB_STALE_S", job_stale_s, "600", 1, 86400,
            "a job overdue for so long is queued again by the sweep"),
    INTEGER("RETRY_BASE_S", retry_base_s, "60", 0, 3600, "delay of the first retry; then doubled"),
    INTEGER("RETRY_MAX_S", retry_max_s, "3600", 0, 86400, "longest delay of a retry"),
    INTEGER("RESULT_TTL_DAYS", result_ttl_days, "7", 1, 3650, "how long results are kept"),
    INTEGER("UPLOAD_URL_TTL_S", upload_url_ttl_s, "3600", 1, 604800, "life of an upload URL"),
    INTEGER("SWEEP_INTERVAL_S", sweep_interval_s, "30", 1, 86400, "how often maintenance runs"),
    TEXT("TASK_QUEUE_NAME", task_queue_name, "extraction-queue", "name of the task queue"),
    INTEGER("TASK_QUEUE_MAX_ATTEMPTS", queue_max_attempts, "3", 1, 1000,
            "deliveries of a task before it is dropped"),
    INTEGER("TASK_QUEUE_MIN_BACKOFF_MS", queue_min_backoff_ms, "60000", 1, 86400000,
            "delay before the second delivery"),
    INTEGER("TASK_QUEUE_MAX_BACKOFF_MS", queue_max_backoff_ms, "3600000", 1, 86400000,
            "longest delay between deliveries"),
    INTEGER("TASK_QUEUE_MAX_DOUBLINGS", queue_max_doublings, "16", 0, 16,
            "how often the delay doubles"),
    INTEGER("TASK_QUEUE_MAX_DISPATCHES_PER_SECOND", queue_max_per_second, "10", 1, 500,
            "deliveries a second"),
    INTEGER("TASK_QUEUE_MAX_CONCURRENT_DISPATCHES", queue_max_concurrent, "0", 0, 5000,
            "deliveries at the same time; 0: TASK_WORKERS"),
    TEXT("TASKS_BASE_URL", tasks_base_url, NULL,
         "where the local queue delivers; API_BASE_URL when not set"),
    TEXT("TASKS_CA_FILE", tasks_ca_file, NULL, "CA of that URL when it is not a public one"),
    ENUM("ENGINE", engine, "auto", engine_choice_names, "who reads the words"),
    TEXT("PAGE_READER", page_reader, LIBEXECDIR "/pdf-ocr-page", "the page reader program"),
    TEXT("TESSDATA_PREFIX", tessdata_dir, NULL, "Tesseract's data folder"),
    TEXT("OCR_LANGUAGE", ocr_language, "eng", "Tesseract's language or languages (eng+deu)"),
    INTEGER("OCR_DPI", ocr_dpi, "200", 72, 600, "resolution at which regions are read by OCR"),
    TEXT("GCP_PROJECT_ID", project, NULL, "Google Cloud project (BACKEND=google)"),
    TEXT("GCP_LOCATION", location, "us", "location of the Document AI processor"),
    TEXT("GCP_PROCESSOR_ID", processor_id, NULL,
         "Document AI processor that reads scans; Tesseract when not set"),
    TEXT("GCS_BUCKET_NAME", bucket, NULL, "bucket of uploads and results"),
    TEXT("BIGQUERY_DATASET", dataset, "data_hero", "dataset of the analysts' copy"),
    TEXT("BIGQUERY_LOCATION", dataset_location, "US", "where a dataset is made"),
    TEXT("FIRESTORE_DATABASE", firestore_database, "(default)", "database of the live jobs"),
    TEXT("FIRESTORE_COLLECTION", collection, "extraction_jobs", "collection of the live jobs"),
    TEXT("FEEDBACK_COLLECTION", feedback_collection, "region_feedback",
         "collection of the feedback"),
    TEXT("TASK_QUEUE_LOCATION", queue_location, "us-central1", "location of the Cloud Tasks queue"),
    TEXT("TASKS_SERVICE_ACCOUNT", tasks_account, NULL,
         "whose OIDC token Cloud Tasks sends; API_KEY is sent when not set"),
    SECRET("GEMINI_API_KEY", gemini_api_key, "key of the Gemini API; Gemini is not used without"),
    TEXT("GEMINI_MODEL", gemini_model, "gemini-2.5-flash", "Gemini model that sees tables"),
    TEXT("GOOGLE_APPLICATION_CREDENTIALS", credentials_file, NULL,
         "credentials file; the metadata server is asked when not set"),
    TEXT("SIGNING_SERVICE_ACCOUNT", signing_account, NULL,
         "account that signs links; the credentials' own when not set"),
    TEXT("GOOGLE_CA_FILE", google_ca_file, NULL, "CA certificates for Google's APIs"),
    INTEGER("GOOGLE_PARALLEL_CALLS", google_parallel, "20", 1, 100,
            "regions of one job sent to Document AI at once"),
    TEXT("STORAGE_EMULATOR_HOST", storage_host, NULL, "Cloud Storage emulator"),
    TEXT("STORAGE_SIGNED_URL_HOST", signed_url_host, NULL,
         "where signed links point; https://storage.googleapis.com when not set"),
    TEXT("FIRESTORE_EMULATOR_HOST", firestore_host, NULL, "Firestore emulator"),
    TEXT("GCE_METADATA_HOST", metadata_host, "metadata.google.internal", "metadata server"),
    TEXT("CLOUD_TASKS_API_ENDPOINT", tasks_endpoint, NULL, "Cloud Tasks API elsewhere"),
    TEXT("BIGQUERY_API_ENDPOINT", bigquery_endpoint, NULL, "BigQuery API elsewhere"),
    TEXT("DOCUMENTAI_API_ENDPOINT", documentai_endpoint, NULL, "Document AI API elsewhere"),
    TEXT("GEMINI_API_ENDPOINT", gemini_endpoint, NULL, "Gemini API elsewhere"),
    TEXT("IAMCREDENTIALS_API_ENDPOINT", iam_endpoint, NULL, "IAM Credentials API elsewhere"),
    ENUM("LOG_LEVEL", log_level, "info", level_names, "least severity that is logged"),
    ENUM("LOG_FORMAT", log_format, "auto", log_format_names,
         "auto: text on a terminal, JSON elsewhere"),
    BOOL("ACCESS_LOG", access_log, "true", "one log line a request"),
};

#define N_SETTINGS (sizeof settings / sizeof settings[0])

static void *field(struct config *c, const struct setting *s)
{
    return (char *)c + s->offset;
}

static enum err wrong(const struct setting *s, const char *value, const char *expected,
                      struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE, "%s is \"%.100s\"; expected %s.", s->name, value,
                     expected);
}

static enum err read_enum(const struct setting *s, const char *value, int *out, struct error *e)
{
    struct buffer names = BUFFER_INIT;
    for (int i = 0; s->names[i] != NULL; i++) {
        if (strcmp(value, s->names[i]) == 0) {
            *out = i;
            buffer_free(&names);
            return ERR_OK;
        }
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "one of ", s->names[i]);
    }
    enum err err = wrong(s, value, names.failed ? "a known name" : names.data, e);
    buffer_free(&names);
    return err;
}

static enum err read_integer(const struct setting *s, const char *value, int64_t *out,
                             struct error *e)
{
    char expected[96], *end;
    (void)snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64, s->min,
                   s->max);
    long long n = strtoll(value, &end, 10);
    if (end == value || *end != '\0' || n < s->min || n > s->max)
        return wrong(s, value, expected, e);
    *out = n;
    return ERR_OK;
}

static enum err read_setting(struct config *c, const struct setting *s, struct error *e)
{
    const char *value = getenv(s->name);
    if (value == NULL || value[0] == '\0')
        value = s->fallback;
    if (value == NULL)
        return ERR_OK;
    switch (s->type) {
    case TYPE_INTEGER:
        return read_integer(s, value, field(c, s), e);
    case TYPE_ENUM:
        return read_enum(s, value, field(c, s), e);
    case TYPE_BOOL:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return wrong(s, value, "true or false", e);
        *(bool *)field(c, s) = strcmp(value, "true") == 0;
        return ERR_OK;
    case TYPE_TEXT:
    case TYPE_SECRET:
        break;
    }
    char *copy = strdup(value);
    *(char **)field(c, s) = copy;
    return copy != NULL ? ERR_OK : error_set(e, ERR_INTERNAL, "Out of memory.");
}

static void warn_about_unknown_names(void)
{
    for (char **v = environ; *v != NULL; v++) {
        size_t n = strcspn(*v, "=");
        if (strncmp(*v, "PDF_OCR_", 8) != 0)
            continue;
        char name[128];
        (void)snprintf(name, sizeof name, "%.*s", (int)(n < 100 ? n : 100), *v);
        log_event(LOG_WARNING, "an environment variable is not known; see --print-settings", "name",
                  name, NULL);
    }
}

static enum err missing(const char *name, const char *why, struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE, "%s is not set; with BACKEND=google %s.", name, why);
}

/* What BACKEND=google cannot do without. */
static enum err check_google(const struct config *c, struct error *e)
{
    if (c->project == NULL)
        return missing("GCP_PROJECT_ID", "it names the project", e);
    if (c->bucket == NULL)
        return missing("GCS_BUCKET_NAME", "it names the bucket of uploads and results", e);
    if (c->api_key == NULL && c->api_keys_file == NULL)
        return missing("API_KEY", "a key must be given (or API_KEYS_FILE)", e);
    if (c->tasks_account == NULL && c->api_key == NULL)
        return missing("TASKS_SERVICE_ACCOUNT", "it or API_KEY lets Cloud Tasks in", e);
    if (getenv("API_BASE_URL") == NULL)
        return missing("API_BASE_URL", "it tells Cloud Tasks where to call", e);
    if (c->engine == CHOICE_DOCUMENTAI && c->processor_id == NULL)
        return missing("GCP_PROCESSOR_ID", "ENGINE=documentai needs it", e);
    return ERR_OK;
}

/* Paths are put behind it, so it must not end in a slash. */
static enum err read_url(const char *name, char *url, struct error *e)
{
    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "%s is \"%.100s\"; expected an http:// or https:// URL.", name, url);
    for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
    return ERR_OK;
}

enum err config_load(struct config *c, struct error *e)
{
    memset(c, 0, sizeof *c);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < N_SETTINGS; i++)
        err = read_setting(c, &settings[i], e);
    if (err == ERR_OK && c->run_dir == NULL) {
        struct buffer path = BUFFER_INIT;
        buffer_printf(&path, "%s/run", c->data_dir);
        c->run_dir = buffer_take(&path);
        if (c->run_dir == NULL)
            err = error_set(e, ERR_INTERNAL, "Out of memory.");
    }
    if (err == ERR_OK)
        err = read_url("API_BASE_URL", c->api_base_url, e);
    if (err == ERR_OK && c->tasks_base_url != NULL)
        err = read_url("TASKS_BASE_URL", c->tasks_base_url, e);
    if (err == ERR_OK && c->backend == BACKEND_GOOGLE)
        err = check_google(c, e);
    if (err == ERR_OK && c->engine == CHOICE_GEMINI && c->gemini_api_key == NULL)
        err = error_set(e, ERR_UNPROCESSABLE, "GEMINI_API_KEY is not set; ENGINE=gemini needs it.");
    if (err != ERR_OK) {
        config_free(c);
        return err;
    }
    warn_about_unknown_names();
    return ERR_OK;
}

void config_free(struct config *c)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (settings[i].type == TYPE_TEXT || settings[i].type == TYPE_SECRET)
            free(*(char **)field(c, &settings[i]));
    memset(c, 0, sizeof *c);
}

void config_print_settings(FILE *out)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *s = &settings[i];
        (void)fprintf(out, "%s\t%s\t%s", s->name, s->fallback != NULL ? s->fallback : "", s->help);
        for (int k = 0; s->type == TYPE_ENUM && s->names[k] != NULL; k++)
            (void)fprintf(out, "%s%s", k > 0 ? ", " : " (", s->names[k]);
        (void)fprintf(out, "%s\n", s->type == TYPE_ENUM ? ")" : "");
    }
}

void config_describe(const struct config *c, struct buffer *out)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *s = &settings[i];
        const void *at = (const char *)c + s->offset;
        const char *text =
            s->type == TYPE_TEXT || s->type == TYPE_SECRET ? *(char *const *)at : NULL;
        buffer_printf(out, "%s\"%s\":", i > 0 ? "," : "{", s->name);
        if (s->type == TYPE_INTEGER)
            buffer_printf(out, "%" PRId64, *(const int64_t *)at);
        else if (s->type == TYPE_BOOL)
            buffer_puts(out, *(const bool *)at ? "true" : "false");
        else if (s->type == TYPE_ENUM)
            buffer_json_string(out, s->names[*(const int *)at]);
        else if (s->type == TYPE_SECRET)
            buffer_puts(out, text != NULL ? "\"set\"" : "\"not set\"");
        else
            buffer_json_string(out, text);
    }
    buffer_puts(out, "}");
}
