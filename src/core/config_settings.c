/* The settings that no part of its own has: what fills struct config. */
#include "core/config.h"
#include "ports/extraction.h"

static const char *const level_names[] = {"debug", "info", "notice", "warning", "error", NULL};
static const char *const log_format_names[] = {"auto", "json", "text", NULL};

#define AT(field)                        offsetof(struct config, field)
#define EDGE(type, name, fallback, help) TEXT_SETTING(type, name, SETTING_NOT_KEPT, fallback, help)
#define EDGE_INTEGER(name, fallback, min, max, help)                                               \
    INTEGER_SETTING(name, SETTING_NOT_KEPT, fallback, min, max, help)

static const struct setting parts_rows[] = {
    TEXT_SETTING(NAME, "BACKEND", AT(backend), "local",
                 "local or google: what the parts that follow are when they are not set"),
    TEXT_SETTING(NAME, "JOB_STORE", AT(job_store), NULL, "where jobs and feedback live"),
    TEXT_SETTING(NAME, "TASK_QUEUE", AT(task_queue), NULL, "what delivers tasks"),
    TEXT_SETTING(NAME, "BLOB_STORE", AT(blob_store), NULL, "where documents and results live"),
    TEXT_SETTING(NAME, "ANALYTICS", AT(analytics), NULL, "the analysts' copy"),
    TEXT_SETTING(NAME, "OCR_ENGINES", AT(ocr_engines), NULL,
                 "what reads scans, comma separated, the preferred one first; or none"),
    TEXT_SETTING(NAME, "STRUCTURER", AT(structurer), NULL,
                 "what is asked about unclear tables; or none"),
};

const struct setting_table config_parts = SETTING_TABLE(parts_rows, 0);

static const struct setting service_rows[] = {
    TEXT_SETTING(PATH, "DATA_DIR", AT(data_dir), "data",
                 "the folder of everything local mode keeps"),
    TEXT_SETTING(PATH, "RUN_DIR", AT(run_dir), NULL,
                 "sockets and pid file; DATA_DIR/run when not set"),
    TEXT_SETTING(
        PATH, "UPLOADS_DIR", AT(uploads_dir), NULL,
        "where nginx puts what is uploaded, on the file system of DATA_DIR; a folder of each "
        "nginx's "
        "own, which scripts/serve makes in DATA_DIR/uploads"),
    TEXT_SETTING(BASE_URL, "API_BASE_URL", AT(api_base_url), "https://127.0.0.1:8443",
                 "what clients and the task queue call; no slash at the end"),
    SECRET_SETTING("API_KEY", AT(api_key), 16, 512, "one API key with every scope"),
    TEXT_SETTING(FILE, "API_KEYS_FILE", AT(api_keys_file), NULL,
                 "JSON file of hashed keys with scopes and expiry; see pdf-ocr-api(8), keys"),
    SECRET_SETTING("SEALING_KEY", AT(sealing_key), 64, 64,
                   "64 hexadecimal digits that seal the passwords of PDFs until their job has "
                   "ended; the same on all machines; DATA_DIR/signing-key seals when not set"),
    BOOL_SETTING("ALLOW_ANONYMOUS", AT(allow_anonymous), "false",
                 "whether clients may call without a key; all of them share their jobs"),
    TEXT_SETTING(NAME, "JWT_ISSUER", AT(jwt_issuer), NULL,
                 "whose bearer tokens clients may send (iss); none when not set"),
    TEXT_SETTING(NAME, "JWT_AUDIENCE", AT(jwt_audience), NULL,
                 "what those tokens must be meant for (aud)"),
    TEXT_SETTING(JWKS, "JWT_JWKS", AT(jwt_jwks), NULL, "the issuer's keys, a JWK set"),
    TEXT_SETTING(ORIGINS, "CORS_ORIGINS", AT(cors_origins), NULL,
                 "origins that may call from a browser: JSON array or comma separated"),
    INTEGER_SETTING(
        "RATE_LIMIT_PER_KEY", AT(rate_per_key), "200", 1, 1000000,
        "requests a second of one key, of one token's subject, or of one address without a key"),
    INTEGER_SETTING("RATE_LIMIT_BURST", AT(rate_burst), "200", 1, 1000000,
                    "requests above the rates that may come at once"),
    INTEGER_SETTING(
        "PAGES_PER_KEY_PER_DAY", AT(pages_per_key), "0", 0, 1000000000,
        "pages that the jobs of a key may read, from 00:00 UTC; a job that has begun is "
        "ended; 0: any number"),
    INTEGER_SETTING("UPLOAD_BYTES_PER_KEY_PER_DAY", AT(upload_bytes_per_key), "0", 0,
                    INT64_C(1) << 50,
                    "bytes that a key may upload, from 00:00 UTC; what was put to a link counts "
                    "with each job on it; 0: any number"),
    INTEGER_SETTING("JOBS_WAITING_PER_KEY", AT(jobs_waiting_per_key), "0", 0, 200,
                    "jobs of a key that may wait; 0: any number"),
    INTEGER_SETTING("AUTH_FAILURES_PER_MINUTE", AT(auth_failures), "30", 1, 1000000,
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
    INTEGER_SETTING("API_WORKERS", AT(api_workers), "2", 1, 256, "processes for short requests"),
    INTEGER_SETTING("TASK_WORKERS", AT(task_workers), "2", 0, 256,
                    "processes for extractions; 0: other machines do them"),
    INTEGER_SETTING("PAGE_WORKERS", AT(page_workers), "2", 1, 256,
                    "processes that draw pages for the web page"),
    INTEGER_SETTING("UPLOAD_WORKERS", AT(upload_workers), "2", 1, 256,
                    "processes that take documents in (POST /upload/documents)"),
    INTEGER_SETTING("FETCH_WORKERS", AT(fetch_workers), "2", 1, 256,
                    "processes that fetch documents for a source_url, one at a time each"),
    INTEGER_SETTING("WORKER_MAX_REQUESTS", AT(worker_max_requests), "100000", 0, INT64_C(1) << 40,
                    "requests after which a worker is replaced; 0: never"),
    INTEGER_SETTING("TASK_NICE", AT(task_nice), "10", 0, 19,
                    "how much task workers yield to api workers"),
    INTEGER_SETTING("SHUTDOWN_GRACE_S", AT(shutdown_grace_s), "10", 1, 3600,
                    "time to drain on SIGTERM"),
    INTEGER_SETTING("REQUEST_DEADLINE_S", AT(request_deadline_s), "10", 1, 300,
                    "deadline of a short request"),
    INTEGER_SETTING("TASK_DEADLINE_S", AT(task_deadline_s), "300", 1, 3600,
                    "deadline of an extraction"),
    INTEGER_SETTING("PAGE_DEADLINE_S", AT(page_deadline_s), "30", 1, 300,
                    "deadline of drawing a page"),
    INTEGER_SETTING(
        "WAIT_MAX_S", AT(wait_max_s), "60", 1, 3600,
        "the longest that a request waits for its job; less than what is in front waits"),
    INTEGER_SETTING("WAITING_PER_KEY", AT(waiting_per_key), "1000", 1, 65536,
                    "requests of one key, or of one address without a key, that may wait for jobs"),
    INTEGER_SETTING("MAX_UPLOAD_BYTES", AT(max_upload_bytes), "52428800", 1, INT64_C(1) << 40,
                    "largest PDF"),
    INTEGER_SETTING("MAX_JSON_BYTES", AT(max_json_bytes), "1048576", 1024, 67108864,
                    "largest JSON body"),
    INTEGER_SETTING("MAX_RESULT_BYTES", AT(max_result_bytes), "67108864", 1024, INT64_C(1) << 40,
                    "largest result in one format, and all of a batch together"),
    INTEGER_SETTING("MAX_REGIONS", AT(max_regions), "200", 1, 10000, "most regions of a job"),
    INTEGER_SETTING("MAX_BATCH_ITEMS", AT(max_batch_items), "50", 1, 1000,
                    "most documents of one batch"),
    INTEGER_SETTING("MAX_PAGES", AT(max_pages), "500", 1, 100000, "most pages of a document"),
    INTEGER_SETTING("MAX_RASTER_PIXELS", AT(max_raster_pixels), "40000000", 10000, 1000000000,
                    "largest raster of a page or region"),
    INTEGER_SETTING("READER_CPU_S", AT(reader_cpu_s), "60", 1, 3600,
                    "CPU time of the page reader for one page or raster"),
    INTEGER_SETTING("READER_MEMORY_BYTES", AT(reader_memory_bytes), "1073741824", 67108864,
                    INT64_C(1) << 40, "address space of the page reader"),
    INTEGER_SETTING("OCR_CPU_S", AT(ocr_cpu_s), "120", 1, 3600, "CPU time of OCR for one page"),
    INTEGER_SETTING("OCR_MEMORY_BYTES", AT(ocr_memory_bytes), "1073741824", 268435456,
                    INT64_C(1) << 40, "address space of the OCR program"),
    INTEGER_SETTING("JOB_LEASE_S", AT(job_lease_s), "45", 1, 3600,
                    "a job whose worker has not been heard of for so long is free again"),
    INTEGER_SETTING("JOB_MAX_RETRIES", AT(job_max_retries), "3", 1, 100,
                    "transient failures of a job"),
    INTEGER_SETTING("JOB_MAX_ATTEMPTS", AT(job_max_attempts), "10", 1, 1000,
                    "starts of a job, broken off ones included"),
    INTEGER_SETTING("JOB_STALE_S", AT(job_stale_s), "600", 1, 86400,
                    "a job overdue for so long is queued again by the sweep"),
    INTEGER_SETTING("RETRY_BASE_S", AT(retry_base_s), "60", 0, 3600,
                    "delay of the first retry; then doubled"),
    INTEGER_SETTING("RETRY_MAX_S", AT(retry_max_s), "3600", 0, 86400, "longest delay of a retry"),
    INTEGER_SETTING("RESULT_TTL_DAYS", AT(result_ttl_days), "7", 1, 3650,
                    "how long results and PDFs are kept"),
    INTEGER_SETTING("UPLOAD_URL_TTL_S", AT(upload_url_ttl_s), "3600", 1, 604800,
                    "life of an upload URL"),
    INTEGER_SETTING("SWEEP_INTERVAL_S", AT(sweep_interval_s), "30", 1, 86400,
                    "how often maintenance runs"),
    TEXT_SETTING(NAME, "TASK_QUEUE_NAME", AT(task_queue_name), "extraction-queue",
                 "name of the task queue"),
};

const struct setting_table config_service = SETTING_TABLE(service_rows, 0);

static const struct setting programs_rows[] = {
    ENUM_SETTING("ENGINE", AT(engine), "auto", engine_choice_names, "who reads the words"),
    TEXT_SETTING(PATH, "PAGE_READER", AT(page_reader), LIBEXECDIR "/pdf-ocr-page",
                 "the page reader program"),
    TEXT_SETTING(PATH, "FORM_READER", AT(form_reader), LIBEXECDIR "/pdf-ocr-form",
                 "the program that reads multipart/form-data"),
};

const struct setting_table config_programs = SETTING_TABLE(programs_rows, 0);

static const struct setting ocr_rows[] = {
    INTEGER_SETTING("OCR_DPI", AT(ocr_dpi), "200", 72, 600,
                    "resolution at which pages are read by OCR that are no image; those "
                    "are read at the image's own, if it has 16 million pixels at most"),
    INTEGER_SETTING("OCR_PAGES_PER_JOB", AT(ocr_pages_per_job), "0", 0, 100000,
                    "pages that a job may have read by an engine that costs money; 0: any number"),
    INTEGER_SETTING("OCR_PAGES_PER_KEY_PER_DAY", AT(ocr_pages_per_key), "0", 0, 1000000000,
                    "the same for all jobs of a key, from 00:00 UTC; 0: any number"),
    BOOL_SETTING(
        "OCR_FALLBACK", AT(ocr_fallback), "false",
        "whether an engine that costs nothing reads, with a warning, what the other has no budget "
        "or quota for or does not answer"),
};

const struct setting_table config_ocr = SETTING_TABLE(ocr_rows, 0);

static const struct setting log_rows[] = {
    ENUM_SETTING("LOG_LEVEL", AT(log_level), "info", level_names, "least severity that is logged"),
    ENUM_SETTING("LOG_FORMAT", AT(log_format), "auto", log_format_names,
                 "auto: text on a terminal, JSON elsewhere"),
    BOOL_SETTING("ACCESS_LOG", AT(access_log), "true", "one log line a request"),
};

const struct setting_table config_log = SETTING_TABLE(log_rows, 0);

const struct setting_table *const config_own[] = {&config_parts, &config_service, &config_programs,
                                                  &config_ocr,   &config_log,     NULL};
