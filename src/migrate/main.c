/* pdf-ocr-migrate: Firestore's jobs and feedback into the analysts' tables in BigQuery, and what a
 * job store holds into another. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "google/settings.h"
#include "migrate/migration.h"
#include "move/move.h"

#define BATCH_SIZE     20000
#define BATCH_SIZE_MAX 1000000

static const char usage[] =
    "usage: pdf-ocr-migrate [options]\n"
    "\n"
    "Copies the jobs and feedback in Firestore into the analysts' tables in BigQuery and proves "
    "that\n"
    "all arrived. It can be run again at any time. Settings come from the environment, as for\n"
    "pdf-ocr-api.\n"
    "\n"
    "With --from and --to it moves what the job store holds to another instead: from sqlite to\n"
    "postgres, or back. Of the options, --verify-only, --dry-run, --resume and --json go with "
    "them.\n"
    "\n"
    "  --from STORE --to STORE    sqlite or postgres\n"
    "  --create-tables            only make what is missing: dataset, tables, views\n"
    "  --verify-only              only compare: exit status 1 when something is missing or "
    "differs\n"
    "  --dry-run                  do everything but write, and tell what would be done\n"
    "  --resume                   go on with a run that was stopped or killed\n"
    "  --project P                GCP_PROJECT_ID\n"
    "  --dataset D                BIGQUERY_DATASET\n"
    "  --collection C             FIRESTORE_COLLECTION\n"
    "  --feedback-collection C    FEEDBACK_COLLECTION\n"
    "  --batch-size N             documents a load job (20000)\n"
    "  --rejects FILE             documents that cannot be converted\n"
    "                             (pdf-ocr-migrate.rejects.ndjson)\n"
    "  --state DIR                what --resume needs (pdf-ocr-migrate.state)\n"
    "  --json                     tell it in JSON, an object a line\n"
    "  --help                     this text\n"
    "  --version                  the version\n";

enum { O_PROJECT = 256, O_DATASET, O_COLLECTION, O_FEEDBACK, O_FROM, O_TO };

/* Options that stand for a setting. */
static const char *const settings[] = {"GCP_PROJECT_ID", "BIGQUERY_DATASET", "FIRESTORE_COLLECTION",
                                       "FEEDBACK_COLLECTION"};

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
    stop = signal;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static bool read_batch_size(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (*end == '\0' && end != text && errno == 0 && *out >= 1 && *out <= BATCH_SIZE_MAX)
        return true;
    (void)fprintf(stderr, "pdf-ocr-migrate: --batch-size: a number from 1 to %d expected\n",
                  BATCH_SIZE_MAX);
    return false;
}

struct command {
    struct migration_options o;
    const char *from, *to; /* of job stores; NULL: from Firestore to BigQuery */
};

/* Takes one option; false when it is wrong. */
static bool take_option(int option, struct command *c, int *modes)
{
    struct migration_options *o = &c->o;
    switch (option) {
    case O_FROM:
        c->from = optarg;
        return true;
    case O_TO:
        c->to = optarg;
        return true;
    case 'c':
    case 'v':
    case 'n':
        o->mode = option == 'c' ? MODE_CREATE : option == 'v' ? MODE_VERIFY : MODE_DRY_RUN;
        (*modes)++;
        return true;
    case 'r':
        o->resume = true;
        return true;
    case 'j':
        o->json = true;
        return true;
    case 'b':
        return read_batch_size(optarg, &o->batch_size);
    case 'x':
        o->rejects = optarg;
        return true;
    case 's':
        o->state_dir = optarg;
        return true;
    default:
        return option >= O_PROJECT && option <= O_FEEDBACK &&
               setenv(settings[option - O_PROJECT], optarg, 1) == 0;
    }
}

/* Returns -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, struct command *c)
{
    static const struct option options[] = {
        {"create-tables", no_argument, NULL, 'c'},
        {"verify-only", no_argument, NULL, 'v'},
        {"dry-run", no_argument, NULL, 'n'},
        {"resume", no_argument, NULL, 'r'},
        {"json", no_argument, NULL, 'j'},
        {"batch-size", required_argument, NULL, 'b'},
        {"rejects", required_argument, NULL, 'x'},
        {"state", required_argument, NULL, 's'},
        {"project", required_argument, NULL, O_PROJECT},
        {"dataset", required_argument, NULL, O_DATASET},
        {"collection", required_argument, NULL, O_COLLECTION},
        {"feedback-collection", required_argument, NULL, O_FEEDBACK},
        {"from", required_argument, NULL, O_FROM},
        {"to", required_argument, NULL, O_TO},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0}};
    int modes = 0;
    bool good = true;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h' || option == 'V') {
            (void)fputs(option == 'h' ? usage : "pdf-ocr-migrate " PACKAGE_VERSION "\n", stdout);
            return 0;
        }
        good = take_option(option, c, &modes) && good;
    }
    const struct migration_options *o = &c->o;
    if ((c->from != NULL || c->to != NULL) && o->mode == MODE_CREATE)
        good = false;
    if (good && optind == argc && modes <= 1 && !(o->resume && modes > 0))
        return -1;
    (void)fputs(usage, stderr);
    return 2;
}

static const struct setting_table *const tables[] = {
    &config_service, &google_names, &gemini_settings, &google_access, &config_log, NULL};

/* The service's own needs, a bucket and a key, are none of this program. */
static enum err load_settings(struct config *cfg, struct error *e)
{
    enum err err = config_load(cfg, tables, e);
    if (err != ERR_OK)
        return err;
    log_setup((enum log_level)cfg->log_level, (enum log_format)cfg->log_format, "migrate");
    const struct google_names *names = google_names_of(cfg);
    if (names->project == NULL)
        err = error_set(e, ERR_UNPROCESSABLE, "Give --project or set GCP_PROJECT_ID.");
    else if (strchr(names->collection, '/') != NULL ||
             strchr(names->feedback_collection, '/') != NULL)
        err = error_set(e, ERR_UNPROCESSABLE, "A collection is named without a slash.");
    if (err != ERR_OK)
        config_free(cfg);
    return err;
}

static int run(const struct migration_options *o, struct error *e)
{
    struct config cfg;
    struct google_session session;
    int status = 2;
    if (load_settings(&cfg, e) != ERR_OK)
        return status;
    if (google_session_open(&cfg, &system_clock, NULL, &session, e) == ERR_OK) {
        status = migration_run(&cfg, &session, o, e);
        google_session_close(&session);
    }
    config_free(&cfg);
    return status;
}

static int run_move(const struct command *c, struct error *e)
{
    const struct move_options o = {.from = c->from,
                                   .to = c->to,
                                   .mode = c->o.mode == MODE_VERIFY    ? MOVE_COMPARE
                                           : c->o.mode == MODE_DRY_RUN ? MOVE_FORETELL
                                                                       : MOVE_COPY,
                                   .json = c->o.json,
                                   .stop = &stop};
    return move_run(&o, e);
}

int main(int argc, char **argv)
{
    struct command c = {.o = {.batch_size = BATCH_SIZE,
                              .rejects = "pdf-ocr-migrate.rejects.ndjson",
                              .state_dir = "pdf-ocr-migrate.state",
                              .stop = &stop}};
    struct error e = {0};
    int status = read_options(argc, argv, &c);
    if (status >= 0)
        return status;
    catch_signals();
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)fputs("pdf-ocr-migrate: the libraries do not start\n", stderr);
        return 2;
    }
    status = c.from != NULL || c.to != NULL ? run_move(&c, &e) : run(&c.o, &e);
    if (e.kind != ERR_OK)
        (void)fprintf(stderr, "pdf-ocr-migrate: %s%s%s\n", e.detail,
                      e.cause[0] != '\0' ? " | " : "", e.cause);
    curl_global_cleanup();
    return status;
}
