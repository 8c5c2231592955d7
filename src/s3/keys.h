/* The keys that requests and links are signed with, and where they come from.
 *
 * AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or the endpoint that a container is told of
 * (AWS_CONTAINER_CREDENTIALS_...); or the instance's own (IMDSv2). What an endpoint gave is renewed
 * 5 minutes before it ends, or after half its life.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
 */
#ifndef PDF_OCR_S3_KEYS_H
#define PDF_OCR_S3_KEYS_H

#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "s3/settings.h"

struct s3_keys {
    char *access, *secret;
    char *token;        /* NULL: none is sent along */
    int64_t expires_us; /* 0: never */
};

struct s3_keyring;

/* Whether the settings name keys, or where to ask, as they must. Asks nobody. */
enum err s3_keyring_check(const struct s3_settings *settings, struct error *e);

/* settings and source are borrowed. Asks nobody yet. */
enum err s3_keyring_open(const struct s3_settings *settings, const struct clock *clock,
                         struct s3_keyring **out, struct error *e);
void s3_keyring_close(struct s3_keyring *k);

/* Keys that hold for a while; borrowed until the next call. ERR_UNAVAILABLE, ERR_TIMEOUT: the
 * endpoint does not give any. */
enum err s3_keyring_get(struct s3_keyring *k, const struct s3_keys **out, struct error *e);

/* The server did not take these keys: the next call asks for others. false: there are no others. */
bool s3_keyring_renew(struct s3_keyring *k);

#endif
