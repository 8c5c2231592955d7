/* pdf-ocr-migrate: the analysts' tables in BigQuery. */
#include <curl/curl.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/bigquery_schema.h"
#include "google/session.h"

static const char usage[] =
    "usage: pdf-ocr-migrate --create-tables | --verify-only [--project P] [--dataset D]\n"
    "\n"
    "Makes the dataset, tables and views that analysts read, or tells what differs. What is\n"
    "there is never changed. Settings come from the environment, as for pdf-ocr-api.\n"
    "\n"
    "  --create-tables  make what is missing\n"
    "  --verify-only    make nothing; exit status 1 when something is missing or differs\n"
    "  --project P      GCP_PROJECT_ID\n"
    "  --dataset D      BIGQUERY_DATASET\n"
    "  --help           this text\n"
    "  --version        the version\n";

static int report(const struct bigquery_finding *found)
{
    static const char *const words[] = {[BIGQUERY_MADE] = "made",
                                        [BIGQUERY_THERE] = "there",
                                        [BIGQUERY_MISSING] = "missing",
                                        [BIGQUERY_DIFFERS] = "differs"};
    int status = 0;
    for (size_t i = 0; i < BIGQUERY_OBJECTS; i++) {
        (void)printf("%-8s %s%s%s\n", words[found[i].state], found[i].name,
                     found[i].detail[0] != '\0' ? ": " : "", found[i].detail);
        if (found[i].state == BIGQUERY_MISSING || found[i].state == BIGQUERY_DIFFERS)
            status = 1;
    }
    return status;
}

static int run(const struct config *cfg, bool verify_only, struct error *e)
{
    struct google_session session;
    struct bigquery_finding found[BIGQUERY_OBJECTS];
    const struct bigquery_dataset dataset = {cfg->project, cfg->dataset, cfg->dataset_location};
    enum err err = google_session_open(cfg, &system_source, NULL, &session, e);
    if (err == ERR_OK)
        err = bigquery_ensure_schema(session.stores, &dataset, verify_only, found, e);
    google_session_close(&session);
    return err == ERR_OK ? report(found) : 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"create-tables", no_argument, NULL, 'c'},
                                            {"verify-only", no_argument, NULL, 'v'},
                                            {"project", required_argument, NULL, 'p'},
                                            {"dataset", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    struct config cfg;
    struct error e = {0};
    bool create = false, verify = false, bad = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h' || option == 'V') {
            (void)fputs(option == 'h' ? usage : "pdf-ocr-migrate " PACKAGE_VERSION "\n", stdout);
            return 0;
        }
        create = create || option == 'c';
        verify = verify || option == 'v';
        bad = bad || option == '?' || (option == 'p' && setenv("GCP_PROJECT_ID", optarg, 1) != 0) ||
              (option == 'd' && setenv("BIGQUERY_DATASET", optarg, 1) != 0);
    }
    if (bad || optind < argc || create == verify) {
        (void)fputs(usage, stderr);
        return 2;
    }
    /* The service's own needs, a bucket and a key, are none of this program. */
    if (setenv("BACKEND", "local", 1) != 0 || sodium_init() < 0 ||
        curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)fputs("pdf-ocr-migrate: the libraries do not start\n", stderr);
        return 2;
    }
    int status = 2;
    if (config_load(&cfg, &e) == ERR_OK) {
        if (cfg.project == NULL)
            (void)error_set(&e, ERR_UNPROCESSABLE, "Give --project or set GCP_PROJECT_ID.");
        else
            status = run(&cfg, verify, &e);
        config_free(&cfg);
    }
    if (e.kind != ERR_OK)
        (void)fprintf(stderr, "pdf-ocr-migrate: %s%s%s\n", e.detail,
                      e.cause[0] != '\0' ? " | " : "", e.cause);
    curl_global_cleanup();
    return status;
}
