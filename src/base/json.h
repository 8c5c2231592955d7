/* Reading JSON from outside with errors that say where: `/regions/3/width: must be > 0`.
 *
 * A thin layer over Jansson. A json_at is a value and the JSON Pointer (RFC 6901) that led to it;
 * readers set *e (ERR_UNPROCESSABLE, detail `POINTER: what was expected`) and return its kind.
 */
#ifndef PDF_OCR_BASE_JSON_H
#define PDF_OCR_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define JSON_POINTER_MAX 128

struct json_at {
    json_t *value; /* borrowed; NULL when a member is absent */
    char pointer[JSON_POINTER_MAX];
};

/* Parses one JSON text: UTF-8, no duplicate keys, nesting as deep as Jansson allows (2048).
 * ERR_BAD_REQUEST with line and column when it is not. *out is owned by the caller. */
enum err json_parse(const char *text, size_t len, json_t **out, struct error *e);

struct json_at json_root(json_t *value);
struct json_at json_member(const struct json_at *object, const char *name);
struct json_at json_item(const struct json_at *array, size_t index);

/* Absent and null count as missing. */
bool json_missing(const struct json_at *at);

/* Checks that an object has no other members than names (ended by NULL); what is no object has
 * none. ERR_UNKNOWN_NAME, which tells the names that are known. */
enum err json_only(const struct json_at *object, const char *const *names, struct error *e);

/* Each reads a value of that type; 2.0 is an integer. len limits are bytes of UTF-8; a string with
 * U+0000 is refused. The string is borrowed from the tree. */
enum err json_read_object(const struct json_at *at, struct error *e);
enum err json_read_array(const struct json_at *at, size_t max_items, size_t *n, struct error *e);
enum err json_read_string(const struct json_at *at, size_t min_len, size_t max_len,
                          const char **out, struct error *e);
enum err json_read_integer(const struct json_at *at, int64_t min, int64_t max, int64_t *out,
                           struct error *e);
enum err json_read_number(const struct json_at *at, double min, double max, double *out,
                          struct error *e);
enum err json_read_bool(const struct json_at *at, bool *out, struct error *e);

/* Reads a string that must be one of names (ended by NULL); *out is its index. The error lists
 * the names. */
enum err json_read_enum(const struct json_at *at, const char *const *names, int *out,
                        struct error *e);

/* Sets ERR_UNPROCESSABLE `POINTER: text` for a rule of the caller's own. */
enum err json_refuse(const struct json_at *at, struct error *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
