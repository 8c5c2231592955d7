#include "google/grpc.h"

#include <stdint.h>

#define PREFIX 5 /* whether it is compressed, and the length */

static const struct {
    const char *name;
    long http;
} statuses[] = {
    {"OK", 200},
    {"CANCELLED", 499},
    {"UNKNOWN", 500},
    {"INVALID_ARGUMENT", 400},
    {"DEADLINE_EXCEEDED", 504},
    {"NOT_FOUND", 404},
    {"ALREADY_EXISTS", 409},
    {"PERMISSION_DENIED", 403},
    {"RESOURCE_EXHAUSTED", 429},
    {"FAILED_PRECONDITION", 400},
    {"ABORTED", 409},
    {"OUT_OF_RANGE", 400},
    {"UNIMPLEMENTED", 501},
    {"INTERNAL", 500},
    {"UNAVAILABLE", 503},
    {"DATA_LOSS", 500},
    {"UNAUTHENTICATED", 401},
};
#define UNKNOWN  2
#define STATUSES ((long)(sizeof statuses / sizeof statuses[0]))

long grpc_http_status(long status)
{
    return statuses[status >= 0 && status < STATUSES ? status : UNKNOWN].http;
}

const char *grpc_status_name(long status)
{
    return statuses[status >= 0 && status < STATUSES ? status : UNKNOWN].name;
}

void grpc_put(struct buffer *out, const void *message, size_t n)
{
    const unsigned char prefix[PREFIX] = {0, (unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                          (unsigned char)(n >> 8), (unsigned char)n};
    buffer_append(out, prefix, sizeof prefix);
    buffer_append(out, message, n);
}

/* How many bytes the message has that begins here, with its prefix; what is known of it so far. */
static enum err whole_length(const char *bytes, size_t n, size_t most, size_t *length,
                             struct error *e)
{
    const unsigned char *b = (const unsigned char *)bytes;
    *length = PREFIX;
    if (n >= PREFIX)
        *length += (size_t)b[1] << 24 | (size_t)b[2] << 16 | (size_t)b[3] << 8 | (size_t)b[4];
    if (n > 0 && b[0] != 0)
        return error_set(e, ERR_UNAVAILABLE, "An answer is compressed, or no gRPC.");
    return *length - PREFIX <= most
               ? ERR_OK
               : error_set(e, ERR_UNAVAILABLE, "An answer has a message of %zu bytes.", *length);
}

/* Adds to a message that has begun, and takes it where it is whole now. */
static enum err take_kept(struct buffer *kept, const char **bytes, size_t *n, size_t length,
                          size_t most, grpc_message_fn take, void *self, bool *enough,
                          struct error *e)
{
    size_t missing = length - kept->len, more = missing < *n ? missing : *n;
    buffer_append(kept, *bytes, more);
    *bytes += more;
    *n -= more;
    if (buffer_failed(kept))
        return error_no_memory(e);
    enum err err = whole_length(kept->data, kept->len, most, &length, e);
    if (err != ERR_OK || kept->len < length)
        return err;
    err = take(self, kept->data + PREFIX, length - PREFIX, enough, e);
    buffer_reset(kept);
    return err;
}

enum err grpc_take(struct buffer *kept, const char *bytes, size_t n, size_t most,
                   grpc_message_fn take, void *self, bool *enough, struct error *e)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && n > 0 && !*enough) {
        bool begun = kept->len > 0;
        size_t length;
        err = whole_length(begun ? kept->data : bytes, begun ? kept->len : n, most, &length, e);
        if (err == ERR_OK && (begun || n < length)) {
            err = take_kept(kept, &bytes, &n, length, most, take, self, enough, e);
        } else if (err == ERR_OK) { /* as a rule, and without a copy */
            err = take(self, bytes + PREFIX, length - PREFIX, enough, e);
            bytes += length;
            n -= length;
        }
    }
    return err;
}
