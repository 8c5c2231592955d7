/* V4 signed URLs of Cloud Storage (GOOG4-RSA-SHA256).
 * https://cloud.google.com/storage/docs/authentication/canonical-requests */
#ifndef PDF_OCR_GOOGLE_SIGNED_URL_V4_H
#define PDF_OCR_GOOGLE_SIGNED_URL_V4_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define SIGNED_URL_V4_MOST_S 604800 /* 7 days */

#define SIGNED_URL_V4_LIMIT "x-goog-content-length-range"

struct signed_url_v4 {
    const char *base;   /* https://storage.googleapis.com: no slash at the end */
    const char *method; /* GET, PUT */
    const char *bucket, *object;
    const char *content_type; /* to be sent by the client; NULL: any */
    int64_t most_bytes;       /* of a PUT: SIGNED_URL_V4_LIMIT is to be sent as `0,MOST`; 0: any */
    const char *email;        /* of the account that signs */
    int64_t signed_s;         /* seconds since the epoch */
    int64_t life_s;           /* at most SIGNED_URL_V4_MOST_S */
};

/* Appends the text to be signed (RSASSA-PKCS1-v1_5, SHA-256). */
enum err signed_url_v4_string_to_sign(const struct signed_url_v4 *u, struct buffer *out,
                                      struct error *e);

/* Appends the URL with its signature. */
enum err signed_url_v4_finish(const struct signed_url_v4 *u, const unsigned char *signature,
                              size_t n, struct buffer *out, struct error *e);

#endif
