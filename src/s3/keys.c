#include "s3/keys.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/rfc3339.h"
#include "s3/exchange.h"

#define CONTAINER_HOST "http://169.254.170.2"
#define EARLY_US       (300 * US_PER_S)
#define LEAST_US       (10 * US_PER_S) /* what keys must still hold to be used */
#define ASK_S          2
#define TRIES          2
#define TOKEN_MAX      8192
#define SERVICE        "The credentials endpoint"

struct s3_keyring {
    const struct s3_settings *settings;
    const struct clock *clock;
    CURL *easy;
    struct s3_keys keys; /* access NULL: none yet */
    int64_t renew_us;    /* 0: never */
};

static bool has_static(const struct s3_settings *settings)
{
    return settings->access_key != NULL;
}

static bool in_container(const struct s3_settings *settings)
{
    return settings->container_full_uri != NULL || settings->container_relative_uri != NULL;
}

/* Keys go over HTTP on this machine and its container host's link only, as in AWS's own SDKs. */
static bool is_safe(const char *uri)
{
    static const char *const hosts[] = {"127.0.0.1",     "localhost",      "[::1]",
                                        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    if (strncmp(uri, "https://", 8) == 0)
        return true;
    const char *host = strncmp(uri, "http://", 7) == 0 ? uri + 7 : "";
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t n = strlen(hosts[i]);
        if (strncmp(host, hosts[i], n) == 0 && strchr(":/", host[n]) != NULL)
            return true;
    }
    return false;
}

enum err s3_keyring_check(const struct s3_settings *settings, struct error *e)
{
    if ((settings->access_key == NULL) != (settings->secret_key == NULL))
        return error_set(e, ERR_UNPROCESSABLE,
                         "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together; %s is not "
                         "set.",
                         settings->access_key == NULL ? "AWS_ACCESS_KEY_ID"
                                                      : "AWS_SECRET_ACCESS_KEY");
    if (settings->container_full_uri != NULL && !is_safe(settings->container_full_uri))
        return error_set(e, ERR_UNPROCESSABLE,
                         "AWS_CONTAINER_CREDENTIALS_FULL_URI is \"%.100s\"; expected https://, or "
                         "http:// on this machine.",
                         settings->container_full_uri);
    if (settings->container_relative_uri != NULL && settings->container_relative_uri[0] != '/')
        return error_set(e, ERR_UNPROCESSABLE,
                         "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is \"%.100s\"; expected a path.",
                         settings->container_relative_uri);
    return ERR_OK;
}

/* --- asking --- */

static void forget_text(char *text)
{
    if (text != NULL)
        sodium_memzero(text, strlen(text));
    free(text);
}

static void forget(struct s3_keys *k)
{
    forget_text(k->access);
    forget_text(k->secret);
    forget_text(k->token);
    memset(k, 0, sizeof *k);
}

static void wipe(struct buffer *b)
{
    if (b->data != NULL)
        sodium_memzero(b->data, b->len);
}

static void forget_buffer(struct buffer *b)
{
    wipe(b);
    buffer_free(b);
}

static void forget_answer(struct answer *a)
{
    wipe(&a->body);
    answer_clear(a);
}

/* Anything but 200 is for the operator. */
static enum err ask(struct s3_keyring *k, const char *method, const char *url, const char *header,
                    struct answer *a, struct error *e)
{
    const char *const headers[] = {header, NULL};
    const struct exchange x = {.service = SERVICE,
                               .method = method,
                               .url = url,
                               .headers = headers,
                               .timeout_s = ASK_S,
                               .direct = true};
    enum err err = ERR_OK;
    for (int tries = 0; tries < TRIES; tries++) {
        forget_answer(a);
        err = exchange_run(k->easy, &x, a, e);
        if (err == ERR_OK && a->status < 500)
            break;
    }
    if (err == ERR_OK && a->status != 200) {
        error_set(e, ERR_UNAVAILABLE,
                  "The service's keys for S3 cannot be had; tell the operator.");
        err = error_cause(e, "%s answered %ld", url, a->status);
    }
    buffer_append(&a->body, "", 0);
    return err;
}

static char *text_of(const json_t *reply, const char *name)
{
    const char *text = json_string_value(json_object_get(reply, name));
    return text != NULL && text[0] != '\0' ? strdup(text) : NULL;
}

/* {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}: both endpoints speak so. */
static enum err take(struct s3_keyring *k, const struct answer *a, struct error *e)
{
    struct s3_keys found = {0};
    struct error unused;
    json_t *reply = NULL;
    (void)json_parse(a->body.data != NULL ? a->body.data : "", a->body.len, &reply, &unused);
    const char *expires = json_string_value(json_object_get(reply, "Expiration"));
    found.access = text_of(reply, "AccessKeyId");
    found.secret = text_of(reply, "SecretAccessKey");
    found.token = text_of(reply, "Token");
    bool ok = found.access != NULL && found.secret != NULL &&
              (expires == NULL || rfc3339_parse(expires, &found.expires_us) == 0);
    json_decref(reply);
    if (!ok) {
        forget(&found);
        return error_set(e, ERR_UNAVAILABLE, "%s gave no keys; try again.", SERVICE);
    }
    forget(&k->keys);
    k->keys = found;
    int64_t now = clock_now_us(k->clock), life = found.expires_us - now;
    k->renew_us =
        found.expires_us == 0 ? 0 : now + (life - EARLY_US > life / 2 ? life - EARLY_US : life / 2);
    // cppcheck-suppress memleak ; the keyring owns them
    return ERR_OK;
}

/* The token that lets into the container's endpoint; its file is written anew now and then. */
static enum err authorization(const struct s3_settings *settings, struct buffer *out,
                              struct error *e)
{
    struct buffer token = BUFFER_INIT;
    if (settings->container_token_file == NULL) {
        if (settings->container_token != NULL)
            buffer_printf(out, "Authorization: %s", settings->container_token);
        return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
    }
    int code = file_read(settings->container_token_file, TOKEN_MAX, &token);
    size_t n = code == 0 && token.data != NULL ? strcspn(token.data, "\r\n") : 0;
    buffer_printf(out, "Authorization: %.*s", (int)n, n > 0 ? token.data : "");
    forget_buffer(&token);
    if (n > 0)
        return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
    error_set(e, ERR_UNAVAILABLE, "The service's keys for S3 cannot be had; tell the operator.");
    return error_cause(e, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s",
                       code != 0 ? strerror(code) : "it is empty");
}

static enum err ask_container(struct s3_keyring *k, struct error *e)
{
    struct buffer url = BUFFER_INIT, header = BUFFER_INIT;
    struct answer a = {0};
    const char *full = k->settings->container_full_uri;
    buffer_puts(&url, full != NULL ? full : CONTAINER_HOST);
    buffer_puts(&url, full != NULL ? "" : k->settings->container_relative_uri);
    enum err err = authorization(k->settings, &header, e);
    if (err == ERR_OK && buffer_failed(&url))
        err = error_no_memory(e);
    if (err == ERR_OK)
        err = ask(k, "GET", url.data, header.data, &a, e);
    if (err == ERR_OK)
        err = take(k, &a, e);
    forget_buffer(&header);
    buffer_free(&url);
    forget_answer(&a);
    return err;
}

/* A session, the role's name, its keys. */
static enum err ask_instance(struct s3_keyring *k, struct error *e)
{
    struct buffer url = BUFFER_INIT, header = BUFFER_INIT;
    struct answer a = {0};
    const char *host = k->settings->metadata_endpoint;
    buffer_printf(&url, "%s/latest/api/token", host);
    enum err err = buffer_failed(&url)
                       ? error_no_memory(e)
                       : ask(k, "PUT", url.data, "X-aws-ec2-metadata-token-ttl-seconds: 60", &a, e);
    if (err == ERR_OK) {
        buffer_printf(&header, "X-aws-ec2-metadata-token: %s", a.body.data);
        buffer_reset(&url);
        buffer_printf(&url, "%s/latest/meta-data/iam/security-credentials/", host);
        err = buffer_failed(&url) || buffer_failed(&header)
                  ? error_no_memory(e)
                  : ask(k, "GET", url.data, header.data, &a, e);
    }
    if (err == ERR_OK) {
        buffer_printf(&url, "%.*s", (int)strcspn(a.body.data, "\r\n"), a.body.data);
        err =
            buffer_failed(&url) ? error_no_memory(e) : ask(k, "GET", url.data, header.data, &a, e);
    }
    if (err == ERR_OK)
        err = take(k, &a, e);
    forget_buffer(&header);
    buffer_free(&url);
    forget_answer(&a);
    return err;
}

enum err s3_keyring_get(struct s3_keyring *k, const struct s3_keys **out, struct error *e)
{
    enum err err = ERR_OK;
    int64_t now = clock_now_us(k->clock);
    if (k->keys.access == NULL || (k->renew_us != 0 && now >= k->renew_us))
        err = in_container(k->settings) ? ask_container(k, e) : ask_instance(k, e);
    /* An endpoint that fails for a moment is no matter while the old keys hold. */
    if (err != ERR_OK && k->keys.access != NULL && now < k->keys.expires_us - LEAST_US)
        err = ERR_OK;
    *out = &k->keys;
    return err;
}

bool s3_keyring_renew(struct s3_keyring *k)
{
    if (has_static(k->settings))
        return false;
    forget(&k->keys);
    return true;
}

enum err s3_keyring_open(const struct s3_settings *settings, const struct clock *clock,
                         struct s3_keyring **out, struct error *e)
{
    struct s3_keyring *k = calloc(1, sizeof *k);
    *out = k;
    if (k == NULL)
        return error_no_memory(e);
    *k = (struct s3_keyring){.settings = settings, .clock = clock, .easy = curl_easy_init()};
    bool ok = k->easy != NULL;
    if (has_static(settings)) {
        k->keys.access = strdup(settings->access_key);
        k->keys.secret = strdup(settings->secret_key);
        k->keys.token = settings->session_token != NULL ? strdup(settings->session_token) : NULL;
        ok = ok && k->keys.access != NULL && k->keys.secret != NULL &&
             (k->keys.token != NULL || settings->session_token == NULL);
    }
    if (ok)
        return ERR_OK;
    s3_keyring_close(k);
    *out = NULL;
    return error_no_memory(e);
}

void s3_keyring_close(struct s3_keyring *k)
{
    if (k == NULL)
        return;
    forget(&k->keys);
    curl_easy_cleanup(k->easy);
    free(k);
}
