#include "google/session.h"

#include <stdlib.h>
#include <string.h>

#include "google/settings.h"

#define STORES_PARALLEL 16 /* objects erased at once */

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
    const struct google_access *a = google_access_of(cfg);
    struct google_client_options o = *common;
    struct buffer documentai = BUFFER_INIT;
    buffer_printf(&documentai, "https://%s-documentai.googleapis.com",
                  google_names_of(cfg)->location);
    const char *const given[][2] = {
        [GOOGLE_STORAGE] = {a->storage_host, "https://storage.googleapis.com"},
        [GOOGLE_FIRESTORE] = {a->firestore_host, "https://firestore.googleapis.com"},
        [GOOGLE_TASKS] = {a->tasks_host != NULL ? a->tasks_host : a->tasks_endpoint,
                          "https://cloudtasks.googleapis.com"},
        [GOOGLE_BIGQUERY] = {a->bigquery_endpoint, "https://bigquery.googleapis.com"},
        [GOOGLE_DOCUMENTAI] = {a->documentai_endpoint,
                               documentai.data != NULL ? documentai.data : ""},
        [GOOGLE_GEMINI] = {a->gemini_endpoint, "https://generativelanguage.googleapis.com"},
        [GOOGLE_IAM] = {a->iam_endpoint, "https://iamcredentials.googleapis.com"},
    };
    bool ok = !buffer_failed(&documentai);
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        o.base_url[i] = endpoint(given[i][0], given[i][1]);
        ok = ok && o.base_url[i] != NULL;
    }
    o.emulated[GOOGLE_STORAGE] = a->storage_host != NULL;
    o.emulated[GOOGLE_FIRESTORE] = a->firestore_host != NULL;
    o.emulated[GOOGLE_TASKS] = a->tasks_host != NULL;
    o.api_key = gemini_settings_of(cfg)->api_key;
    o.ca_file = a->ca_file;
    enum err err = ok ? google_client_open(&o, out, e) : error_no_memory(e);
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        free((char *)o.base_url[i]);
    buffer_free(&documentai);
    return err;
}

enum err google_session_open(const struct config *cfg, const struct clock *clock,
                             google_observe_fn observe, struct google_session *out, struct error *e)
{
    const struct google_access *a = google_access_of(cfg);
    struct google_client_options common = {.parallel = 1, .observe = observe};
    struct google_credentials_options who = {.clock = clock,
                                             .file = a->credentials_file,
                                             .metadata_host = a->metadata_host,
                                             .service_account = a->signing_account};
    memset(out, 0, sizeof *out);
    enum err err = open_client(cfg, &common, &out->tokens, e);
    who.http = out->tokens;
    if (err == ERR_OK)
        err = google_credentials_open(&who, &out->credentials, e);
    common.tokens = google_credentials_tokens(out->credentials);
    common.parallel = STORES_PARALLEL;
    if (err == ERR_OK)
        err = open_client(cfg, &common, &out->stores, e);
    common.parallel = (int)a->parallel;
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
    const struct google_access *a = google_access_of(cfg);
    const char *given = a->signed_url_host != NULL ? a->signed_url_host : a->storage_host;
    char *url = endpoint(given, "https://storage.googleapis.com");
    buffer_puts(out, url != NULL ? url : "");
    out->failed = out->failed || url == NULL;
    free(url);
}
