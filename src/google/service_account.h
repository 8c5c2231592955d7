/* A service account's private key: signed assertions (RFC 7523) and signatures. */
#ifndef PDF_OCR_GOOGLE_SERVICE_ACCOUNT_H
#define PDF_OCR_GOOGLE_SERVICE_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct service_account;

/* From the members of the key file: PEM private key (RSA), its id (may be NULL), e-mail address.
 * ERR_UNPROCESSABLE when the key is not one. */
enum err service_account_open(const char *private_key_pem, const char *key_id, const char *email,
                              struct service_account **out, struct error *e);
void service_account_close(struct service_account *s);

/* Appends a JWT (RS256) for the token endpoint `audience`, good for an hour from now_s. */
enum err service_account_assertion(const struct service_account *s, const char *audience,
                                   const char *scope, int64_t now_s, struct buffer *out,
                                   struct error *e);

/* Appends the RSASSA-PKCS1-v1_5 SHA-256 signature of bytes (RFC 8017). */
enum err service_account_sign(const struct service_account *s, const void *bytes, size_t n,
                              struct buffer *out, struct error *e);

#endif
