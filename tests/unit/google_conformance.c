/* The rules of the ports, run against Google's adapters as the settings name them: emulators. */
#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "google/bigquery_schema.h"
#include "google/google.h"
#include "google/session.h"
#include "google/settings.h"
#include "tests/unit/blob_store_suite.h"
#include "tests/unit/job_store_suite.h"
#include "tests/unit/task_queue_suite.h"

static struct config cfg;
static const struct setting_table *const tables[] = {&config_service, &google_names,
                                                     &gemini_settings, &google_access, NULL};
static char collection[64];

/* Clients of each store's own, so that a child process shares no connection. */
static struct google_session sessions[4];
static size_t n_sessions;

static void fresh(void)
{
    static int number;
    (void)snprintf(collection, sizeof collection, "jobs-%08x-%d", randombytes_random(), ++number);
}

static enum err open_jobs(struct job_store *out, struct error *e)
{
    struct google_session *s = &sessions[n_sessions++ % 4];
    google_session_close(s);
    enum err err = google_session_open(&cfg, &system_clock, NULL, s, e);
    const struct firestore_options o = {.clock = &system_clock,
                                        .project = google_names_of(&cfg)->project,
                                        .database = google_names_of(&cfg)->firestore_database,
                                        .collection = collection,
                                        .feedback_collection = "feedback"};
    return err == ERR_OK ? firestore_job_store_open(s->stores, &o, out, e) : err;
}

static void removed(void)
{
}

static const struct job_store_fixture jobs = {fresh, open_jobs, removed};

static struct google_session blob_session;

static enum err open_blobs(struct blob_store *out, struct error *e)
{
    struct google_session *s = &blob_session;
    google_session_close(s);
    enum err err = google_session_open(&cfg, &system_clock, NULL, s, e);
    const struct cloud_storage_options o = {.clock = &system_clock,
                                            .credentials = s->credentials,
                                            .bucket = google_names_of(&cfg)->bucket,
                                            .temp_dir = cfg.data_dir,
                                            .link_base = "http://127.0.0.1"};
    return err == ERR_OK ? cloud_storage_open(s->stores, &o, out, e) : err;
}

static struct google_session queue_session;

static enum err open_queue(struct task_queue *out, struct error *e)
{
    struct google_session *s = &queue_session;
    google_session_close(s);
    enum err err = google_session_open(&cfg, &system_clock, NULL, s, e);
    const struct cloud_tasks_options o = {.project = google_names_of(&cfg)->project,
                                          .location = google_names_of(&cfg)->queue_location,
                                          .queue = cfg.task_queue_name,
                                          .target_base_url = cfg.api_base_url,
                                          .service_account = google_names_of(&cfg)->tasks_account,
                                          .api_key = cfg.api_key,
                                          .dispatch_deadline_s =
                                              (int)cfg.task_deadline_s + TASK_MARGIN_S};
    return err == ERR_OK ? cloud_tasks_open(s->stores, &o, out, e) : err;
}

static enum err call_task(const char *method, const char *name, struct google_reply *r)
{
    struct error e;
    char path[512];
    (void)snprintf(path, sizeof path, "/v2/projects/%s/locations/%s/queues/%s/tasks/%s%s",
                   google_names_of(&cfg)->project, google_names_of(&cfg)->queue_location,
                   cfg.task_queue_name, name,
                   strcmp(method, "GET") == 0 ? "?responseView=FULL" : "");
    const struct google_request q = {.api = GOOGLE_TASKS, .method = method, .path = path};
    return google_call(queue_session.stores, &q, r, &e);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static bool look_at_task(const char *name, struct kept_task *out)
{
    struct google_reply r;
    size_t n = 0;
    bool found = call_task("GET", name, &r) == ERR_OK;
    const json_t *request = json_object_get(r.json, "httpRequest");
    const char *url = text_of(request, "url"), *body = text_of(request, "body");
    if (found) {
        CU_ASSERT_EQUAL(strncmp(url, cfg.api_base_url, strlen(cfg.api_base_url)), 0);
        (void)snprintf(out->path, sizeof out->path, "%s", url + strlen(cfg.api_base_url));
        CU_ASSERT_EQUAL(sodium_base642bin((unsigned char *)out->body, sizeof out->body - 1, body,
                                          strlen(body), NULL, &n, NULL,
                                          sodium_base64_VARIANT_ORIGINAL),
                        0);
        out->body[n] = '\0';
        (void)snprintf(out->traceparent, sizeof out->traceparent, "%s",
                       text_of(json_object_get(request, "headers"), "traceparent"));
        CU_ASSERT_EQUAL(rfc3339_parse(text_of(r.json, "scheduleTime"), &out->schedule_us), 0);
    }
    google_reply_clear(&r);
    return found;
}

static void end_task(const char *name)
{
    struct google_reply r;
    CU_ASSERT_EQUAL(call_task("DELETE", name, &r), ERR_OK);
    google_reply_clear(&r);
}

static const struct task_queue_fixture queue = {open_queue, look_at_task, end_task};

int main(int argc, char **argv)
{
    struct error e;
    const char *what = argc > 1 ? argv[1] : "";
    int failed = 99;
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 99;
    if (config_load(&cfg, tables, &e) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", e.detail);
        return 99;
    }
    job_store_suite_use(&jobs);
    blob_store_suite_use(open_blobs, cfg.data_dir);
    task_queue_suite_use(&queue);
    if (strcmp(what, "jobs") == 0)
        failed = run_suite("Firestore: jobs", job_store_tests, JOB_STORE_TESTS);
    else if (strcmp(what, "blobs") == 0)
        failed = run_suite("Cloud Storage: blobs", blob_store_tests, BLOB_STORE_TESTS);
    else if (strcmp(what, "tasks") == 0)
        failed = run_suite("Cloud Tasks: tasks", task_queue_tests, TASK_QUEUE_TESTS);
    else
        (void)fputs("usage: google_conformance jobs|blobs|tasks\n", stderr);
    for (size_t i = 0; i < 4; i++)
        google_session_close(&sessions[i]);
    google_session_close(&blob_session);
    google_session_close(&queue_session);
    config_free(&cfg);
    curl_global_cleanup();
    return failed;
}
