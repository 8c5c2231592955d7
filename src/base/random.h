/* Ids, random or made of what they name, and random delays, by libsodium. */
#ifndef PDF_OCR_BASE_RANDOM_H
#define PDF_OCR_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_LEN 36

/* Writes a random UUID, version 4 (RFC 9562), lower case, NUL-terminated. */
void random_uuid(char out[UUID_LEN + 1]);

/* Writes a UUID of version 8 (RFC 9562) that is made of two texts: the same for the same two. */
void uuid_of_texts(const char *a, const char *b, char out[UUID_LEN + 1]);

/* Whether text is a UUID of any version, in lower case. */
bool uuid_valid(const char *text);

/* Writes n_bytes random bytes as lower-case hex; out holds 2 * n_bytes + 1. */
void random_hex(char *out, size_t n_bytes);

/* A time in [us/2, us], uniformly: the jitter put on delays. */
int64_t random_jitter_us(int64_t us);

/* A time in [0, us], uniformly: "full jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
int64_t random_full_jitter_us(int64_t us);

#endif
