/* Where time, randomness and ids come from, so that tests can hold them still. */
#ifndef PDF_OCR_BASE_SOURCE_H
#define PDF_OCR_BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define US_PER_S INT64_C(1000000)
#define UUID_LEN 36

struct source {
    int64_t (*now_us)(void *self); /* microseconds since the epoch, UTC */
    void (*random_bytes)(void *self, void *out, size_t n);
    void *self;
    int64_t (*steady_us)(void *self); /* base/steady.h; NULL: now_us */
};

/* The system clock and libsodium's generator. */
extern const struct source system_source;

int64_t source_now_us(const struct source *s);

/* The clock of leases, delays and due times. */
int64_t source_steady_us(const struct source *s);

/* Writes a random UUID, version 4 (RFC 9562), lower case, NUL-terminated. */
void source_uuid(const struct source *s, char out[UUID_LEN + 1]);

/* Whether text is a UUID of any version, in lower case. */
bool uuid_valid(const char *text);

/* Writes n_bytes random bytes as lower-case hex; out holds 2 * n_bytes + 1. */
void source_hex(const struct source *s, char *out, size_t n_bytes);

/* first_us doubled so many times, but never more than most_us: a delay that grows. */
int64_t backoff_us(int64_t first_us, int64_t doublings, int64_t most_us);

/* A time in [us/2, us], uniformly: the jitter put on delays. */
int64_t source_jitter_us(const struct source *s, int64_t us);

/* Monotonic microseconds, for durations and deadlines inside one process only. */
int64_t monotonic_us(void);

#endif
