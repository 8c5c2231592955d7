#include "google/credentials.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/rfc3339.h"
#include "base/uri.h"
#include "google/service_account.h"

#define SCOPE       "https://www.googleapis.com/auth/cloud-platform"
#define EARLY_US    (300 * US_PER_S)
#define FILE_MAX    65536
#define GRANT_JWT   "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define GRANT_STS   "urn:ietf:params:oauth:grant-type:token-exchange"
#define HEADERS_MAX 8
#define FORM        "application/x-www-form-urlencoded"

enum kind { KIND_METADATA, KIND_SERVICE_ACCOUNT, KIND_AUTHORIZED_USER, KIND_EXTERNAL_ACCOUNT };

struct google_credentials {
    const struct clock *clock;
    struct google_client *http;
    enum kind kind;
    json_t *file; /* NULL: the metadata server */
    char *metadata_base;
    struct service_account *account;
    char *email;
    char *token;
    unsigned number; /* of the token: how many there were */
    int64_t renew_us, expires_us;
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- the file --- */

static enum err read_file(const char *path, struct buffer *out, struct error *e)
{
    int code = file_read(path, FILE_MAX, out);
    return code == 0 ? ERR_OK
                     : error_set(e, ERR_UNPROCESSABLE, "Cannot read %s: %s", path, strerror(code));
}

static enum err require(const json_t *file, const char *const *names, struct error *e)
{
    for (; *names != NULL; names++)
        if (text_of(file, *names) == NULL)
            return error_set(e, ERR_UNPROCESSABLE,
                             "GOOGLE_APPLICATION_CREDENTIALS: the file has no \"%s\".", *names);
    return ERR_OK;
}

static enum err check_external(const json_t *file, struct error *e)
{
    const json_t *source = json_object_get(file, "credential_source");
    if (text_of(source, "file") != NULL || text_of(source, "url") != NULL)
        return ERR_OK;
    return error_set(e, ERR_UNPROCESSABLE,
                     "GOOGLE_APPLICATION_CREDENTIALS: credential_source must have a file or a url; "
                     "other sources are not supported.");
}

static enum err read_kind(struct google_credentials *c, struct error *e)
{
    static const char *const of_account[] = {"client_email", "private_key", "token_uri", NULL};
    static const char *const of_user[] = {"client_id", "client_secret", "refresh_token", NULL};
    static const char *const of_external[] = {"audience", "subject_token_type", "token_url", NULL};
    const char *type = text_of(c->file, "type");
    enum err err;
    if (type != NULL && strcmp(type, "service_account") == 0) {
        c->kind = KIND_SERVICE_ACCOUNT;
        if ((err = require(c->file, of_account, e)) != ERR_OK)
            return err;
        return service_account_open(text_of(c->file, "private_key"),
                                    text_of(c->file, "private_key_id"),
                                    text_of(c->file, "client_email"), &c->account, e);
    }
    if (type != NULL && strcmp(type, "authorized_user") == 0) {
        c->kind = KIND_AUTHORIZED_USER;
        return require(c->file, of_user, e);
    }
    if (type != NULL && strcmp(type, "external_account") == 0) {
        c->kind = KIND_EXTERNAL_ACCOUNT;
        err = require(c->file, of_external, e);
        return err == ERR_OK ? check_external(c->file, e) : err;
    }
    return error_set(
        e, ERR_UNPROCESSABLE,
        "GOOGLE_APPLICATION_CREDENTIALS: the type \"%.40s\" is not supported; expected "
        "service_account, authorized_user or external_account.",
        type != NULL ? type : "");
}

static enum err load_file(struct google_credentials *c, const char *path, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    struct error why;
    enum err err = read_file(path, &text, e);
    if (err == ERR_OK &&
        json_parse(text.data != NULL ? text.data : "", text.len, &c->file, &why) != ERR_OK)
        err = error_set(e, ERR_UNPROCESSABLE, "GOOGLE_APPLICATION_CREDENTIALS: %s: %.300s", path,
                        why.detail);
    if (err == ERR_OK)
        err = read_kind(c, e);
    if (text.data != NULL)
        sodium_memzero(text.data, text.len);
    buffer_free(&text);
    return err;
}

/* --- getting a token --- */

static void forget(struct google_credentials *c)
{
    if (c->token != NULL)
        sodium_memzero(c->token, strlen(c->token));
    free(c->token);
    c->token = NULL;
}

/* Takes over a token reply; names are those of OAuth (RFC 6749) or of IAM Credentials. */
static enum err keep(struct google_credentials *c, const char *token, int64_t expires_us,
                     struct error *e)
{
    if (token == NULL || token[strspn(token, "\r\n")] == '\0' || strpbrk(token, "\r\n") != NULL)
        return error_set(e, ERR_UNAVAILABLE, "The token service gave no token; try again.");
    char *copy = strdup(token);
    if (copy == NULL)
        return error_no_memory(e);
    forget(c);
    int64_t now = clock_now_us(c->clock), life = expires_us - now;
    c->token = copy;
    c->number++;
    c->expires_us = expires_us;
    c->renew_us = now + (life - EARLY_US > life / 2 ? life - EARLY_US : life / 2);
    return ERR_OK;
}

static enum err keep_oauth(struct google_credentials *c, const json_t *reply, struct error *e)
{
    json_int_t life = json_integer_value(json_object_get(reply, "expires_in"));
    return keep(c, text_of(reply, "access_token"), clock_now_us(c->clock) + life * US_PER_S, e);
}

static void form_add(struct buffer *form, const char *name, const char *value)
{
    buffer_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    uri_escape(form, value);
}

static enum err post_form(struct google_credentials *c, const char *url, struct buffer *form,
                          struct google_reply *r, struct error *e)
{
    if (buffer_failed(form))
        return error_no_memory(e);
    struct google_request q = {.api = GOOGLE_TOKENS,
                               .method = "POST",
                               .path = url,
                               .content_type = FORM,
                               .body = form->data,
                               .body_len = form->len,
                               .idempotent = true,
                               .no_auth = true};
    enum err err = google_call(c->http, &q, r, e);
    sodium_memzero(form->data, form->len);
    return err;
}

/* GETs a URL of the metadata server or of an identity provider; what it says is appended to out. */
static enum err get_text(struct google_credentials *c, const char *url, const char *const *headers,
                         struct buffer *out, struct error *e)
{
    struct google_reply r = {0};
    char chunk[4096];
    int sink = memfd_create("token", MFD_CLOEXEC);
    if (sink < 0)
        return error_no_memory(e);
    struct google_request q = {.api = GOOGLE_TOKENS,
                               .method = "GET",
                               .path = url,
                               .headers = headers,
                               .idempotent = true,
                               .no_auth = true,
                               .to_file = true,
                               .sink_fd = sink};
    enum err err = google_call(c->http, &q, &r, e);
    ssize_t n = 0;
    for (off_t at = 0;
         err == ERR_OK && at < FILE_MAX && (n = pread(sink, chunk, sizeof chunk, at)) > 0; at += n)
        buffer_append(out, chunk, (size_t)n);
    google_reply_clear(&r);
    (void)close(sink);
    return err == ERR_OK && (n < 0 || buffer_failed(out)) ? error_no_memory(e) : err;
}

static enum err from_metadata(struct google_credentials *c, const char *what, struct buffer *out,
                              struct error *e)
{
    static const char *const headers[] = {"Metadata-Flavor: Google", NULL};
    struct buffer url = BUFFER_INIT;
    buffer_printf(&url, "%s/computeMetadata/v1/instance/service-accounts/default/%s",
                  c->metadata_base, what);
    enum err err =
        buffer_failed(&url) ? error_no_memory(e) : get_text(c, url.data, headers, out, e);
    buffer_free(&url);
    return err;
}

static enum err renew_by_assertion(struct google_credentials *c, struct error *e)
{
    struct buffer jwt = BUFFER_INIT, form = BUFFER_INIT;
    struct google_reply r = {0};
    const char *url = text_of(c->file, "token_uri");
    enum err err = service_account_assertion(c->account, url, SCOPE,
                                             clock_now_us(c->clock) / US_PER_S, &jwt, e);
    if (err == ERR_OK) {
        form_add(&form, "grant_type", GRANT_JWT);
        form_add(&form, "assertion", jwt.data);
        err = post_form(c, url, &form, &r, e);
    }
    if (err == ERR_OK)
        err = keep_oauth(c, r.json, e);
    google_reply_clear(&r);
    buffer_free(&form);
    buffer_free(&jwt);
    return err;
}

static enum err renew_by_refresh_token(struct google_credentials *c, struct error *e)
{
    struct buffer form = BUFFER_INIT;
    struct google_reply r = {0};
    const char *url = text_of(c->file, "token_uri");
    form_add(&form, "grant_type", "refresh_token");
    form_add(&form, "client_id", text_of(c->file, "client_id"));
    form_add(&form, "client_secret", text_of(c->file, "client_secret"));
    form_add(&form, "refresh_token", text_of(c->file, "refresh_token"));
    enum err err =
        post_form(c, url != NULL ? url : "https://oauth2.googleapis.com/token", &form, &r, e);
    if (err == ERR_OK)
        err = keep_oauth(c, r.json, e);
    google_reply_clear(&r);
    buffer_free(&form);
    return err;
}

/* The subject token is text, or a member of a JSON object. */
static enum err pick_subject(const json_t *source, const char *text, size_t len, struct buffer *out,
                             struct error *e)
{
    const json_t *format = json_object_get(source, "format");
    const char *type = text_of(format, "type"),
               *field = text_of(format, "subject_token_field_name");
    json_t *tree = NULL;
    enum err err = ERR_OK;
    if (type == NULL || strcmp(type, "json") != 0) {
        buffer_append(out, text, len);
    } else if ((err = json_parse(text, len, &tree, e)) == ERR_OK) {
        const char *value = field != NULL ? text_of(tree, field) : NULL;
        if (value == NULL)
            err = error_set(e, ERR_UNAVAILABLE, "The identity provider gave no subject token.");
        else
            buffer_puts(out, value);
    }
    json_decref(tree);
    return err == ERR_OK && buffer_failed(out) ? error_no_memory(e) : err;
}

static enum err subject_from_url(struct google_credentials *c, const json_t *source,
                                 struct buffer *out, struct error *e)
{
    const char *headers[HEADERS_MAX + 1] = {NULL}, *key;
    char lines[HEADERS_MAX][512];
    struct buffer text = BUFFER_INIT;
    size_t n = 0;
    json_t *value;
    json_object_foreach(json_object_get(source, "headers"), key, value)
    {
        if (n == HEADERS_MAX || json_string_value(value) == NULL)
            break;
        (void)snprintf(lines[n], sizeof lines[n], "%s: %s", key, json_string_value(value));
        headers[n] = lines[n];
        n++;
    }
    enum err err = get_text(c, text_of(source, "url"), headers, &text, e);
    if (err == ERR_OK)
        err = pick_subject(source, text.data != NULL ? text.data : "", text.len, out, e);
    buffer_free(&text);
    return err;
}

static enum err subject_token(struct google_credentials *c, struct buffer *out, struct error *e)
{
    const json_t *source = json_object_get(c->file, "credential_source");
    struct buffer text = BUFFER_INIT;
    if (text_of(source, "file") == NULL)
        return subject_from_url(c, source, out, e);
    enum err err = read_file(text_of(source, "file"), &text, e);
    if (err == ERR_OK)
        err = pick_subject(source, text.data != NULL ? text.data : "", text.len, out, e);
    buffer_free(&text);
    return err;
}

/* The federated token is exchanged for one of a service account: AIP-4117, IAM's
 * generateAccessToken. */
static enum err impersonate(struct google_credentials *c, const char *url, const char *federated,
                            struct error *e)
{
    struct buffer header = BUFFER_INIT, body = BUFFER_INIT;
    struct google_reply r = {0};
    int64_t expires_us = 0;
    json_int_t life_s = json_integer_value(json_object_get(
        json_object_get(c->file, "service_account_impersonation"), "token_lifetime_seconds"));
    buffer_printf(&header, "Authorization: Bearer %s", federated);
    buffer_puts(&body, "{\"scope\":[\"" SCOPE "\"]");
    if (life_s > 0)
        buffer_printf(&body, ",\"lifetime\":\"%" JSON_INTEGER_FORMAT "s\"", life_s);
    buffer_puts(&body, "}");
    const char *headers[] = {header.data, NULL};
    struct google_request q = {.api = GOOGLE_TOKENS,
                               .method = "POST",
                               .path = url,
                               .headers = headers,
                               .body = body.data,
                               .body_len = body.len,
                               .idempotent = true,
                               .no_auth = true};
    enum err err = buffer_failed(&header) || buffer_failed(&body) ? error_no_memory(e)
                                                                  : google_call(c->http, &q, &r, e);
    const char *expires = err == ERR_OK ? text_of(r.json, "expireTime") : NULL;
    if (err == ERR_OK && (expires == NULL || rfc3339_parse(expires, &expires_us) != 0))
        err = error_set(e, ERR_UNAVAILABLE, "The token service gave no token; try again.");
    if (err == ERR_OK)
        err = keep(c, text_of(r.json, "accessToken"), expires_us, e);
    google_reply_clear(&r);
    buffer_free(&header);
    buffer_free(&body);
    return err;
}

static enum err renew_by_exchange(struct google_credentials *c, struct error *e)
{
    struct buffer form = BUFFER_INIT, subject = BUFFER_INIT;
    struct google_reply r = {0};
    const char *impersonation = text_of(c->file, "service_account_impersonation_url");
    enum err err = subject_token(c, &subject, e);
    if (err == ERR_OK) {
        form_add(&form, "grant_type", GRANT_STS);
        form_add(&form, "audience", text_of(c->file, "audience"));
        form_add(&form, "scope", SCOPE);
        form_add(&form, "requested_token_type", "urn:ietf:params:oauth:token-type:access_token");
        form_add(&form, "subject_token", subject.data != NULL ? subject.data : "");
        form_add(&form, "subject_token_type", text_of(c->file, "subject_token_type"));
        err = post_form(c, text_of(c->file, "token_url"), &form, &r, e);
    }
    const char *federated = err == ERR_OK ? text_of(r.json, "access_token") : NULL;
    if (err == ERR_OK && impersonation != NULL && federated != NULL)
        err = impersonate(c, impersonation, federated, e);
    else if (err == ERR_OK)
        err = keep_oauth(c, r.json, e);
    google_reply_clear(&r);
    buffer_free(&form);
    buffer_free(&subject);
    return err;
}

static enum err renew_by_metadata(struct google_credentials *c, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    struct error why;
    json_t *reply = NULL;
    enum err err = from_metadata(c, "token", &text, e);
    if (err == ERR_OK &&
        json_parse(text.data != NULL ? text.data : "", text.len, &reply, &why) != ERR_OK)
        err = error_set(e, ERR_UNAVAILABLE, "The token service gave no token; try again.");
    if (err == ERR_OK)
        err = keep_oauth(c, reply, e);
    json_decref(reply);
    if (text.data != NULL)
        sodium_memzero(text.data, text.len);
    buffer_free(&text);
    return err;
}

/* What a token service refuses is no fault of the request at hand. */
static enum err for_the_operator(enum err err, struct error *e)
{
    char why[ERROR_TEXT_MAX];
    if (err == ERR_OK || err == ERR_INTERNAL || err_is_transient(err))
        return err;
    memcpy(why, e->detail, sizeof why);
    error_set(e, ERR_UNAVAILABLE,
              "The service's credentials for Google cannot be used; tell the operator.");
    return error_cause(e, "%s", why);
}

enum err google_credentials_token(struct google_credentials *c, const char **token,
                                  unsigned *number, struct error *e)
{
    static enum err (*const renew[])(struct google_credentials * c, struct error * e) = {
        [KIND_METADATA] = renew_by_metadata,
        [KIND_SERVICE_ACCOUNT] = renew_by_assertion,
        [KIND_AUTHORIZED_USER] = renew_by_refresh_token,
        [KIND_EXTERNAL_ACCOUNT] = renew_by_exchange,
    };
    enum err err = ERR_OK;
    if (c->token == NULL || clock_now_us(c->clock) >= c->renew_us)
        err = for_the_operator(renew[c->kind](c, e), e);
    /* A token service that fails for a moment is no matter while the old token holds. */
    if (err != ERR_OK && c->token != NULL && clock_now_us(c->clock) < c->expires_us - 10 * US_PER_S)
        err = ERR_OK;
    *token = c->token;
    *number = c->number;
    return err;
}

void google_credentials_refuse(struct google_credentials *c, unsigned number)
{
    if (number == c->number)
        forget(c);
}

static enum err token_of(void *self, const char **token, unsigned *number, struct error *e)
{
    return google_credentials_token(self, token, number, e);
}

static void refuse(void *self, unsigned number)
{
    google_credentials_refuse(self, number);
}

struct google_tokens google_credentials_tokens(struct google_credentials *c)
{
    return (struct google_tokens){token_of, refuse, c};
}

enum err google_credentials_email(struct google_credentials *c, const char **email, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    enum err err = ERR_OK;
    const char *found = text_of(c->file, "client_email");
    if (c->email == NULL && found == NULL && c->kind == KIND_METADATA &&
        (err = for_the_operator(from_metadata(c, "email", &text, e), e)) == ERR_OK)
        found = text.data;
    if (err == ERR_OK && c->email == NULL && (found == NULL || strchr(found, '@') == NULL))
        err = error_set(e, ERR_UNAVAILABLE,
                        "The service account that signs links is not known; set "
                        "SIGNING_SERVICE_ACCOUNT.");
    if (err == ERR_OK && c->email == NULL && (c->email = strdup(found)) == NULL)
        err = error_no_memory(e);
    *email = c->email;
    buffer_free(&text);
    return err;
}

bool google_credentials_have_signer(const struct google_credentials *c)
{
    return c->email != NULL || c->kind == KIND_METADATA || c->kind == KIND_SERVICE_ACCOUNT;
}

bool google_credentials_can_sign(const struct google_credentials *c)
{
    return c->account != NULL &&
           (c->email == NULL || strcmp(c->email, text_of(c->file, "client_email")) == 0);
}

enum err google_credentials_sign(const struct google_credentials *c, const void *bytes, size_t n,
                                 struct buffer *out, struct error *e)
{
    return service_account_sign(c->account, bytes, n, out, e);
}

/* An impersonated account signs too: .../serviceAccounts/EMAIL:generateAccessToken. Where its
 * number stands in the place of its address, links need SIGNING_SERVICE_ACCOUNT. */
static enum err take_impersonated(struct google_credentials *c, struct error *e)
{
    static const char before[] = "/serviceAccounts/";
    const char *url = text_of(c->file, "service_account_impersonation_url");
    const char *at = url != NULL ? strstr(url, before) : NULL;
    if (c->email != NULL || at == NULL)
        return ERR_OK;
    at += sizeof before - 1;
    size_t n = strcspn(at, ":/?");
    if (memchr(at, '@', n) == NULL)
        return ERR_OK;
    c->email = strndup(at, n);
    return c->email != NULL ? ERR_OK : error_no_memory(e);
}

enum err google_credentials_open(const struct google_credentials_options *o,
                                 struct google_credentials **out, struct error *e)
{
    struct google_credentials *c = calloc(1, sizeof *c);
    struct buffer base = BUFFER_INIT;
    *out = NULL;
    if (c == NULL)
        return error_no_memory(e);
    c->clock = o->clock;
    c->http = o->http;
    buffer_printf(&base, "http://%s", o->metadata_host);
    c->metadata_base = buffer_take(&base);
    enum err err = c->metadata_base != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK && o->service_account != NULL &&
        (c->email = strdup(o->service_account)) == NULL)
        err = error_no_memory(e);
    if (err == ERR_OK && o->file != NULL)
        err = load_file(c, o->file, e);
    if (err == ERR_OK)
        err = take_impersonated(c, e);
    if (err != ERR_OK)
        google_credentials_close(c);
    else
        *out = c;
    return err;
}

void google_credentials_close(struct google_credentials *c)
{
    if (c == NULL)
        return;
    forget(c);
    service_account_close(c->account);
    json_decref(c->file);
    free(c->metadata_base);
    free(c->email);
    free(c);
}
