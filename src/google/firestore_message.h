/* Firestore's messages as gRPC carries them (firestore.proto).
 * https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1
 */
#ifndef PDF_OCR_GOOGLE_FIRESTORE_MESSAGE_H
#define PDF_OCR_GOOGLE_FIRESTORE_MESSAGE_H

#include <jansson.h>

#include "base/buffer.h"
#include "base/error.h"

#define FIRESTORE_FIELDS_MAX 32

/* The documents of a collection in the order of their names. */
struct firestore_query {
    const char *parent; /* projects/P/databases/D/documents */
    const char *collection;
    const char *const *fields; /* what is wanted of them, FIRESTORE_FIELDS_MAX at most */
    size_t n_fields;
    const char *after; /* name of the document before the first, or NULL */
    int limit;
};

/* Appends a RunQueryRequest. */
enum err firestore_pack_query(const struct firestore_query *q, struct buffer *out, struct error *e);

/* Makes the document of a RunQueryResponse as REST gives it (the JSON mapping of protobuf); NULL
 * when it has none. ERR_UNPROCESSABLE for one that JSON cannot hold, with its name all the same;
 * ERR_UNAVAILABLE for what is no RunQueryResponse. *document is the caller's. */
enum err firestore_unpack_document(const void *message, size_t n, json_t **document,
                                   struct error *e);

#endif
