#include "auth/auth.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth/jwks.h"
#include "auth/limits.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/request.h"

#define CHALLENGE "ApiKey realm=\"pdf-ocr-api\""

enum err auth_open(struct auth *a, struct error *e)
{
    const struct config *c = a->cfg;
    enum err err = ERR_OK;
    if (c->jwt_issuer != NULL)
        err = jwks_open(c->jwt_jwks, NULL, &a->clients, e);
    if (err == ERR_OK && a->task_tokens.account != NULL)
        err = jwks_open(a->task_tokens.jwks, a->task_tokens.ca_file, &a->tasks, e);
    if (err != ERR_OK)
        auth_close(a);
    return err;
}

void auth_close(struct auth *a)
{
    jwks_close(a->clients);
    jwks_close(a->tasks);
    a->clients = a->tasks = NULL;
}

static enum err check_jwks_file(const char *path, struct error *e)
{
    struct jwks *j = NULL;
    enum err err = jwks_open(path, NULL, &j, e);
    if (err == ERR_OK && (err = jwks_read(j, 0, e)) != ERR_OK) {
        char why[ERROR_TEXT_MAX];
        (void)snprintf(why, sizeof why, "%s", e->detail);
        error_set(e, err, "JWT_JWKS %.400s", why);
    }
    jwks_close(j);
    return err;
}

enum err auth_check(const struct config *cfg, struct error *e)
{
    struct key_set *keys = NULL;
    enum err err = keys_load(cfg, NULL, &keys, e);
    keys_free(keys);
    if (err == ERR_OK && cfg->jwt_issuer != NULL && strstr(cfg->jwt_jwks, "://") == NULL)
        err = check_jwks_file(cfg->jwt_jwks, e);
    return err;
}

/* --- credentials --- */

/* Many wrong keys from one address: it has to wait, and the right ones with it, else they would
 * stand out. The dispatcher's key is random and lives as long as the master: it cannot be guessed,
 * and must get through where client and service share an address. Nor can the signature of a token
 * be guessed, so tokens are not counted: who may make Cloud Tasks send a wrong one must not stop
 * what comes from there. */
static enum err slow_guesser(const struct auth *a, struct request *r, enum err verified,
                             struct error *e)
{
    const struct limit limit = {60 * US_PER_S / a->cfg->auth_failures, a->cfg->auth_failures};
    char name[80] = "guess ";
    size_t n = strlen(name);
    bool unknown = r->auth.key_id[0] == '\0';
    if (r->step == AUTH_STEP_DONE || strcmp(r->auth.key_id, KEY_ID_DISPATCHER) == 0)
        return verified;
    limits_address(r->remote_addr, name + n, sizeof name - n);
    struct limit_state s = unknown ? limits_take(&limit, name, monotonic_us())
                                   : limits_look(&limit, name, monotonic_us());
    if (s.allowed)
        return verified;
    memset(&r->auth, 0, sizeof r->auth);
    r->auth.anonymous = true;
    error_set(e, ERR_RATE_LIMITED, "Too many wrong keys came from your address; wait %d seconds.",
              (int)s.retry_after_s);
    e->retry_after_s = (int)s.retry_after_s;
    return e->kind;
}

/* ERR_NOT_FOUND when there is none. */
static enum err verify_api_key(const struct auth *a, struct request *r, struct error *e)
{
    const char *key = request_header(r, "X-API-Key");
    if (key == NULL || key[0] == '\0')
        return ERR_NOT_FOUND;
    return slow_guesser(a, r, keys_check(a->keys, key, clock_now_us(a->clock), &r->auth, e), e);
}

static const char *bearer_token(const struct request *r)
{
    const char *text = request_header(r, "Authorization");
    if (text == NULL || strncasecmp(text, "Bearer ", 7) != 0)
        return NULL;
    return text + 7 + strspn(text + 7, " ");
}

/* What is made with a token belongs to its subject; the prefix keeps it apart from the keys'. */
static void be_token(struct auth_context *who, const char *sub)
{
    unsigned char hash[24];
    char hex[2 * sizeof hash + 1];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)sub, strlen(sub), NULL, 0);
    if (strlen(sub) + sizeof "jwt:" <= sizeof who->subject)
        (void)snprintf(who->subject, sizeof who->subject, "jwt:%.60s", sub);
    else
        (void)snprintf(who->subject, sizeof who->subject, "jwt-hash:%s",
                       sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
    memcpy(who->key_id, who->subject, sizeof who->key_id);
    who->anonymous = false;
}

/* ERR_NOT_FOUND when there is none. */
static enum err verify_bearer_token(const struct auth *a, struct jwks *keys,
                                    const struct jwt_expected *expected, struct request *r,
                                    struct error *e)
{
    struct jwt_claims claims;
    const char *token = bearer_token(r);
    if (token == NULL || keys == NULL)
        return ERR_NOT_FOUND;
    enum err err = jwks_verify(keys, token, expected, clock_now_us(a->clock) / US_PER_S,
                               monotonic_us(), &claims, e);
    if (err == ERR_OK)
        be_token(&r->auth, claims.subject);
    else if (err == ERR_UNAUTHORIZED)
        r->challenge = "Bearer realm=\"pdf-ocr-api\", error=\"invalid_token\"";
    return err;
}

/* A key first: in front of a service that wants Authorization for itself (Cloud Run's own
 * authentication) the key is ours and the token is not. */
static enum err verify_client(const struct auth *a, struct request *r, struct error *e)
{
    const struct jwt_expected expected = {a->cfg->jwt_issuer, a->cfg->jwt_audience, NULL};
    enum err err = verify_api_key(a, r, e);
    if (err != ERR_NOT_FOUND)
        return err;
    err = verify_bearer_token(a, a->clients, &expected, r, e);
    if (err == ERR_OK)
        r->auth.scopes = SCOPE_CLIENT;
    return err;
}

static enum err verify_task(const struct auth *a, struct request *r, struct error *e)
{
    const struct jwt_expected expected = {a->task_tokens.issuer, a->cfg->api_base_url,
                                          a->task_tokens.account};
    enum err err = verify_api_key(a, r, e);
    if (err != ERR_NOT_FOUND)
        return err;
    err = verify_bearer_token(a, a->tasks, &expected, r, e);
    if (err == ERR_OK)
        r->auth.scopes = SCOPE_TASK;
    return err;
}

static enum err limit_rate(const struct auth *a, struct request *r, struct error *e)
{
    const struct limit limit = {US_PER_S / a->cfg->rate_per_key, a->cfg->rate_burst};
    char name[128] = "anonymous ";
    if (r->auth.anonymous)
        limits_address(r->remote_addr, name + strlen(name), sizeof name - strlen(name));
    else
        (void)snprintf(name, sizeof name, "key %s", r->auth.key_id);
    struct limit_state s = r->step != AUTH_STEP_DONE ? limits_take(&limit, name, monotonic_us())
                                                     : limits_look(&limit, name, monotonic_us());
    r->rate = (struct rate){limit.burst, s.remaining, s.reset_s};
    if (s.allowed || r->step == AUTH_STEP_DONE)
        return ERR_OK;
    error_set(e, ERR_RATE_LIMITED, "Too many requests with this key; wait %d seconds.",
              (int)s.retry_after_s);
    e->retry_after_s = (int)s.retry_after_s;
    return e->kind;
}

/* --- policies --- */

static enum err ask_for_key(const struct auth *a, struct request *r, struct error *e)
{
    if (a->clients != NULL)
        r->challenge = CHALLENGE ", Bearer realm=\"pdf-ocr-api\"";
    return error_set(e, ERR_UNAUTHORIZED,
                     a->clients != NULL ? "Send your API key in the X-API-Key header, or a token "
                                          "as Authorization: Bearer."
                                        : "Send your API key in the X-API-Key header.");
}

static enum err require_scope(struct request *r, unsigned scopes, struct error *e)
{
    if ((r->auth.scopes & scopes) != 0)
        return ERR_OK;
    return error_set(e, ERR_FORBIDDEN, "The credentials are not meant for this call.");
}

/* Credentials that were sent must be good. ERR_NOT_FOUND when there are none. */
static enum err check_client(const struct auth *a, struct request *r, unsigned scopes,
                             struct error *e)
{
    enum err err = verify_client(a, r, e);
    if (err == ERR_OK)
        err = require_scope(r, scopes, e);
    return err == ERR_OK ? limit_rate(a, r, e) : err;
}

static enum err allow_all(const struct auth *a, struct request *r, struct error *e)
{
    (void)a;
    (void)r;
    (void)e;
    return ERR_OK;
}

static enum err optional_auth(const struct auth *a, struct request *r, struct error *e)
{
    enum err err = check_client(a, r, SCOPE_CLIENT | SCOPE_ADMIN, e);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err require_client(const struct auth *a, struct request *r, struct error *e)
{
    enum err err = check_client(a, r, SCOPE_CLIENT | SCOPE_ADMIN, e);
    if (err != ERR_NOT_FOUND)
        return err;
    if (!a->cfg->allow_anonymous)
        return ask_for_key(a, r, e);
    (void)snprintf(r->auth.subject, sizeof r->auth.subject, "%s", SUBJECT_ANONYMOUS);
    r->auth.scopes = SCOPE_CLIENT;
    return limit_rate(a, r, e);
}

static enum err require_admin(const struct auth *a, struct request *r, struct error *e)
{
    enum err err = check_client(a, r, SCOPE_ADMIN, e);
    return err == ERR_NOT_FOUND ? ask_for_key(a, r, e) : err;
}

/* What carries tasks tries again after 401; it is told no more. */
static enum err require_task(const struct auth *a, struct request *r, struct error *e)
{
    enum err err = verify_task(a, r, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_UNAUTHORIZED, "Task credentials are missing.");
    if (err == ERR_OK)
        err = require_scope(r, SCOPE_TASK, e);
    return err == ERR_FORBIDDEN ? (e->kind = ERR_UNAUTHORIZED) : err;
}

static enum err verify_signature(const struct auth *a, struct request *r, struct error *e)
{
    struct buffer expires = BUFFER_INIT, signature = BUFFER_INIT;
    bool found;
    const char *method = method_names[r->method == METHOD_HEAD ? METHOD_GET : r->method];
    enum err err = request_query(r, "expires", &expires, &found, e);
    if (err == ERR_OK)
        err = request_query(r, "signature", &signature, &found, e);
    if (err == ERR_OK)
        err = signed_url_check(
            a->signing_key, method, r->path, expires.data != NULL ? expires.data : "",
            signature.data != NULL ? signature.data : "", clock_now_us(a->clock) / US_PER_S, e);
    buffer_free(&expires);
    buffer_free(&signature);
    return err;
}

enum err authenticate(const struct auth *a, const struct route *route, struct request *r,
                      struct error *e)
{
    static enum err (*const policies[AUTH__MAX])(const struct auth *, struct request *,
                                                 struct error *) = {
        [AUTH_NONE] = allow_all,     [AUTH_OPTIONAL] = optional_auth,
        [AUTH_KEY] = require_client, [AUTH_ADMIN] = require_admin,
        [AUTH_TASK] = require_task,  [AUTH_SIGNED] = verify_signature,
    };
    r->challenge = CHALLENGE;
    enum err err = policies[route->auth](a, r, e);
    if (err != ERR_OK && e->cause[0] != '\0')
        log_error(LOG_INFO, "credentials were refused", e);
    return err;
}
