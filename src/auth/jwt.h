/* Signed tokens: JWS compact (RFC 7515) with the claims of RFC 7519, checked with cjose.
 *
 * Pure: no clock, no network. RS256 with RSA of 2048 bits or more and ES256 with P-256, and no
 * other, whatever the token says (RFC 8725).
 */
#ifndef PDF_OCR_AUTH_JWT_H
#define PDF_OCR_AUTH_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define JWT_MAX      8192
#define JWT_LEEWAY_S 60

struct jwt_keys;

/* Reads a JWK set (RFC 7517). Keys that are of no use here (other types, for encryption, too
 * small) are left out. ERR_UNPROCESSABLE when it is no set, or none is left. */
enum err jwt_keys_read(const char *text, size_t n, struct jwt_keys **out, struct error *e);
void jwt_keys_free(struct jwt_keys *k);

/* What a token must say; all but email are needed. */
struct jwt_expected {
    const char *issuer, *audience;
    const char *email; /* with email_verified; NULL: not looked at */
};

struct jwt_claims {
    char subject[256];
};

/* ERR_OK; ERR_NOT_FOUND: signed by a key that is not in the set (a newer set may have it);
 * ERR_UNAUTHORIZED: anything else. The detail is for the client and tells no more than that the
 * token is wrong or has expired; the cause tells the log why. now_s: seconds since the epoch. */
enum err jwt_verify(const struct jwt_keys *k, const char *token,
                    const struct jwt_expected *expected, int64_t now_s, struct jwt_claims *out,
                    struct error *e);

#endif
