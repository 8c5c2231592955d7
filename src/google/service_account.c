#include "google/service_account.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define ASSERTION_LIFE_S 3600

struct service_account {
    char *email;
    char *key_id;
    EVP_PKEY *key;
    cjose_jwk_t *jwk;
};

static enum err bad_key(struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE, "The credentials file's private_key is no RSA key.");
}

/* A number of the key as big-endian bytes, for the JWK. */
static uint8_t *key_number(const EVP_PKEY *key, const char *name, size_t *n)
{
    BIGNUM *number = NULL;
    uint8_t *bytes = NULL;
    *n = 0;
    if (EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
        (bytes = malloc((size_t)BN_num_bytes(number) + 1)) != NULL)
        *n = (size_t)BN_bn2bin(number, bytes);
    BN_clear_free(number);
    return bytes;
}

static cjose_jwk_t *make_jwk(const EVP_PKEY *key, const char *key_id)
{
    cjose_jwk_rsa_keyspec s = {0};
    cjose_err why;
    cjose_jwk_t *jwk = NULL;
    s.n = key_number(key, OSSL_PKEY_PARAM_RSA_N, &s.nlen);
    s.e = key_number(key, OSSL_PKEY_PARAM_RSA_E, &s.elen);
    s.d = key_number(key, OSSL_PKEY_PARAM_RSA_D, &s.dlen);
    s.p = key_number(key, OSSL_PKEY_PARAM_RSA_FACTOR1, &s.plen);
    s.q = key_number(key, OSSL_PKEY_PARAM_RSA_FACTOR2, &s.qlen);
    s.dp = key_number(key, OSSL_PKEY_PARAM_RSA_EXPONENT1, &s.dplen);
    s.dq = key_number(key, OSSL_PKEY_PARAM_RSA_EXPONENT2, &s.dqlen);
    s.qi = key_number(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &s.qilen);
    if (s.nlen > 0 && s.elen > 0 && s.dlen > 0)
        jwk = cjose_jwk_create_RSA_spec(&s, &why);
    if (jwk != NULL && key_id != NULL && !cjose_jwk_set_kid(jwk, key_id, strlen(key_id), &why)) {
        cjose_jwk_release(jwk);
        jwk = NULL;
    }
    uint8_t *const numbers[] = {s.n, s.e, s.d, s.p, s.q, s.dp, s.dq, s.qi};
    const size_t lengths[] = {s.nlen, s.elen, s.dlen, s.plen, s.qlen, s.dplen, s.dqlen, s.qilen};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        OPENSSL_cleanse(numbers[i], numbers[i] != NULL ? lengths[i] : 0);
        free(numbers[i]);
    }
    return jwk;
}

enum err service_account_open(const char *private_key_pem, const char *key_id, const char *email,
                              struct service_account **out, struct error *e)
{
    struct service_account *s = calloc(1, sizeof *s);
    BIO *pem = BIO_new_mem_buf(private_key_pem, -1);
    enum err err = ERR_OK;
    *out = NULL;
    if (s == NULL || pem == NULL || (s->email = strdup(email)) == NULL ||
        (key_id != NULL && (s->key_id = strdup(key_id)) == NULL)) {
        err = error_no_memory(e);
    } else {
        s->key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
        if (s->key == NULL || EVP_PKEY_get_base_id(s->key) != EVP_PKEY_RSA ||
            (s->jwk = make_jwk(s->key, key_id)) == NULL)
            err = bad_key(e);
    }
    BIO_free(pem);
    if (err != ERR_OK)
        service_account_close(s);
    else
        *out = s;
    return err;
}

void service_account_close(struct service_account *s)
{
    if (s == NULL)
        return;
    cjose_jwk_release(s->jwk);
    EVP_PKEY_free(s->key);
    free(s->email);
    free(s->key_id);
    free(s);
}

/* The claims of RFC 7523, section 3. */
static char *claims(const struct service_account *s, const char *audience, const char *scope,
                    int64_t now_s)
{
    json_t *tree =
        json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", s->email, "scope", scope, "aud", audience,
                  "iat", (json_int_t)now_s, "exp", (json_int_t)now_s + ASSERTION_LIFE_S);
    char *text = tree != NULL ? json_dumps(tree, JSON_COMPACT) : NULL;
    json_decref(tree);
    return text;
}

enum err service_account_assertion(const struct service_account *s, const char *audience,
                                   const char *scope, int64_t now_s, struct buffer *out,
                                   struct error *e)
{
    cjose_err why;
    const char *jwt = NULL;
    char *text = claims(s, audience, scope, now_s);
    cjose_header_t *header = cjose_header_new(&why);
    cjose_jws_t *jws = NULL;
    bool ok =
        text != NULL && header != NULL &&
        cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_RS256, &why) &&
        cjose_header_set(header, "typ", "JWT", &why) &&
        (s->key_id == NULL || cjose_header_set(header, CJOSE_HDR_KID, s->key_id, &why)) &&
        (jws = cjose_jws_sign(s->jwk, header, (const uint8_t *)text, strlen(text), &why)) != NULL &&
        cjose_jws_export(jws, &jwt, &why);
    if (ok)
        buffer_puts(out, jwt);
    cjose_jws_release(jws);
    cjose_header_release(header);
    free(text);
    return ok && !buffer_failed(out) ? ERR_OK : error_no_memory(e);
}

enum err service_account_sign(const struct service_account *s, const void *bytes, size_t n,
                              struct buffer *out, struct error *e)
{
    unsigned char signature[1024]; /* RSA keys up to 8192 bits */
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, s->key) == 1 &&
              EVP_DigestSign(ctx, signature, &len, bytes, n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return error_set(e, ERR_INTERNAL, "A link could not be signed.");
    buffer_append(out, signature, len);
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}
