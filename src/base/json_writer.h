/* Writing JSON (RFC 8259) as it comes, without a tree: the writer keeps the commas.
 *
 *     struct json_writer w = {.out = &buffer};
 *     json_begin_object(&w, NULL);
 *     json_put_string(&w, "name", text);
 *     json_end_object(&w);
 *
 * key names a member of the object at hand; it is written as it is, so it is a literal. It is NULL
 * for an item of an array and for the outermost value. A failed allocation shows in the buffer.
 */
#ifndef PDF_OCR_BASE_JSON_WRITER_H
#define PDF_OCR_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct json_writer {
    struct buffer *out; /* borrowed */
    bool comma;         /* the next value is not the first */
    bool line;          /* it begins a line */
};

void json_begin_object(struct json_writer *w, const char *key);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *key);
void json_end_array(struct json_writer *w);

/* Begins a line before the next value. */
void json_new_line(struct json_writer *w);

/* As buffer_json_string: `null` when text is NULL. */
void json_put_string(struct json_writer *w, const char *key, const char *text);
void json_put_int(struct json_writer *w, const char *key, int64_t value);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);
void json_put_real(struct json_writer *w, const char *key, double value, int decimals);

/* As buffer_json_time: `null` when us is 0. */
void json_put_time(struct json_writer *w, const char *key, int64_t us);

/* json is JSON already. */
void json_put_json(struct json_writer *w, const char *key, const char *json);

#endif
