/* Links to objects that need no other credentials: presigned URLs of Signature Version 4.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
#ifndef PDF_OCR_S3_PRESIGN_H
#define PDF_OCR_S3_PRESIGN_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "s3/keys.h"

#define PRESIGN_MOST_S 604800 /* 7 days */

struct presign {
    const char *base;         /* of the bucket: s3_base_url (s3/client.h); no slash at the end */
    const char *method;       /* GET, PUT */
    const char *name;         /* of the object */
    const char *content_type; /* to be sent by the client; NULL: any */
    const char *region;
    const struct s3_keys *keys;
    int64_t signed_s; /* seconds since the epoch */
    int64_t life_s;   /* at most PRESIGN_MOST_S */
};

/* Appends the URL. */
enum err presign_url(const struct presign *p, struct buffer *out, struct error *e);

#endif
