#include "auth/jwt.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define KEYS_MAX     64
#define RSA_BITS_MIN 2048

struct jwt_keys {
    cjose_jwk_t *items[KEYS_MAX];
    size_t n;
};

static const struct algorithm {
    const char *name, *key_type;
    cjose_jwk_kty_t type;
} algorithms[] = {{"RS256", "RSA", CJOSE_JWK_KTY_RSA}, {"ES256", "EC", CJOSE_JWK_KTY_EC}};

#define N_ALGORITHMS (sizeof algorithms / sizeof algorithms[0])

static bool is_string(const json_t *value, const char *expected)
{
    return json_is_string(value) && strcmp(json_string_value(value), expected) == 0;
}

static bool contains_string(const json_t *array, const char *expected)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (is_string(json_array_get(array, i), expected))
            return true;
    return false;
}

/* cjose ends the process (an assertion) at some text that is no base64url, so that it only gets to
 * see what is. */
static bool is_base64url(const char *text, size_t n)
{
    unsigned char bytes[JWT_MAX];
    size_t len;
    return n > 0 && sodium_base642bin(bytes, sizeof bytes, text, n, NULL, &len, NULL,
                                      sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

/* --- the key set --- */

/* Whether the key may verify a signature of this algorithm. */
static bool is_for(const json_t *key, const struct algorithm *a)
{
    const json_t *alg = json_object_get(key, "alg"), *use = json_object_get(key, "use");
    const json_t *ops = json_object_get(key, "key_ops");
    return is_string(json_object_get(key, "kty"), a->key_type) &&
           (alg == NULL || is_string(alg, a->name)) && (use == NULL || is_string(use, "sig")) &&
           (ops == NULL || contains_string(ops, "verify"));
}

static bool is_strong(const cjose_jwk_t *jwk)
{
    cjose_err why;
    if (cjose_jwk_get_kty(jwk, &why) == CJOSE_JWK_KTY_RSA)
        return cjose_jwk_get_keysize(jwk, &why) >= RSA_BITS_MIN;
    return cjose_jwk_EC_get_curve(jwk, &why) == CJOSE_JWK_EC_P_256;
}

/* The members that a public key has (RFC 7518, section 6), and no others, as text that the caller
 * frees. NULL when one is not what it should be. */
static char *public_members(const json_t *key)
{
    static const char *const names[] = {"kty", "kid", "crv"}, *const numbers[] = {"n", "e", "x",
                                                                                  "y"};
    json_t *clean = json_object();
    bool ok = clean != NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *value = json_object_get(key, names[i]);
        ok = ok && (value == NULL ||
                    (json_is_string(value) && json_object_set(clean, names[i], value) == 0));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_t *value = json_object_get(key, numbers[i]);
        ok = ok &&
             (value == NULL || (json_is_string(value) &&
                                is_base64url(json_string_value(value), json_string_length(value)) &&
                                json_object_set(clean, numbers[i], value) == 0));
    }
    char *text = ok ? json_dumps(clean, JSON_COMPACT) : NULL;
    json_decref(clean);
    return text;
}

/* NULL for a key that is of no use here. */
static cjose_jwk_t *import_key(const json_t *key)
{
    cjose_err why;
    if (!is_for(key, &algorithms[0]) && !is_for(key, &algorithms[1]))
        return NULL;
    char *text = public_members(key);
    cjose_jwk_t *jwk = text != NULL ? cjose_jwk_import(text, strlen(text), &why) : NULL;
    free(text);
    if (jwk != NULL && !is_strong(jwk)) {
        cjose_jwk_release(jwk);
        jwk = NULL;
    }
    return jwk;
}

enum err jwt_keys_read(const char *text, size_t n, struct jwt_keys **out, struct error *e)
{
    json_t *tree = NULL;
    size_t n_items = 0;
    struct jwt_keys *k = calloc(1, sizeof *k);
    enum err err = k != NULL ? json_parse(text, n, &tree, e) : error_no_memory(e);
    if (err == ERR_OK) {
        struct json_at root = json_root(tree), list = json_member(&root, "keys");
        err = json_read_array(&list, KEYS_MAX, &n_items, e);
        for (size_t i = 0; err == ERR_OK && i < n_items; i++)
            if ((k->items[k->n] = import_key(json_item(&list, i).value)) != NULL)
                k->n++;
        if (err == ERR_OK && k->n == 0)
            err = json_refuse(&list, e, "holds no RSA key of %d bits or more and no P-256 key",
                              RSA_BITS_MIN);
    }
    json_decref(tree);
    if (err == ERR_OK)
        *out = k;
    else
        jwt_keys_free(k);
    return err == ERR_BAD_REQUEST ? (e->kind = ERR_UNPROCESSABLE) : err;
}

void jwt_keys_free(struct jwt_keys *k)
{
    for (size_t i = 0; k != NULL && i < k->n; i++)
        cjose_jwk_release(k->items[i]);
    free(k);
}

/* --- the token --- */

static enum err refuse(struct error *e, const char *why)
{
    error_set(e, ERR_UNAUTHORIZED, "The bearer token is not valid.");
    return error_cause(e, "bearer token: %s", why);
}

/* By kid; without one there must be no choice. */
static enum err find_key(const struct jwt_keys *k, const char *kid, cjose_jwk_kty_t type,
                         const cjose_jwk_t **out, struct error *e)
{
    cjose_err why;
    bool known = false;
    if (kid == NULL && k->n != 1)
        return refuse(e, "no kid, and there are several keys");
    for (size_t i = 0; i < k->n; i++) {
        const char *id = cjose_jwk_get_kid(k->items[i], &why);
        if (kid != NULL && (id == NULL || strcmp(kid, id) != 0))
            continue;
        known = true;
        *out = k->items[i];
        if (cjose_jwk_get_kty(*out, &why) == type)
            return ERR_OK;
    }
    if (known)
        return refuse(e, "alg and key do not fit together");
    refuse(e, "the kid is not known");
    return e->kind = ERR_NOT_FOUND;
}

/* cjose_header_t is a Jansson object (cjose/header.h); crit is the list of what a reader must
 * understand, and b64 changes what is signed (RFC 7797): neither is spoken here. */
static enum err check_header(cjose_header_t *h, const struct jwt_keys *k, const cjose_jwk_t **key,
                             struct error *e)
{
    const char *kid = json_string_value(json_object_get(h, CJOSE_HDR_KID));
    const struct algorithm *a = NULL;
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        if (is_string(json_object_get(h, CJOSE_HDR_ALG), algorithms[i].name))
            a = &algorithms[i];
    if (a == NULL)
        return refuse(e, "alg is neither RS256 nor ES256");
    if (json_object_get(h, "crit") != NULL || json_object_get(h, "b64") != NULL)
        return refuse(e, "it has critical headers");
    if (json_object_get(h, CJOSE_HDR_KID) != NULL && kid == NULL)
        return refuse(e, "kid is no string");
    return find_key(k, kid, a->type, key, e);
}

/* A NumericDate must be one where it is there. */
static bool date_is_wrong(const json_t *date)
{
    return date != NULL && !json_is_number(date);
}

static enum err check_times(const json_t *claims, int64_t now_s, struct error *e)
{
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    const json_t *iat = json_object_get(claims, "iat");
    double now = (double)now_s;
    if (exp == NULL || date_is_wrong(exp) || date_is_wrong(nbf) || date_is_wrong(iat))
        return refuse(e, "exp, nbf or iat is missing or no number");
    if (now >= json_number_value(exp) + JWT_LEEWAY_S) {
        error_set(e, ERR_UNAUTHORIZED, "The bearer token has expired; get a new one.");
        return error_cause(e, "bearer token: expired");
    }
    if ((nbf != NULL && now < json_number_value(nbf) - JWT_LEEWAY_S) ||
        (iat != NULL && now < json_number_value(iat) - JWT_LEEWAY_S))
        return refuse(e, "it is not valid yet; compare the clocks");
    return ERR_OK;
}

static enum err check_claims(const json_t *claims, const struct jwt_expected *expected,
                             int64_t now_s, struct jwt_claims *out, struct error *e)
{
    const char *sub = json_string_value(json_object_get(claims, "sub"));
    const json_t *aud = json_object_get(claims, "aud");
    if (!is_string(json_object_get(claims, "iss"), expected->issuer))
        return refuse(e, "another issuer");
    if (!is_string(aud, expected->audience) && !contains_string(aud, expected->audience))
        return refuse(e, "another audience");
    if (expected->email != NULL && (!is_string(json_object_get(claims, "email"), expected->email) ||
                                    !json_is_true(json_object_get(claims, "email_verified"))))
        return refuse(e, "another email, or one that is not verified");
    if (sub == NULL || sub[0] == '\0' || strlen(sub) >= sizeof out->subject)
        return refuse(e, "sub is missing or too long");
    (void)snprintf(out->subject, sizeof out->subject, "%s", sub);
    return check_times(claims, now_s, e);
}

static enum err read_claims(const cjose_jws_t *jws, json_t **out, struct error *e)
{
    cjose_err why;
    uint8_t *text = NULL;
    size_t n = 0;
    struct error unused;
    if (!cjose_jws_get_plaintext(jws, &text, &n, &why) ||
        json_parse((const char *)text, n, out, &unused) != ERR_OK)
        return refuse(e, "the claims are no JSON");
    return ERR_OK;
}

/* Three parts with dots between them. */
static bool is_compact(const char *token)
{
    for (int part = 0; part < 3; part++) {
        size_t n = strcspn(token, ".");
        if (!is_base64url(token, n) || (token[n] == '.') != (part < 2))
            return false;
        token += n + (part < 2);
    }
    return true;
}

enum err jwt_verify(const struct jwt_keys *k, const char *token,
                    const struct jwt_expected *expected, int64_t now_s, struct jwt_claims *out,
                    struct error *e)
{
    cjose_err why;
    const cjose_jwk_t *key = NULL;
    json_t *claims = NULL;
    size_t n = strlen(token);
    cjose_jws_t *jws = n <= JWT_MAX && is_compact(token) ? cjose_jws_import(token, n, &why) : NULL;
    enum err err = jws != NULL ? ERR_OK : refuse(e, "no signed JWT in compact form");
    if (err == ERR_OK)
        err = check_header(cjose_jws_get_protected(jws), k, &key, e);
    if (err == ERR_OK && !cjose_jws_verify(jws, key, &why))
        err = refuse(e, "the signature is wrong");
    if (err == ERR_OK)
        err = read_claims(jws, &claims, e);
    if (err == ERR_OK)
        err = check_claims(claims, expected, now_s, out, e);
    json_decref(claims);
    cjose_jws_release(jws);
    return err;
}
