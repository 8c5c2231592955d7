#include "auth/jwks.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#define SET_MAX       262144
#define AGE_DEFAULT_S 300 /* of a file, and of an answer that does not tell */
#define AGE_LEAST_S   60
#define AGE_MOST_S    86400

struct jwks {
    char *from, *ca_file;
    bool is_url;
    struct jwt_keys *keys; /* NULL: none yet */
    int64_t stale_us;      /* monotonic: when the keys are too old */
    int64_t not_before_us; /* monotonic: when they may be read again out of turn */
};

enum err jwks_open(const char *from, const char *ca_file, struct jwks **out, struct error *e)
{
    struct jwks *j = calloc(1, sizeof *j);
    if (j == NULL || (j->from = strdup(from)) == NULL ||
        (ca_file != NULL && (j->ca_file = strdup(ca_file)) == NULL)) {
        jwks_close(j);
        return error_no_memory(e);
    }
    j->is_url = strstr(from, "://") != NULL;
    *out = j;
    return ERR_OK;
}

void jwks_close(struct jwks *j)
{
    if (j == NULL)
        return;
    jwt_keys_free(j->keys);
    free(j->from);
    free(j->ca_file);
    free(j);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *self)
{
    struct buffer *b = self;
    (void)size;
    if (b->len + n > SET_MAX)
        return 0;
    buffer_append(b, bytes, n);
    return n;
}

/* Cache-Control: max-age, within bounds. */
static int64_t max_age_s(CURL *curl)
{
    struct curl_header *h;
    const char *at = NULL;
    if (curl_easy_header(curl, "Cache-Control", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        at = strcasestr(h->value, "max-age=");
    int64_t age = at != NULL ? strtoll(at + 8, NULL, 10) : AGE_DEFAULT_S;
    return age < AGE_LEAST_S ? AGE_LEAST_S : age > AGE_MOST_S ? AGE_MOST_S : age;
}

static enum err fetch(const struct jwks *j, struct buffer *out, int64_t *age_s, struct error *e)
{
    long status = 0;
    CURL *curl = curl_easy_init();
    bool ok =
        curl != NULL && curl_easy_setopt(curl, CURLOPT_URL, j->from) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)JWKS_FETCH_S) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, out) == CURLE_OK &&
        (j->ca_file == NULL || curl_easy_setopt(curl, CURLOPT_CAINFO, j->ca_file) == CURLE_OK);
    CURLcode code = ok ? curl_easy_perform(curl) : CURLE_FAILED_INIT;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    *age_s = code == CURLE_OK ? max_age_s(curl) : 0;
    curl_easy_cleanup(curl);
    if (code == CURLE_OK && status == 200)
        return ERR_OK;
    return error_set(e, ERR_UNAVAILABLE, "%s: %s, status %ld", j->from, curl_easy_strerror(code),
                     status);
}

static enum err read_file(const struct jwks *j, struct buffer *out, struct error *e)
{
    int code = file_read(j->from, SET_MAX, out);
    return code == 0
               ? ERR_OK
               : error_set(e, ERR_UNAVAILABLE, "%s: cannot be read: %s", j->from, strerror(code));
}

enum err jwks_read(struct jwks *j, int64_t mono_us, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    struct jwt_keys *keys = NULL;
    int64_t age_s = AGE_DEFAULT_S;
    enum err err = j->is_url ? fetch(j, &text, &age_s, e) : read_file(j, &text, e);
    if (err == ERR_OK && buffer_failed(&text))
        err = error_no_memory(e);
    if (err == ERR_OK) {
        err = jwt_keys_read(text.data != NULL ? text.data : "", text.len, &keys, e);
        if (err == ERR_UNPROCESSABLE) {
            char why[ERROR_TEXT_MAX];
            (void)snprintf(why, sizeof why, "%s", e->detail);
            error_set(e, err, "%s: %.300s", j->from, why);
        }
    }
    buffer_free(&text);
    if (err != ERR_OK)
        return err;
    jwt_keys_free(j->keys);
    j->keys = keys;
    j->stale_us = mono_us + age_s * US_PER_S;
    return ERR_OK;
}

/* Whether the keys are new ones. in_turn: because of their age, not of a token. */
static bool refresh(struct jwks *j, bool in_turn, int64_t mono_us)
{
    struct error e = {0};
    if (mono_us < j->not_before_us)
        return false;
    bool ok = jwks_read(j, mono_us, &e) == ERR_OK;
    if (!ok)
        log_error(LOG_WARNING, "the keys of a token issuer could not be read", &e);
    if (!ok || !in_turn)
        j->not_before_us = mono_us + JWKS_FLOOR_S * US_PER_S;
    return ok;
}

enum err jwks_verify(struct jwks *j, const char *token, const struct jwt_expected *expected,
                     int64_t now_s, int64_t mono_us, struct jwt_claims *out, struct error *e)
{
    bool fresh = (j->keys == NULL || mono_us >= j->stale_us) && refresh(j, true, mono_us);
    if (j->keys == NULL) {
        error_set(e, ERR_UNAVAILABLE, "Tokens cannot be checked at the moment; try again.");
        e->retry_after_s = JWKS_FLOOR_S;
        return e->kind;
    }
    enum err err = jwt_verify(j->keys, token, expected, now_s, out, e);
    if (err == ERR_NOT_FOUND && !fresh && refresh(j, false, mono_us))
        err = jwt_verify(j->keys, token, expected, now_s, out, e);
    return err == ERR_NOT_FOUND ? (e->kind = ERR_UNAUTHORIZED) : err;
}
