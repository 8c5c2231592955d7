#include "google/parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "google/counters.h"
#include "google/documentai.h"
#include "google/gemini.h"
#include "google/google.h"
#include "google/session.h"
#include "google/settings.h"

#define CLOUD_TASKS_WAITS_S 1800 /* the longest dispatchDeadline */

/* One a process: the first part opens it, the last one closes it. */
static struct google_session session;
static int session_users;

static enum err use_session(const struct part_context *x, struct error *e)
{
    enum err err = session_users > 0 ? ERR_OK
                                     : google_session_open(x->cfg, x->clock,
                                                           google_counters_observe, &session, e);
    if (err == ERR_OK)
        session_users++;
    return err;
}

static void leave_session(void)
{
    if (--session_users == 0)
        google_session_close(&session);
}

/* Leaves the session again where the part behind it did not open. */
static enum err opened(enum err err)
{
    if (err != ERR_OK)
        leave_session();
    return err;
}

static enum err missing(const char *name, const char *why, struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE, "%s is not set; %s.", name, why);
}

static enum err check_credentials(const struct config *cfg, bool signs, struct error *e)
{
    struct google_session s;
    enum err err = google_session_open(cfg, &system_clock, NULL, &s, e);
    if (err == ERR_OK && signs && !google_credentials_have_signer(s.credentials))
        err =
            error_set(e, ERR_UNPROCESSABLE,
                      "SIGNING_SERVICE_ACCOUNT is not set; the file that "
                      "GOOGLE_APPLICATION_CREDENTIALS names has no account that could sign links.");
    google_session_close(&s);
    return err;
}

/* --- jobs --- */

/* Several machines may share the jobs, so one does not make up a key of its own. */
static enum err check_firestore(const struct config *cfg, struct error *e)
{
    if (google_names_of(cfg)->project == NULL)
        return missing("GCP_PROJECT_ID", "JOB_STORE=firestore needs the project", e);
    if (cfg->api_key == NULL && cfg->api_keys_file == NULL)
        return missing("API_KEY", "JOB_STORE=firestore needs one (or API_KEYS_FILE)", e);
    return check_credentials(cfg, false, e);
}

static enum err open_firestore(const struct part_context *x, struct slots *out, struct error *e)
{
    const struct firestore_options o = {.clock = x->clock,
                                        .project = google_names_of(x->cfg)->project,
                                        .database = google_names_of(x->cfg)->firestore_database,
                                        .collection = google_names_of(x->cfg)->collection,
                                        .feedback_collection =
                                            google_names_of(x->cfg)->feedback_collection};
    enum err err = use_session(x, e);
    return err == ERR_OK ? opened(firestore_job_store_open(session.stores, &o, &out->jobs, e))
                         : err;
}

/* --- tasks --- */

static enum err check_cloud_tasks(const struct config *cfg, struct error *e)
{
    const char *base_url = getenv("API_BASE_URL");
    const int most = CLOUD_TASKS_WAITS_S - TASK_MARGIN_S;
    if (google_names_of(cfg)->project == NULL)
        return missing("GCP_PROJECT_ID", "TASK_QUEUE=cloud-tasks needs the project", e);
    if (google_names_of(cfg)->tasks_account == NULL && cfg->api_key == NULL)
        return missing("TASKS_SERVICE_ACCOUNT", "it or API_KEY lets Cloud Tasks in", e);
    if (base_url == NULL || base_url[0] == '\0')
        return missing("API_BASE_URL", "it tells Cloud Tasks where to call", e);
    if (cfg->task_deadline_s > most)
        return error_set(e, ERR_UNPROCESSABLE,
                         "TASK_DEADLINE_S is \"%lld\"; expected at most %d with "
                         "TASK_QUEUE=cloud-tasks.",
                         (long long)cfg->task_deadline_s, most);
    return check_credentials(cfg, false, e);
}

static enum err open_cloud_tasks(const struct part_context *x, struct slots *out, struct error *e)
{
    const struct config *cfg = x->cfg;
    const struct cloud_tasks_options o = {.project = google_names_of(cfg)->project,
                                          .location = google_names_of(cfg)->queue_location,
                                          .queue = cfg->task_queue_name,
                                          .target_base_url = cfg->api_base_url,
                                          .service_account = google_names_of(cfg)->tasks_account,
                                          .api_key = cfg->api_key,
                                          .dispatch_deadline_s =
                                              (int)cfg->task_deadline_s + TASK_MARGIN_S};
    enum err err = use_session(x, e);
    return err == ERR_OK ? opened(cloud_tasks_open(session.stores, &o, &out->queue, e)) : err;
}

/* --- blobs --- */

static enum err check_cloud_storage(const struct config *cfg, struct error *e)
{
    if (google_names_of(cfg)->bucket == NULL)
        return missing("GCS_BUCKET_NAME", "BLOB_STORE=cloud-storage needs the bucket", e);
    return check_credentials(cfg, true, e);
}

static enum err open_cloud_storage(const struct part_context *x, struct slots *out, struct error *e)
{
    struct buffer links = BUFFER_INIT;
    char *temp = config_data_path(x->cfg, "uploads");
    google_link_base(x->cfg, &links);
    enum err err = temp != NULL && !buffer_failed(&links) ? use_session(x, e) : error_no_memory(e);
    if (err == ERR_OK) {
        const struct cloud_storage_options o = {.clock = x->clock,
                                                .credentials = session.credentials,
                                                .bucket = google_names_of(x->cfg)->bucket,
                                                .source_buckets =
                                                    google_names_of(x->cfg)->source_buckets,
                                                .temp_dir = temp,
                                                .link_base = links.data};
        err = opened(cloud_storage_open(session.stores, &o, &out->blobs, e));
    }
    free(temp);
    buffer_free(&links);
    return err;
}

/* --- analytics --- */

/* Rows name results as gs://bucket/name. */
static enum err check_bigquery(const struct config *cfg, struct error *e)
{
    if (google_names_of(cfg)->project == NULL)
        return missing("GCP_PROJECT_ID", "ANALYTICS=bigquery needs the project", e);
    if (strcmp(cfg->blob_store, cloud_storage_part.name) != 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "ANALYTICS=%s names results in BLOB_STORE=%s; BLOB_STORE is \"%s\".",
                         bigquery_part.name, cloud_storage_part.name, cfg->blob_store);
    return check_credentials(cfg, false, e);
}

static enum err open_bigquery(const struct part_context *x, struct slots *out, struct error *e)
{
    const struct bigquery_options o = {.project = google_names_of(x->cfg)->project,
                                       .dataset = google_names_of(x->cfg)->dataset,
                                       .bucket = google_names_of(x->cfg)->bucket,
                                       .lost = google_counters_rows_lost};
    enum err err = use_session(x, e);
    return err == ERR_OK ? opened(bigquery_analytics_open(session.stores, &o, &out->analytics, e))
                         : err;
}

/* --- engines --- */

static enum err check_documentai(const struct config *cfg, struct error *e)
{
    if (google_names_of(cfg)->processor_id == NULL)
        return missing("GCP_PROCESSOR_ID", "the engine documentai needs it", e);
    if (google_names_of(cfg)->project == NULL)
        return missing("GCP_PROJECT_ID", "the engine documentai needs the project", e);
    return ERR_OK;
}

static enum err open_documentai(const struct part_context *x, struct slots *out, struct error *e)
{
    const struct config *cfg = x->cfg;
    enum err err = use_session(x, e);
    return err == ERR_OK
               ? opened(documentai_engine_open(session.engines, google_names_of(cfg)->project,
                                               google_names_of(cfg)->location,
                                               google_names_of(cfg)->processor_id,
                                               (int)google_access_of(cfg)->parallel, &out->ocr, e))
               : err;
}

static enum err check_gemini(const struct config *cfg, struct error *e)
{
    return gemini_settings_of(cfg)->api_key != NULL
               ? ERR_OK
               : missing("GEMINI_API_KEY", "the structurer gemini needs it", e);
}

static enum err open_gemini(const struct part_context *x, struct slots *out, struct error *e)
{
    enum err err = use_session(x, e);
    return err == ERR_OK
               ? opened(gemini_structurer_open(session.engines, gemini_settings_of(x->cfg)->model,
                                               &out->structurer, e))
               : err;
}

static void probe_gemini(const struct config *cfg)
{
    struct error e = {0};
    enum err err = gemini_find_model(session.engines, gemini_settings_of(cfg)->model, &e);
    if (err == ERR_NOT_FOUND)
        log_event(
            LOG_ERROR,
            "there is no such Gemini model (any more): tables stay unchecked; set GEMINI_MODEL",
            "model", gemini_settings_of(cfg)->model, NULL);
    else if (err != ERR_OK)
        log_error(LOG_WARNING, "Gemini cannot be asked", &e);
}

static enum err prepare(const struct config *cfg, struct error *e)
{
    (void)cfg;
    return google_counters_setup(e);
}

#define SETTINGS &google_names, &google_access
#define SHARED   .prepare = prepare, .close = leave_session, .write_metrics = google_counters_write

const struct part firestore_part = {.name = "firestore",
                                    .settings = {SETTINGS},
                                    .check = check_firestore,
                                    .open = open_firestore,
                                    SHARED};
const struct part cloud_tasks_part = {.name = "cloud-tasks",
                                      .settings = {SETTINGS},
                                      .check = check_cloud_tasks,
                                      .open = open_cloud_tasks,
                                      SHARED};
const struct part cloud_storage_part = {.name = "cloud-storage",
                                        .settings = {SETTINGS},
                                        .write_origin = google_link_base,
                                        .check = check_cloud_storage,
                                        .open = open_cloud_storage,
                                        SHARED};
const struct part bigquery_part = {.name = "bigquery",
                                   .settings = {SETTINGS},
                                   .check = check_bigquery,
                                   .open = open_bigquery,
                                   SHARED};
const struct part documentai_part = {.name = "documentai",
                                     .settings = {SETTINGS},
                                     .check = check_documentai,
                                     .open = open_documentai,
                                     SHARED};
const struct part gemini_part = {.name = "gemini",
                                 .settings = {SETTINGS, &gemini_settings},
                                 .check = check_gemini,
                                 .open = open_gemini,
                                 .probe = probe_gemini,
                                 SHARED};
