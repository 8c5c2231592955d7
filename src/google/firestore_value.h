/* Firestore's typed values as Jansson trees, and back.
 * https://firestore.googleapis.com/$discovery/rest?version=v1 (Value)
 *
 * Integers are 64-bit (strings on the wire), times keep every digit they came with. JSON goes
 * there and comes back unchanged; what Firestore cannot hold (an array directly inside an array, a
 * map with an empty or reserved name, what is nested too deeply) becomes a map with the one member
 * `json_text`. What JSON has no type for is only read, and comes as text: times as RFC 3339, bytes
 * as base64, references as names, NaN and infinities by name; a geographical point as {latitude,
 * longitude}.
 */
#ifndef PDF_OCR_GOOGLE_FIRESTORE_VALUE_H
#define PDF_OCR_GOOGLE_FIRESTORE_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Each makes a new Value, or NULL when memory is out. Text NULL and time 0 become nullValue. */
json_t *fs_string(const char *text);
json_t *fs_integer(int64_t n);
json_t *fs_boolean(bool b);
json_t *fs_time(int64_t us);
json_t *fs_from_json(const json_t *plain);

/* A new plain tree of a Value; NULL when memory is out or it is no Value. */
json_t *fs_to_json(const json_t *value);

/* Readers of a document's or map's `fields`. What is missing or of another type gives the
 * fallback: NULL, 0, false. Strings are borrowed. fs_get_time also reads a string in RFC 3339. */
const char *fs_get_string(const json_t *fields, const char *name);
int64_t fs_get_integer(const json_t *fields, const char *name);
bool fs_get_boolean(const json_t *fields, const char *name);
int64_t fs_get_time(const json_t *fields, const char *name);
const json_t *fs_get_map(const json_t *fields, const char *name); /* its fields */

/* The member as plain JSON text, owned; NULL when it is missing, null, or memory is out. */
char *fs_get_json_text(const json_t *fields, const char *name);

#endif
