/* What gRPC adds to HTTP/2: messages with their length before them, and a status after them.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
#ifndef PDF_OCR_GOOGLE_GRPC_H
#define PDF_OCR_GOOGLE_GRPC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Appends a message with its prefix. */
void grpc_put(struct buffer *out, const void *message, size_t n);

/* Takes a message, which is only borrowed. *enough: no more are wanted. */
typedef enum err (*grpc_message_fn)(void *self, const void *message, size_t n, bool *enough,
                                    struct error *e);

/* Reads the next bytes of an answer and calls take with each message that is whole; what is left is
 * in *kept (BUFFER_INIT at first), which is empty when the answer may end. ERR_UNAVAILABLE for what
 * is no gRPC, compressed, or above most bytes; else the error of take. */
enum err grpc_take(struct buffer *kept, const char *bytes, size_t n, size_t most,
                   grpc_message_fn take, void *self, bool *enough, struct error *e);

/* The HTTP status that Google's APIs give in the place of a status of gRPC, 500 for what is none:
 * https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
long grpc_http_status(long status);

/* Its name, as in Google's error JSON; "UNKNOWN" for what is none. */
const char *grpc_status_name(long status);

#endif
