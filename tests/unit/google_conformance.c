/* The rules of the ports, run against Google's adapters as the settings name them: emulators. */
#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/google.h"
#include "google/session.h"
#include "tests/unit/blob_store_suite.h"
#include "tests/unit/job_store_suite.h"

static struct config cfg;
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
    enum err err = google_session_open(&cfg, &system_source, NULL, s, e);
    const struct firestore_options o = {.source = &system_source,
                                        .project = cfg.project,
                                        .database = cfg.firestore_database,
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
    enum err err = google_session_open(&cfg, &system_source, NULL, s, e);
    const struct cloud_storage_options o = {.source = &system_source,
                                            .credentials = s->credentials,
                                            .bucket = cfg.bucket,
                                            .temp_dir = cfg.data_dir,
                                            .link_base = "http://127.0.0.1"};
    return err == ERR_OK ? cloud_storage_open(s->stores, &o, out, e) : err;
}

int main(int argc, char **argv)
{
    struct error e;
    const char *what = argc > 1 ? argv[1] : "";
    int failed = 99;
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 99;
    if (config_load(&cfg, &e) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", e.detail);
        return 99;
    }
    job_store_suite_use(&jobs);
    blob_store_suite_use(open_blobs, cfg.data_dir);
    if (strcmp(what, "jobs") == 0)
        failed = run_suite("Firestore: jobs", job_store_tests, JOB_STORE_TESTS);
    else if (strcmp(what, "blobs") == 0)
        failed = run_suite("Cloud Storage: blobs", blob_store_tests, BLOB_STORE_TESTS);
    else
        (void)fputs("usage: google_conformance jobs|blobs\n", stderr);
    for (size_t i = 0; i < 4; i++)
        google_session_close(&sessions[i]);
    google_session_close(&blob_session);
    config_free(&cfg);
    curl_global_cleanup();
    return failed;
}
