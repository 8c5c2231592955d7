/* pdf-ocr-api: the server's command line. */
#include <curl/curl.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/backend.h"
#include "app/parts.h"
#include "app/probe.h"
#include "app/process_limits.h"
#include "app/settings.h"
#include "auth/auth.h"
#include "auth/keys.h"
#include "auth/keys_command.h"
#include "base/log.h"
#include "formats/format.h"
#include "google/settings.h"
#include "outbound/webhook.h"
#include "process/master.h"
#include "sandbox/sandbox.h"

static const char usage[] =
    "usage: pdf-ocr-api [--check-config | --health | --print-env | --print-settings | --routes |\n"
    "                    --formats | --help | --version]\n"
    "       pdf-ocr-api keys new|list|revoke ...\n"
    "\n"
    "Serves the PDF extraction API over FastCGI behind nginx. Settings come from the\n"
    "environment.\n"
    "\n"
    "  --check-config    read the settings, tell what is wrong, end\n"
    "  --health          ask the service of this machine whether it is ready; 0: yes\n"
    "  --print-env       print the settings in force, without secrets, and what nginx has\n"
    "                    to know, for a shell\n"
    "  --print-settings  list every setting: name, default, meaning, what is expected\n"
    "                    (tab separated)\n"
    "  --routes          list every route and who may call it, as JSON\n"
    "  --formats         list every format of results, as JSON\n"
    "  --help            this text\n"
    "  --version         the version\n"
    "\n"
    "keys --help tells how API_KEYS_FILE is edited.\n";

/* Local mode with no key at all gets one of its own; anywhere else a key must be given. */
static enum err ensure_key(struct config *cfg, struct error *e)
{
    char key[LOCAL_KEY_MAX];
    bool made = false;
    if (cfg->api_key != NULL || cfg->api_keys_file != NULL)
        return ERR_OK;
    char *path = config_data_path(cfg, "api-key");
    if (path == NULL)
        return error_no_memory(e);
    enum err err = keys_local(path, key, &made, e);
    if (err == ERR_OK && (cfg->api_key = strdup(key)) == NULL)
        err = error_no_memory(e);
    if (err == ERR_OK)
        log_event(LOG_NOTICE,
                  made ? "an API key was made; it is in this file" : "the API key is in this file",
                  "file", path, NULL);
    sodium_memzero(key, sizeof key);
    free(path);
    return err;
}

static void print_routes(void)
{
    static const char *const policies[AUTH__MAX] = {
        [AUTH_NONE] = "none",   [AUTH_OPTIONAL] = "optional", [AUTH_KEY] = "key",
        [AUTH_ADMIN] = "admin", [AUTH_TASK] = "task",         [AUTH_SIGNED] = "signed"};
    for (const struct route *r = routes; r->handler != NULL; r++)
        (void)printf("%s{\"method\":\"%s\",\"path\":\"%s\",\"auth\":\"%s\",\"query\":\"%s\"}",
                     r == routes ? "[" : ",\n ", method_names[r->method], r->pattern,
                     policies[r->auth], r->query);
    (void)puts("]");
}

static void print_formats(void)
{
    for (const struct format *f = formats; f->name != NULL; f++)
        (void)printf("%s{\"name\":\"%s\",\"extension\":\"%s\",\"media_type\":\"%s\"}",
                     f == formats ? "[" : ",\n ", f->name, f->extension, f->media_type);
    (void)puts("]");
}

/* Beside the settings what nginx has to know of the parts in force and of the formats. */
static int print_env(const struct config *cfg)
{
    struct parts parts;
    struct error e = {0};
    struct buffer origin = BUFFER_INIT, types = BUFFER_INIT;
    if (parts_find(cfg, &parts, &e) == ERR_OK)
        parts_write_origin(&parts, cfg, &origin);
    for (const struct format *f = formats; f->name != NULL; f++)
        buffer_printf(&types, "%s%.*s %s;", f == formats ? "" : " ",
                      (int)strcspn(f->media_type, ";"), f->media_type, f->extension);
    bool failed = buffer_failed(&origin) || buffer_failed(&types);
    if (!failed) {
        config_print_env(cfg, stdout);
        config_print_variable("UPLOAD_ORIGIN", origin.len > 0 ? origin.data : "", stdout);
        config_print_variable("FORMAT_TYPES", types.data, stdout);
    }
    buffer_free(&origin);
    buffer_free(&types);
    return failed ? 1 : 0;
}

static void tell_sandbox(void)
{
    const char *mode = sandbox_mode();
    if (strstr(mode, "landlock") != NULL)
        log_event(LOG_INFO, "documents are read in a sandbox", "sandbox", mode, NULL);
    else
        log_event(LOG_WARNING,
                  "the kernel has no Landlock: documents are read without access to any file but "
                  "fonts that were opened before, which takes longer; a kernel with Landlock does "
                  "without",
                  "sandbox", mode, NULL);
}

static int serve(struct config *cfg)
{
    struct error e = {0};
    (void)umask(027);
    tell_sandbox();
    enum err err = process_limits_keep_secrets(&e);
    if (err == ERR_OK)
        err = backend_prepare(cfg, &e);
    if (err == ERR_OK)
        err = ensure_key(cfg, &e);
    if (err == ERR_OK)
        err = master_run(&backend_program, cfg, &e);
    if (err != ERR_OK)
        log_error(LOG_ERROR, "pdf-ocr-api cannot run", &e);
    return err == ERR_OK ? 0 : 1;
}

static enum err check_webhook_secrets(const struct config *cfg, struct error *e)
{
    struct webhook_secrets secrets;
    enum err err = webhook_secrets_read(outbound_settings_of(cfg)->webhook_secrets, &secrets, e);
    sodium_memzero(&secrets, sizeof secrets);
    return err;
}

static int probe(void)
{
    struct error e = {0};
    if (probe_ready(&e) == ERR_OK)
        return 0;
    (void)fprintf(stderr, "pdf-ocr-api: not ready: %s\n", e.detail);
    return 1;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"check-config", no_argument, NULL, 'c'},
                                            {"health", no_argument, NULL, 'H'},
                                            {"print-settings", no_argument, NULL, 'p'},
                                            {"print-env", no_argument, NULL, 'e'},
                                            {"routes", no_argument, NULL, 'r'},
                                            {"formats", no_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    if (argc > 1 && strcmp(argv[1], "keys") == 0)
        return keys_command(argc - 1, argv + 1);
    int option = getopt_long(argc, argv, "", options, NULL);
    struct config cfg;
    struct error e = {0};
    if (option == 'h' || option == 'V') {
        (void)fputs(option == 'h' ? usage : "pdf-ocr-api " PACKAGE_VERSION "\n", stdout);
        return 0;
    }
    if (option == 'p') {
        config_print_settings(all_settings(), stdout);
        return 0;
    }
    if (option == 'r') {
        print_routes();
        return 0;
    }
    if (option == 'f') {
        print_formats();
        return 0;
    }
    if ((option != -1 && option != 'c' && option != 'e' && option != 'H') || optind < argc) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)fputs("pdf-ocr-api: the libraries do not start\n", stderr);
        return 1;
    }
    if (option == 'H') {
        int unready = probe();
        curl_global_cleanup();
        return unready;
    }
    enum err err = config_load(&cfg, all_settings(), &e);
    if (err == ERR_OK &&
        ((err = parts_fill(&cfg, &e)) != ERR_OK ||
         (err = process_limits_check(&cfg, &e)) != ERR_OK ||
         (err = auth_check(&cfg, &e)) != ERR_OK || (err = parts_check(&cfg, &e)) != ERR_OK ||
         (err = check_webhook_secrets(&cfg, &e)) != ERR_OK))
        config_free(&cfg);
    if (err != ERR_OK) {
        log_error(LOG_ERROR, "the settings are wrong", &e);
        curl_global_cleanup();
        return 2;
    }
    log_setup((enum log_level)cfg.log_level, (enum log_format)cfg.log_format, "master");
    log_project(google_names_of(&cfg)->project);
    int status = option == -1 ? serve(&cfg) : option == 'e' ? print_env(&cfg) : 0;
    config_free(&cfg);
    curl_global_cleanup();
    return status;
}
