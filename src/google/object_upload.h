/* Uploading an object to a bucket: https://cloud.google.com/storage/docs/uploads-downloads */
#ifndef PDF_OCR_GOOGLE_OBJECT_UPLOAD_H
#define PDF_OCR_GOOGLE_OBJECT_UPLOAD_H

#include "google/client.h"

/* What is uploaded where; all is borrowed. */
struct object_upload {
    struct google_client *client;
    const char *bucket, *name, *content_type;
    bool create_only; /* ERR_CONFLICT when the object is there */
    bool
        is_result; /* browsers save it under the last part of its name, and caches do not keep it */
};

enum err object_upload_bytes(const struct object_upload *u, const void *bytes, size_t n,
                             struct error *e);

/* The first size bytes of the file fd; a large one is sent in chunks that are repeated singly. */
enum err object_upload_file(const struct object_upload *u, int fd, int64_t size, struct error *e);

#endif
