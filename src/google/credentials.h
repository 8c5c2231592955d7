/* Access tokens: where they come from, kept until 5 minutes before they end, or half their life.
 *
 * GOOGLE_APPLICATION_CREDENTIALS names a file: a service account's key (RFC 7523), an authorized
 * user (refresh token) or an external account (workload identity federation, file or URL source:
 * AIP-4117). Without it the metadata server is asked. https://google.aip.dev/auth/4110
 */
#ifndef PDF_OCR_GOOGLE_CREDENTIALS_H
#define PDF_OCR_GOOGLE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "google/client.h"

struct google_credentials;

struct google_credentials_options {
    const struct clock *clock;
    struct google_client *http;  /* borrowed: a client of its own, without credentials */
    const char *file;            /* NULL: the metadata server */
    const char *metadata_host;   /* host or host:port */
    const char *service_account; /* whose name signatures carry; NULL: the file's or metadata's */
};

/* Reads and checks the file; asks nobody yet. ERR_UNPROCESSABLE says what is wrong with it. */
enum err google_credentials_open(const struct google_credentials_options *o,
                                 struct google_credentials **out, struct error *e);
void google_credentials_close(struct google_credentials *c);

/* A token that holds for some minutes; borrowed until the next call. *number tells it from others
 * of c. */
enum err google_credentials_token(struct google_credentials *c, const char **token,
                                  unsigned *number, struct error *e);

/* A server did not take this token: if there is no newer one yet, the next call gets one. */
void google_credentials_refuse(struct google_credentials *c, unsigned number);

/* Both, for a client. */
struct google_tokens google_credentials_tokens(struct google_credentials *c);

/* The e-mail address signatures are made for; borrowed. */
enum err google_credentials_email(struct google_credentials *c, const char **email,
                                  struct error *e);

/* Whether there is an account that signs links: it is set, or named by the file, or the metadata
 * server knows it. */
bool google_credentials_have_signer(const struct google_credentials *c);

/* Whether the private key of the account that signs is at hand. */
bool google_credentials_can_sign(const struct google_credentials *c);

/* RSASSA-PKCS1-v1_5 with SHA-256 by the local key; appends the signature's bytes. */
enum err google_credentials_sign(const struct google_credentials *c, const void *bytes, size_t n,
                                 struct buffer *out, struct error *e);

#endif
