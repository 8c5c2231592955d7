/* A growable byte string for building replies, files and SQL-free text; or, with a drain, a stream
 * of which no more than BUFFER_HELD bytes and one append are in memory.
 *
 * Appending to a buffer whose allocation failed is a no-op; check buffer_failed() once, at the
 * end. data is always NUL-terminated when len > 0; it may hold NULs before that.
 */
#ifndef PDF_OCR_BASE_BUFFER_H
#define PDF_OCR_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#define BUFFER_HELD 65536

/* Takes the oldest bytes away; false: it cannot, and the buffer has failed. */
typedef bool buffer_drain_fn(void *self, const char *bytes, size_t n);

struct buffer {
    char *data; /* NULL until the first append */
    size_t len;
    size_t cap;
    bool failed;
    size_t max;             /* bytes it may be given in all; 0: any number */
    bool full;              /* it failed because of max */
    size_t gone;            /* bytes that were drained */
    buffer_drain_fn *drain; /* NULL: all bytes stay in data */
    void *drain_self;
};

#define BUFFER_INIT                                                                                \
    {                                                                                              \
        NULL, 0, 0, false, 0, false, 0, NULL, NULL                                                 \
    }

void buffer_append(struct buffer *b, const void *bytes, size_t n);
void buffer_puts(struct buffer *b, const char *text);
void buffer_printf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends text as a JSON string with its quotes (RFC 8259), or `null` when text is NULL. Bytes
 * that are not UTF-8 become U+FFFD, so the output is always valid JSON. */
void buffer_json_string(struct buffer *b, const char *text);

/* Appends microseconds since the epoch as a quoted RFC 3339 UTC time, or `null` when us is 0. */
void buffer_json_time(struct buffer *b, long long us);

bool buffer_failed(const struct buffer *b);

/* Whether nothing was appended yet. */
bool buffer_is_empty(const struct buffer *b);

/* Drains what is held; nothing without a drain. */
void buffer_flush(struct buffer *b);

/* Empties without giving the memory back. */
void buffer_reset(struct buffer *b);

/* Frees the memory and leaves an empty, usable buffer. */
void buffer_free(struct buffer *b);

/* Hands the bytes over: the caller frees the result with free(). NULL when failed; "" if empty. */
char *buffer_take(struct buffer *b);

#endif
