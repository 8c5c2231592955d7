#include "google/session.h"

#include <stdlib.h>
#include <string.h>

/* `host:port`, as emulators are named, or a URL; without a slash at the end. */
static char *endpoint(const char *given, const char *fallback)
{
    struct buffer url = BUFFER_INIT;
    const char *text = given != NULL ? given : fallback;
    buffer_printf(&url, "%s%s", strstr(text, "://") != NULL ? "" : "http://", text);
    while (url.len > 0 && url.data[url.len - 1] == '/')
        url.data[--url.len] = '\0';
    return buffer_take(&url);
}

static enum err open_client(const struct config *cfg, const struct google_client_options *common,
                            struct google_client **out, struct error *e)
{
    struct google_client_options o = *common;
    struct buffer documentai = BUFFER_INIT;
    buffer_printf(&documentai, "https://%s-documentai.googleapis.com", cfg->location);
    const char *const given[][2] = {
        [GOOGLE_STORAGE] = {cfg->storage_host, "https://storage.googleapis.com"},
        [GOOGLE_FIRESTORE] = {cfg->firestore_host, "https://firestore.googleapis.com"},
        [GOOGLE_TASKS] = {cfg->tasks_host != NULL ? cfg->tasks_host : cfg->tasks_endpoint,
                          "https://cloudtasks.googleapis.com"},
        [GOOGLE_BIGQUERY] = {cfg->bigquery_endpoint, "https://bigquery.googleapis.com"},
        [GOOGLE_DOCUMENTAI] = {cfg->documentai_endpoint,
                               documentai.data != NULL ? documentai.data : ""},
        [GOOGLE_GEMINI] = {cfg->gemini_endpoint, "https://generativelanguage.googleapis.com"},
        [GOOGLE_IAM] = {cfg->iam_endpoint, "https://iamcredentials.googleapis.com"},
    };
    bool ok = !buffer_failed(&documentai);
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        o.base_url[i] = endpoint(given[i][0], given[i][1]);
        ok = ok && o.base_url[i] != NULL;
    }
    o.emulated[GOOGLE_STORAGE] = cfg->storage_host != NULL;
    o.emulated[GOOGLE_FIRESTORE] = cfg->firestore_host != NULL;
    o.emulated[GOOGLE_TASKS] = cfg->tasks_host != NULL;
    o.api_key = cfg->gemini_api_key;
    o.ca_file = cfg->google_ca_file;
    enum err err = ok ? google_client_open(&o, out, e) : error_no_memory(e);
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        free((char *)o.base_url[i]);
    buffer_free(&documentai);
    return err;
}

enum err google_session_open(const struct config *cfg, const struct source *source,
                             google_observe_fn observe, struct google_session *out, struct error *e)
{
    struct google_client_options common = {.source = source, .parallel = 1, .observe = observe};
    struct google_credentials_options who = {.source = source,
                                             .file = cfg->credentials_file,
                                             .metadata_host = cfg->metadata_host,
                                             .service_account = cfg->signing_account};
    memset(out, 0, sizeof *out);
    enum err err = open_client(cfg, &common, &out->tokens, e);
    who.http = out->tokens;
    if (err == ERR_OK)
        err = google_credentials_open(&who, &out->credentials, e);
    common.tokens = google_credentials_tokens(out->credentials);
    if (err == ERR_OK)
        err = open_client(cfg, &common, &out->stores, e);
    common.parallel = (int)cfg->google_parallel;
    if (err == ERR_OK)
        err = open_client(cfg, &common, &out->engines, e);
    if (err != ERR_OK)
        google_session_close(out);
    return err;
}

void google_session_close(struct google_session *s)
{
    google_client_close(s->engines);
    google_client_close(s->stores);
    google_credentials_close(s->credentials);
    google_client_close(s->tokens);
    memset(s, 0, sizeof *s);
}

void google_link_base(const struct config *cfg, struct buffer *out)
{
    const char *given = cfg->signed_url_host != NULL ? cfg->signed_url_host : cfg->storage_host;
    char *url = endpoint(given, "https://storage.googleapis.com");
    buffer_puts(out, url != NULL ? url : "");
    out->failed = out->failed || url == NULL;
    free(url);
}
