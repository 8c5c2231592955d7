/* Any bytes as the answer of Firestore's RunQuery by gRPC, which comes in two chunks. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "google/firestore_message.h"
#include "google/grpc.h"

#define MOST 4000 /* less than the bytes given, so that some are too large */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read keeps its promise. */
static enum err take(void *self, const void *message, size_t n, bool *enough, struct error *e)
{
    json_t *document = NULL;
    enum err err = firestore_unpack_document(message, n, &document, e);
    const json_t *name = json_object_get(document, "name");
    (void)self;
    (void)enough;
    if (err != ERR_OK && err != ERR_UNPROCESSABLE && err != ERR_UNAVAILABLE)
        abort();
    if (err == ERR_UNPROCESSABLE && !json_is_string(name))
        abort();
    if (err == ERR_OK && document != NULL &&
        (!json_is_string(name) || !json_is_object(json_object_get(document, "fields")) ||
         !json_is_string(json_object_get(document, "createTime"))))
        abort();
    json_decref(document);
    return err == ERR_UNPROCESSABLE ? ERR_OK : err;
}

/* Each chunk in memory of its own, so that what is read beyond it is seen. */
static enum err give(struct buffer *kept, const uint8_t *bytes, size_t n, bool *enough,
                     struct error *e)
{
    char *chunk = malloc(n + (n == 0));
    if (chunk == NULL)
        abort();
    if (n > 0)
        memcpy(chunk, bytes, n);
    enum err err = grpc_take(kept, chunk, n, MOST, take, NULL, enough, e);
    free(chunk);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer kept = BUFFER_INIT;
    struct error e;
    bool enough = false;
    size_t first = size > 0 ? data[size - 1] % size : 0;
    if (give(&kept, data, first, &enough, &e) == ERR_OK)
        (void)give(&kept, data + first, size - first, &enough, &e);
    buffer_free(&kept);
    return 0;
}
