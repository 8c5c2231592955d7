/* What S3 answers, in XML: errors, lists, upload ids.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
#ifndef PDF_OCR_S3_REPLY_H
#define PDF_OCR_S3_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "ports/blob_store.h"

/* What to do about an answer that is not the one hoped for. */
enum verdict {
    VERDICT_FINAL,    /* it stays so */
    VERDICT_AGAIN,    /* it may pass by itself */
    VERDICT_KEYS,     /* the keys have ended; others may be let in */
    VERDICT_OPERATOR, /* somebody has to set something right */
};

/* The kind of a failed answer, by its status and the code of its body, which may be none; *e tells
 * it. 404 ERR_NOT_FOUND, NoSuchUpload ERR_GONE, 412 ERR_CONFLICT, 413 ERR_TOO_LARGE, 429
 * ERR_RATE_LIMITED, no room ERR_STORAGE_FULL, other 4xx and 5xx ERR_UNAVAILABLE or ERR_TIMEOUT. */
enum err reply_judge(long status, const char *body, size_t n, enum verdict *verdict,
                     struct error *e);

/* An ETag without its quotes is the version of an object; "" when it is not of the usual kind. */
void reply_version(const char *etag, char out[BLOB_VERSION_MAX + 1]);

/* Whether a body is an error: some come with status 200. */
bool reply_is_error(const char *body, size_t n);

/* Appends the text of an element right below the root; ERR_UNAVAILABLE when there is none. */
enum err reply_text(const char *body, size_t n, const char *element, struct buffer *out,
                    struct error *e);

/* Is given each object of a list, in order; an error ends it. Set *enough to end it well. */
typedef enum err (*reply_object_fn)(void *self, const char *name, const struct blob_info *info,
                                    bool *enough, struct error *e);

/* Reads a page of ListObjectsV2; appends to next the token of the page that follows, if any. */
enum err reply_list(const char *body, size_t n, reply_object_fn each, void *self, bool *enough,
                    struct buffer *next, struct error *e);

#endif
