#include "core/config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/origins.h"
#include "core/setting_text.h"
#include "ports/extraction.h"

enum type {
    TYPE_NAME,
    TYPE_PATH,
    TYPE_FILE,
    TYPE_URL,
    TYPE_JWKS,
    TYPE_ORIGINS,
    TYPE_NETWORKS,
    TYPE_SECRET,
    TYPE_COUNT,
    TYPE_INTEGER,
    TYPE_BOOL,
    TYPE_ENUM
};

#define NOT_KEPT SIZE_MAX /* nginx's: only checked here; scripts/render-nginx uses it */

struct setting {
    const char *name;
    enum type type;
    size_t offset;
    const char *fallback;     /* NULL: not set */
    int64_t min, max;         /* TYPE_INTEGER: the value; TYPE_SECRET: its length */
    const char *const *names; /* TYPE_ENUM */
    const char *help;
};

static const char *const level_names[] = {"debug", "info", "notice", "warning", "error", NULL};
static const char *const log_format_names[] = {"auto", "json", "text", NULL};

#define AT(field) offsetof(struct config, field)
#define OF(type, name, field, fallback, help)                                                      \
    {                                                                                              \
        name, TYPE_##type, AT(field), fallback, 0, 0, NULL, help                                   \
    }
#define SECRET(name, field, min, help)                                                             \
    {                                                                                              \
        name, TYPE_SECRET, AT(field), NULL, min, 512, NULL, help                                   \
    }
#define EDGE(type, name, fallback, help)                                                           \
    {                                                                                              \
        name, TYPE_##type, NOT_KEPT, fallback, 0, 0, NULL, help                                    \
    }
#define EDGE_INTEGER(name, fallback, min, max, help)                                               \
    {                                                                                              \
        name, TYPE_INTEGER, NOT_KEPT, fallback, min, max, NULL, help                               \
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
    OF(NAME, "BACKEND", backend, "local",
       "local or google: what the parts that follow are when they are not set"),
    OF(NAME, "JOB_STORE", job_store, NULL, "where jobs and feedback live"),
    OF(NAME, "TASK_QUEUE", task_queue, NULL, "what delivers tasks"),
    OF(NAME, "BLOB_STORE", blob_store, NULL, "where documents and results live"),
    OF(NAME, "ANALYTICS", analytics, NULL, "the analysts' copy"),
    OF(NAME, "OCR_ENGINES", ocr_engines, NULL,
       "what reads scans, comma separated, the preferred one first; or none"),
    OF(NAME, "STRUCTURER", structurer, NULL, "what is asked about unclear tables; or none"),
    OF(PATH, "DATA_DIR", data_dir, "data", "the folder of everything local mode keeps"),
    OF(PATH, "RUN_DIR", run_dir, NULL, "sockets and pid file; DATA_DIR/run when not set"),
    OF(PATH, "UPLOADS_DIR", uploads_dir, NULL,
       "where nginx puts what is uploaded, on the file system of DATA_DIR; a folder of each "
       "nginx's "
       "own, which scripts/serve makes in DATA_DIR/uploads"),
    OF(URL, "API_BASE_URL", api_base_url, "https://127.0.0.1:8443",
       "what clients and the task queue call; no slash at the end"),
    SECRET("API_KEY", api_key, 16, "one API key with every scope"),
    OF(FILE, "API_KEYS_FILE", api_keys_file, NULL,
       "JSON file of hashed keys with scopes and expiry; see pdf-ocr-api(8), keys"),
    BOOL("ALLOW_ANONYMOUS", allow_anonymous, "false",
         "whether clients may call without a key; all of them share their jobs"),
    OF(NAME, "JWT_ISSUER", jwt_issuer, NULL,
       "whose bearer tokens clients may send (iss); none when not set"),
    OF(NAME, "JWT_AUDIENCE", jwt_audience, NULL, "what those tokens must be meant for (aud)"),
    OF(JWKS, "JWT_JWKS", jwt_jwks, NULL, "the issuer's keys, a JWK set"),
    OF(ORIGINS, "CORS_ORIGINS", cors_origins, NULL,
       "origins that may call from a browser: JSON array or comma separated"),
    INTEGER(
        "RATE_LIMIT_PER_KEY", rate_per_key, "200", 1, 1000000,
        "requests a second of one key, of one token's subject, or of one address without a key"),
    INTEGER("RATE_LIMIT_BURST", rate_burst, "200", 1, 1000000,
            "requests above the rates that may come at once"),
    INTEGER("AUTH_FAILURES_PER_MINUTE", auth_failures, "30", 1, 1000000,
            "wrong keys from one address before it has to wait"),
    EDGE_INTEGER("RATE_LIMIT_PER_ADDRESS", "100", 1, 1000000, "requests a second of one address"),
    EDGE_INTEGER("CONNECTIONS_PER_ADDRESS", "256", 1, 65536,
                 "requests of one address that may be under way"),
    EDGE_INTEGER("UPLOADS_PER_ADDRESS", "32", 1, 65536,
                 "uploads of one address that may be under way"),
    EDGE_INTEGER("CLIENT_HEADER_TIMEOUT_S", "5", 1, 3600, "time a client has to send its headers"),
    EDGE_INTEGER("CLIENT_BODY_TIMEOUT_S", "30", 1, 3600,
                 "time between two pieces of a client's body"),
    EDGE(NETWORKS, "TRUSTED_PROXIES", NULL,
         "load balancers whose X-Forwarded-For tells the client's address; any: whoever connects, "
         "whose last entry counts; nobody's when not set"),
    EDGE_INTEGER("HTTPS_PORT", "8443", 1, 65535, "where nginx listens"),
    EDGE(NAME, "LISTEN_ADDRESS", "127.0.0.1", "the address nginx listens on"),
    EDGE_INTEGER("PORT", NULL, 1, 65535,
                 "listen here, on all addresses, without TLS, which somebody in front must do"),
    EDGE(FILE, "TLS_CERT", NULL,
         "certificate chain (PEM); one for this machine only is made when not set"),
    EDGE(FILE, "TLS_KEY", NULL, "its private key (PEM)"),
    EDGE(FILE, "OCSP_CA_FILE", NULL,
         "CA certificates that OCSP answers are checked with, where TLS_CERT names a responder; "
         "the system's when not set"),
    EDGE_INTEGER("PAGE_CACHE_MB", "64", 1, 65536, "page images that nginx keeps, in MiB"),
    EDGE_INTEGER("METRICS_PORT", "9464", 1, 65535, "where /metrics is served on 127.0.0.1"),
    EDGE(COUNT, "NGINX_WORKERS", "auto", "nginx's processes; auto: one a core"),
    EDGE(PATH, "NGINX_ACCESS_LOG", "/dev/stderr",
         "nginx's log of requests: /dev/stderr for those that no worker has logged, a file for "
         "all, or "
         "off"),
    EDGE(FILE, "NGINX_EXTRA_FILE", NULL, "a file put into nginx's server block"),
    INTEGER("API_WORKERS", api_workers, "2", 1, 256, "processes for short requests"),
    INTEGER("TASK_WORKERS", task_workers, "2", 1, 256, "processes for extractions"),
    INTEGER("PAGE_WORKERS", page_workers, "2", 1, 256,
            "processes that draw pages for the web page"),
    INTEGER("UPLOAD_WORKERS", upload_workers, "2", 1, 256,
            "processes that take documents in (POST /upload/documents)"),
    INTEGER("WORKER_MAX_REQUESTS", worker_max_requests, "100000", 0, INT64_C(1) << 40,
            "requests after which a worker is replaced; 0: never"),
    INTEGER("TASK_NICE", task_nice, "10", 0, 19, "how much task workers yield to api workers"),
    INTEGER("SHUTDOWN_GRACE_S", shutdown_grace_s, "10", 1, 3600, "time to drain on SIGTERM"),
    INTEGER("REQUEST_DEADLINE_S", request_deadline_s, "10", 1, 300, "deadline of a short request"),
    INTEGER("TASK_DEADLINE_S", task_deadline_s, "300", 1, 3600, "deadline of an extraction"),
    INTEGER("PAGE_DEADLINE_S", page_deadline_s, "30", 1, 300, "deadline of drawing a page"),
    INTEGER("MAX_UPLOAD_BYTES", max_upload_bytes, "52428800", 1, INT64_C(1) << 40, "largest PDF"),
    INTEGER("MAX_JSON_BYTES", max_json_bytes, "1048576", 1024, 67108864, "largest JSON body"),
    INTEGER("MAX_RESULT_BYTES", max_result_bytes, "67108864", 1024, INT64_C(1) << 40,
            "largest result in one format"),
    INTEGER("MAX_REGIONS", max_regions, "200", 1, 10000, "most regions of a job"),
    INTEGER("MAX_PAGES", max_pages, "500", 1, 100000, "most pages of a document"),
    INTEGER("MAX_RASTER_PIXELS", max_raster_pixels, "40000000", 10000, 1000000000,
            "largest raster of a page or region"),
    INTEGER("READER_CPU_S", reader_cpu_s, "60", 1, 3600,
            "CPU time of the page reader for one page or raster"),
    INTEGER("READER_MEMORY_BYTES", reader_memory_bytes, "1073741824", 67108864, INT64_C(1) << 40,
            "address space of the page reader"),
    INTEGER("OCR_CPU_S", ocr_cpu_s, "120", 1, 3600, "CPU time of OCR for one page"),
    INTEGER("OCR_MEMORY_BYTES", ocr_memory_bytes, "1073741824", 268435456, INT64_C(1) << 40,
            "address space of the OCR program"),
    INTEGER("JOB_LEASE_S", job_lease_s, "45", 1, 3600,
            "a job whose worker has not been heard of for so long is free again"),
    INTEGER("JOB_MAX_RETRIES", job_max_retries, "3", 1, 100, "transient failures of a job"),
    INTEGER("JOB_MAX_ATTEMPTS", job_max_attempts, "10", 1, 1000,
            "starts of a job, broken off ones included"),
    INTEGER("JOB_STALE_S", job_stale_s, "600", 1, 86400,
            "a job overdue for so long is queued again by the sweep"),
    INTEGER("RETRY_BASE_S", retry_base_s, "60", 0, 3600, "delay of the first retry; then doubled"),
    INTEGER("RETRY_MAX_S", retry_max_s, "3600", 0, 86400, "longest delay of a retry"),
    INTEGER("RESULT_TTL_DAYS", result_ttl_days, "7", 1, 3650, "how long results and PDFs are kept"),
    INTEGER("UPLOAD_URL_TTL_S", upload_url_ttl_s, "3600", 1, 604800, "life of an upload URL"),
    INTEGER("SWEEP_INTERVAL_S", sweep_interval_s, "30", 1, 86400, "how often maintenance runs"),
    OF(NAME, "TASK_QUEUE_NAME", task_queue_name, "extraction-queue", "name of the task queue"),
    INTEGER("TASK_QUEUE_MAX_ATTEMPTS", queue_max_attempts, "3", 1, 1000,
            "deliveries of a task before it is dropped"),
    INTEGER("TASK_QUEUE_MIN_BACKOFF_MS", queue_min_backoff_ms, "60000", 1, 86400000,
            "delay before the second delivery"),
    INTEGER("TASK_QUEUE_MAX_BACKOFF_MS", queue_max_backoff_ms, "3600000", 1, 86400000,
            "longest delay between deliveries"),
    INTEGER("TASK_QUEUE_MAX_DOUBLINGS", queue_max_doublings, "16", 0, 16,
            "how often the delay doubles"),
    INTEGER("TASK_QUEUE_MAX_DISPATCHES_PER_SECOND", queue_max_per_second, "0", 0, 500,
            "deliveries a second by the local queue; 0: as many as are taken"),
    INTEGER("TASK_QUEUE_MAX_CONCURRENT_DISPATCHES", queue_max_concurrent, "0", 0, 5000,
            "deliveries at the same time; 0: TASK_WORKERS"),
    INTEGER("TASK_QUEUE_MAX_CONCURRENT_PER_OWNER", queue_max_per_owner, "0", 0, 5000,
            "of those, the ones of one owner, which take turns; 0: any number"),
    OF(URL, "TASKS_BASE_URL", tasks_base_url, NULL,
       "where the local queue delivers; API_BASE_URL when not set"),
    OF(FILE, "TASKS_CA_FILE", tasks_ca_file, NULL, "CA of that URL when it is not a public one"),
    ENUM("ENGINE", engine, "auto", engine_choice_names, "who reads the words"),
    OF(PATH, "PAGE_READER", page_reader, LIBEXECDIR "/pdf-ocr-page", "the page reader program"),
    OF(PATH, "FORM_READER", form_reader, LIBEXECDIR "/pdf-ocr-form",
       "the program that reads multipart/form-data"),
    OF(PATH, "OCR_READER", ocr_reader, LIBEXECDIR "/pdf-ocr-recognize",
       "the program that reads images by OCR"),
    OF(PATH, "TESSDATA_PREFIX", tessdata_dir, NULL, "Tesseract's data folder"),
    OF(NAME, "OCR_LANGUAGE", ocr_language, "eng", "Tesseract's language or languages (eng+deu)"),
    INTEGER("OCR_DPI", ocr_dpi, "200", 72, 600, "resolution at which regions are read by OCR"),
    OF(NAME, "GCP_PROJECT_ID", project, NULL, "Google Cloud project"),
    OF(NAME, "GCP_LOCATION", location, "us", "location of the Document AI processor"),
    OF(NAME, "GCP_PROCESSOR_ID", processor_id, NULL,
       "Document AI processor that reads scans; Tesseract when not set"),
    OF(NAME, "GCS_BUCKET_NAME", bucket, NULL, "bucket of uploads and results"),
    OF(NAME, "BIGQUERY_DATASET", dataset, "data_hero", "dataset of the analysts' copy"),
    OF(NAME, "BIGQUERY_LOCATION", dataset_location, "US", "where a dataset is made"),
    OF(NAME, "FIRESTORE_DATABASE", firestore_database, "(default)", "database of the live jobs"),
    OF(NAME, "FIRESTORE_COLLECTION", collection, "extraction_jobs", "collection of the live jobs"),
    OF(NAME, "FEEDBACK_COLLECTION", feedback_collection, "region_feedback",
       "collection of the feedback"),
    OF(NAME, "TASK_QUEUE_LOCATION", queue_location, "us-central1",
       "location of the Cloud Tasks queue"),
    OF(NAME, "TASKS_SERVICE_ACCOUNT", tasks_account, NULL,
       "whose OIDC token Cloud Tasks sends; API_KEY is sent when not set"),
    OF(JWKS, "TASKS_JWKS", tasks_jwks, "https://www.googleapis.com/oauth2/v3/certs",
       "Google's keys, which sign Cloud Tasks' tokens"),
    SECRET("GEMINI_API_KEY", gemini_api_key, 1,
           "key of the Gemini API; Gemini is not used without"),
    OF(NAME, "GEMINI_MODEL", gemini_model, "gemini-3.5-flash-lite",
       "Gemini model that sees tables"),
    OF(FILE, "GOOGLE_APPLICATION_CREDENTIALS", credentials_file, NULL,
       "credentials file; the metadata server is asked when not set"),
    OF(NAME, "SIGNING_SERVICE_ACCOUNT", signing_account, NULL,
       "account that signs links; the credentials' own when not set"),
    OF(FILE, "GOOGLE_CA_FILE", google_ca_file, NULL, "CA certificates for Google's APIs"),
    INTEGER("GOOGLE_PARALLEL_CALLS", google_parallel, "20", 1, 100,
            "regions of one job sent to Document AI at once"),
    OF(NAME, "STORAGE_EMULATOR_HOST", storage_host, NULL, "Cloud Storage emulator"),
    OF(NAME, "STORAGE_SIGNED_URL_HOST", signed_url_host, NULL,
       "where signed links point; https://storage.googleapis.com when not set"),
    OF(NAME, "FIRESTORE_EMULATOR_HOST", firestore_host, NULL, "Firestore emulator"),
    OF(NAME, "CLOUD_TASKS_EMULATOR_HOST", tasks_host, NULL, "Cloud Tasks emulator"),
    OF(NAME, "GCE_METADATA_HOST", metadata_host, "metadata.google.internal", "metadata server"),
    OF(NAME, "CLOUD_TASKS_API_ENDPOINT", tasks_endpoint, NULL, "Cloud Tasks API elsewhere"),
    OF(NAME, "BIGQUERY_API_ENDPOINT", bigquery_endpoint, NULL, "BigQuery API elsewhere"),
    OF(NAME, "DOCUMENTAI_API_ENDPOINT", documentai_endpoint, NULL, "Document AI API elsewhere"),
    OF(NAME, "GEMINI_API_ENDPOINT", gemini_endpoint, NULL, "Gemini API elsewhere"),
    OF(NAME, "IAMCREDENTIALS_API_ENDPOINT", iam_endpoint, NULL, "IAM Credentials API elsewhere"),
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

static bool is_kept(const struct setting *s)
{
    return s->offset != NOT_KEPT;
}

static bool is_text(const struct setting *s)
{
    return s->type != TYPE_INTEGER && s->type != TYPE_BOOL && s->type != TYPE_ENUM;
}

/* What a setting takes, for the error and the docs. */
static void expected(const struct setting *s, struct buffer *out)
{
    static const char *const of_type[] = {
        [TYPE_NAME] = "a name without spaces, quotes, braces, bars and ; & $ \\",
        [TYPE_PATH] = "a path without spaces, quotes, braces, bars and ; & $ \\",
        [TYPE_FILE] = "a file that can be read",
        [TYPE_URL] = "an http:// or https:// URL",
        [TYPE_JWKS] = "an https:// URL (http:// only for this machine), or a file that can be read",
        [TYPE_ORIGINS] = "origins such as https://app.example",
        [TYPE_NETWORKS] = "addresses or networks such as 10.0.0.0/8, comma separated; or any",
        [TYPE_COUNT] = "a whole number from 1 to 512, or auto",
        [TYPE_BOOL] = "true or false",
    };
    if (s->type == TYPE_INTEGER)
        buffer_printf(out, "a whole number from %" PRId64 " to %" PRId64, s->min, s->max);
    else if (s->type == TYPE_SECRET)
        buffer_printf(out, "%" PRId64 " to %" PRId64 " printable characters without spaces", s->min,
                      s->max);
    else if (s->type != TYPE_ENUM)
        buffer_puts(out, of_type[s->type]);
    for (int i = 0; s->type == TYPE_ENUM && s->names[i] != NULL; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "one of ", s->names[i]);
}

/* A secret is not shown. */
static enum err wrong(const struct setting *s, const char *value, struct error *e)
{
    struct buffer want = BUFFER_INIT;
    expected(s, &want);
    const char *text = want.failed ? "something else" : want.data;
    enum err err = s->type == TYPE_SECRET
                       ? error_set(e, ERR_UNPROCESSABLE, "%s is wrong; expected %s.", s->name, text)
                       : error_set(e, ERR_UNPROCESSABLE, "%s is \"%.100s\"; expected %s.", s->name,
                                   value, text);
    buffer_free(&want);
    return err;
}

static bool integer_valid(const struct setting *s, const char *value, int64_t *out)
{
    char *end;
    long long n = strtoll(value, &end, 10);
    *out = n;
    return end != value && *end == '\0' && n >= s->min && n <= s->max;
}

static bool enum_valid(const struct setting *s, const char *value, int *out)
{
    for (*out = 0; s->names[*out] != NULL; (*out)++)
        if (strcmp(value, s->names[*out]) == 0)
            return true;
    return false;
}

static bool printable(const char *value, const char *forbidden)
{
    for (const char *p = value; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F || strchr(forbidden, *p) != NULL)
            return false;
    return true;
}

static bool secret_valid(const struct setting *s, const char *value)
{
    size_t n = strlen(value);
    for (size_t i = 0; i < n; i++)
        if (value[i] <= 0x20 || value[i] >= 0x7F)
            return false;
    return (int64_t)n >= s->min && (int64_t)n <= s->max;
}

static bool text_valid(const struct setting *s, const char *value)
{
    static const char unfit[] = " \"'\\;|{}$&";
    switch (s->type) {
    case TYPE_COUNT:
        return count_valid(value);
    case TYPE_SECRET:
        return secret_valid(s, value);
    case TYPE_ORIGINS:
        return origins_valid(value);
    case TYPE_NETWORKS:
        return networks_valid(value);
    case TYPE_URL:
        return printable(value, unfit) && url_valid(value);
    case TYPE_JWKS:
        return strstr(value, "://") != NULL ? url_is_safe(value) : access(value, R_OK) == 0;
    case TYPE_FILE:
        return printable(value, unfit) && access(value, R_OK) == 0;
    case TYPE_NAME:
    case TYPE_PATH:
        return printable(value, unfit);
    default:
        return printable(value, "");
    }
}

static enum err read_text(struct config *c, const struct setting *s, const char *value,
                          struct error *e)
{
    if (!text_valid(s, value))
        return wrong(s, value, e);
    char *copy = is_kept(s) ? strdup(value) : NULL;
    if (!is_kept(s))
        return ERR_OK;
    *(char **)field(c, s) = copy;
    return copy != NULL ? ERR_OK : error_no_memory(e);
}

static const char *given(const struct setting *s)
{
    const char *value = getenv(s->name);
    return value != NULL && value[0] != '\0' ? value : s->fallback;
}

static enum err read_setting(struct config *c, const struct setting *s, struct error *e)
{
    const char *value = given(s);
    int64_t number;
    int index;
    if (value == NULL)
        return ERR_OK;
    switch (s->type) {
    case TYPE_INTEGER:
        if (!integer_valid(s, value, &number))
            return wrong(s, value, e);
        if (is_kept(s))
            *(int64_t *)field(c, s) = number;
        return ERR_OK;
    case TYPE_ENUM:
        if (!enum_valid(s, value, &index))
            return wrong(s, value, e);
        *(int *)field(c, s) = index;
        return ERR_OK;
    case TYPE_BOOL:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return wrong(s, value, e);
        *(bool *)field(c, s) = strcmp(value, "true") == 0;
        return ERR_OK;
    default:
        return read_text(c, s, value, e);
    }
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

/* Google gives anybody's service account a token for any audience, so issuer and audience alone
 * would let everybody in. */
static enum err check_tokens(const struct config *c, struct error *e)
{
    if (c->jwt_issuer == NULL && c->jwt_audience == NULL && c->jwt_jwks == NULL)
        return ERR_OK;
    if (c->jwt_issuer == NULL || c->jwt_audience == NULL || c->jwt_jwks == NULL)
        return error_set(e, ERR_UNPROCESSABLE,
                         "JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS belong together; %s is not set.",
                         c->jwt_issuer == NULL     ? "JWT_ISSUER"
                         : c->jwt_audience == NULL ? "JWT_AUDIENCE"
                                                   : "JWT_JWKS");
    if (strcmp(c->jwt_issuer, "https://accounts.google.com") == 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "JWT_ISSUER is \"%s\", which gives anybody a token for any audience; "
                         "expected an issuer of your own.",
                         c->jwt_issuer);
    return ERR_OK;
}

/* Paths are put behind a URL, so it must not end in a slash. */
static void trim_slashes(char *url)
{
    for (size_t n = url != NULL ? strlen(url) : 0; n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
}

char *config_data_path(const struct config *c, const char *name)
{
    struct buffer path = BUFFER_INIT;
    buffer_printf(&path, "%s/%s", c->data_dir, name);
    return buffer_take(&path);
}

static enum err default_folder(const struct config *c, const char *name, char **folder,
                               struct error *e)
{
    if (*folder != NULL)
        return ERR_OK;
    *folder = config_data_path(c, name);
    return *folder != NULL ? ERR_OK : error_no_memory(e);
}

enum err config_load(struct config *c, struct error *e)
{
    memset(c, 0, sizeof *c);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < N_SETTINGS; i++)
        err = read_setting(c, &settings[i], e);
    if (err == ERR_OK)
        err = default_folder(c, "run", &c->run_dir, e);
    if (err == ERR_OK)
        err = default_folder(c, "uploads", &c->uploads_dir, e);
    if (err == ERR_OK)
        err = check_tokens(c, e);
    if (err == ERR_OK) {
        trim_slashes(c->api_base_url);
        trim_slashes(c->tasks_base_url);
    }
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
        if (is_kept(&settings[i]) && is_text(&settings[i]))
            free(*(char **)field(c, &settings[i]));
    memset(c, 0, sizeof *c);
}

void config_print_settings(FILE *out)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *s = &settings[i];
        struct buffer want = BUFFER_INIT;
        expected(s, &want);
        (void)fprintf(out, "%s\t%s\t%s\t%s\n", s->name, s->fallback != NULL ? s->fallback : "",
                      s->help, want.data != NULL ? want.data : "");
        buffer_free(&want);
    }
}

static void print_quoted(const char *name, const char *text, FILE *out)
{
    (void)fprintf(out, "%s='", name);
    for (const char *p = text; *p != '\0'; p++)
        (void)fprintf(out, *p == '\'' ? "'\\''" : "%c", *p);
    (void)fputs("'\n", out);
}

const char *config_given(const char *name)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0)
            return given(&settings[i]);
    return NULL;
}

static const char *text_of(const struct config *c, const struct setting *s)
{
    return is_kept(s) && is_text(s) ? *(char *const *)((const char *)c + s->offset) : given(s);
}

void config_print_env(const struct config *c, FILE *out)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const char *text = settings[i].type != TYPE_SECRET ? text_of(c, &settings[i]) : NULL;
        if (text != NULL)
            print_quoted(settings[i].name, text, out);
    }
}

void config_describe(const struct config *c, struct buffer *out)
{
    const char *separator = "{";
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *s = &settings[i];
        const void *at = (const char *)c + s->offset;
        if (!is_kept(s))
            continue;
        const char *text = is_text(s) ? *(char *const *)at : NULL;
        buffer_printf(out, "%s\"%s\":", separator, s->name);
        separator = ",";
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
