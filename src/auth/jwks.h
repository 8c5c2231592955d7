/* The keys of a token issuer, from a file or a URL, kept as long as the issuer allows.
 *
 * They are read at the first token, again when they are too old, and when a token names a key
 * that is not among them; the last, and after a failure, only once in JWKS_FLOOR_S, so that a
 * guesser cannot make a worker ask. A fetch takes JWKS_FETCH_S at most. When it fails the old
 * keys stay.
 */
#ifndef PDF_OCR_AUTH_JWKS_H
#define PDF_OCR_AUTH_JWKS_H

#include "auth/jwt.h"

#define JWKS_FLOOR_S 30
#define JWKS_FETCH_S 3

struct jwks;

/* from: an https:// URL (http:// for this machine) or a file's name. ca_file: of the URL, when it
 * is not a public one; may be NULL. Reads nothing yet. */
enum err jwks_open(const char *from, const char *ca_file, struct jwks **out, struct error *e);
void jwks_close(struct jwks *j);

/* Reads the keys now. mono_us: monotonic. ERR_UNAVAILABLE: no answer; ERR_UNPROCESSABLE: no keys in
 * it. */
enum err jwks_read(struct jwks *j, int64_t mono_us, struct error *e);

/* As jwt_verify. mono_us: monotonic, for the age of the keys. ERR_UNAVAILABLE when there are no
 * keys; ERR_UNAUTHORIZED also for a key that is not known. */
enum err jwks_verify(struct jwks *j, const char *token, const struct jwt_expected *expected,
                     int64_t now_s, int64_t mono_us, struct jwt_claims *out, struct error *e);

#endif
