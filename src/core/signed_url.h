/* Links that carry their own permission: local upload and result URLs.
 *
 * URL = base + path + "?expires=" seconds + "&signature=" base64url(HMAC-SHA-512-256 over
 * method LF path LF expires) with libsodium's crypto_auth. The path is signed decoded and sent
 * percent-encoded (RFC 3986).
 */
#ifndef PDF_OCR_CORE_SIGNED_URL_H
#define PDF_OCR_CORE_SIGNED_URL_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define SIGNING_KEY_BYTES 32

/* Reads the 32-byte key at path, or makes one (mode 0600) when there is none. */
enum err signing_key_load(const char *path, unsigned char key[SIGNING_KEY_BYTES], struct error *e);

/* Appends the URL. expires_s: seconds since the epoch. */
void signed_url_make(const unsigned char key[SIGNING_KEY_BYTES], const char *base_url,
                     const char *method, const char *path, int64_t expires_s, struct buffer *out);

/* Checks what came back, in constant time. ERR_FORBIDDEN: missing, malformed or wrong; ERR_GONE:
 * right but expired. */
enum err signed_url_check(const unsigned char key[SIGNING_KEY_BYTES], const char *method,
                          const char *path, const char *expires, const char *signature,
                          int64_t now_s, struct error *e);

#endif
