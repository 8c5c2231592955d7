#include "google/firestore_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/rfc3339.h"

#define AS_TEXT    "json_text"
#define NAME_MOST  1500 /* bytes; https://firebase.google.com/docs/firestore/quotas */
#define DEPTH_MOST 16   /* Firestore: 20, and the document's own fields are one */

static json_t *wrap(const char *type, json_t *inner)
{
    return inner != NULL ? json_pack("{s:o}", type, inner) : NULL;
}

static json_t *null_value(void)
{
    return wrap("nullValue", json_null());
}

/* What is not UTF-8 is replaced, so that no text keeps a job from being stored. */
json_t *fs_string(const char *text)
{
    struct buffer clean = BUFFER_INIT;
    if (text == NULL)
        return null_value();
    buffer_json_string(&clean, text);
    json_t *value = buffer_failed(&clean) ? NULL : json_loads(clean.data, JSON_DECODE_ANY, NULL);
    buffer_free(&clean);
    return wrap("stringValue", value);
}

json_t *fs_integer(int64_t n)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, n);
    return wrap("integerValue", json_string(digits));
}

json_t *fs_boolean(bool b)
{
    return wrap("booleanValue", json_boolean(b));
}

json_t *fs_time(int64_t us)
{
    char text[RFC3339_LEN + 1];
    if (us == 0)
        return null_value();
    rfc3339_format(us, text);
    return wrap("timestampValue", json_string(text));
}

/* --- JSON to values --- */

/* Firestore keeps names of the form __.*__ for itself. */
static bool is_name(const char *key)
{
    size_t n = strlen(key);
    return n > 0 && n <= NAME_MOST &&
           !(n >= 4 && strncmp(key, "__", 2) == 0 && strcmp(key + n - 2, "__") == 0);
}

/* Whether a map can hold it as it is, and fs_to_json will not take it for a text of ours. */
static bool is_map(const json_t *plain)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)plain, key, value)
    {
        if (!is_name(key))
            return false;
    }
    return json_object_size(plain) != 1 || json_object_get(plain, AS_TEXT) == NULL;
}

static json_t *from_json(const json_t *plain, int depth);

static json_t *as_text(const json_t *plain)
{
    char *text = json_dumps(plain, JSON_COMPACT);
    json_t *value = text != NULL ? fs_string(text) : NULL;
    free(text);
    return wrap("mapValue", wrap("fields", wrap(AS_TEXT, value)));
}

static json_t *map_from_json(const json_t *plain, int depth)
{
    json_t *fields = json_object(), *value;
    const char *key;
    json_object_foreach((json_t *)plain, key, value)
    {
        if (fields != NULL && json_object_set_new(fields, key, from_json(value, depth + 1)) != 0) {
            json_decref(fields);
            fields = NULL;
        }
    }
    return wrap("mapValue", wrap("fields", fields));
}

static json_t *array_from_json(const json_t *plain, int depth)
{
    json_t *values = json_array(), *item;
    size_t i;
    json_array_foreach((json_t *)plain, i, item)
    {
        json_t *value = json_is_array(item) ? as_text(item) : from_json(item, depth + 1);
        if (values != NULL && json_array_append_new(values, value) != 0) {
            json_decref(values);
            values = NULL;
        }
    }
    return wrap("arrayValue", wrap("values", values));
}

static json_t *from_json(const json_t *plain, int depth)
{
    switch (json_typeof(plain)) {
    case JSON_OBJECT:
        return depth < DEPTH_MOST && is_map(plain) ? map_from_json(plain, depth) : as_text(plain);
    case JSON_ARRAY:
        return depth < DEPTH_MOST ? array_from_json(plain, depth) : as_text(plain);
    case JSON_STRING: /* with its NULs, if it has any */
        return wrap("stringValue", json_copy((json_t *)plain));
    case JSON_INTEGER:
        return fs_integer(json_integer_value(plain));
    case JSON_REAL:
        return wrap("doubleValue", json_real(json_real_value(plain)));
    case JSON_TRUE:
    case JSON_FALSE:
        return fs_boolean(json_is_true(plain));
    case JSON_NULL:
        break;
    }
    return null_value();
}

json_t *fs_from_json(const json_t *plain)
{
    return from_json(plain, 0);
}

/* --- values to JSON --- */

static json_t *map_to_json(const json_t *fields)
{
    const char *text = json_object_size(fields) == 1 ? fs_get_string(fields, AS_TEXT) : NULL;
    json_t *plain = text != NULL ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    if (plain != NULL)
        return plain;
    json_t *value;
    plain = json_object();
    const char *key;
    json_object_foreach((json_t *)fields, key, value)
    {
        if (plain != NULL && json_object_set_new(plain, key, fs_to_json(value)) != 0) {
            json_decref(plain);
            plain = NULL;
        }
    }
    return plain;
}

static json_t *array_to_json(const json_t *values)
{
    json_t *plain = json_array(), *value;
    size_t i;
    json_array_foreach((json_t *)values, i, value)
    {
        if (plain != NULL && json_array_append_new(plain, fs_to_json(value)) != 0) {
            json_decref(plain);
            plain = NULL;
        }
    }
    return plain;
}

static json_t *integer_to_json(const json_t *value)
{
    const char *digits = json_string_value(value);
    return digits != NULL ? json_integer(strtoll(digits, NULL, 10)) : json_copy((json_t *)value);
}

/* A whole number is sent without its point; it is a real all the same. */
static json_t *double_to_json(const json_t *value)
{
    return json_is_integer(value) ? json_real((double)json_integer_value(value))
                                  : json_copy((json_t *)value);
}

json_t *fs_to_json(const json_t *value)
{
    const char *type = json_object_iter_key(json_object_iter((json_t *)value));
    const json_t *inner = type != NULL ? json_object_get(value, type) : NULL;
    if (inner == NULL)
        return NULL;
    if (strcmp(type, "mapValue") == 0)
        return map_to_json(json_object_get(inner, "fields"));
    if (strcmp(type, "arrayValue") == 0)
        return array_to_json(json_object_get(inner, "values"));
    if (strcmp(type, "integerValue") == 0)
        return integer_to_json(inner);
    if (strcmp(type, "doubleValue") == 0)
        return double_to_json(inner);
    return json_deep_copy(inner); /* null, boolean, string, time, bytes, reference, point */
}

/* --- readers --- */

static const json_t *typed(const json_t *fields, const char *name, const char *type)
{
    return json_object_get(json_object_get(fields, name), type);
}

const char *fs_get_string(const json_t *fields, const char *name)
{
    return json_string_value(typed(fields, name, "stringValue"));
}

int64_t fs_get_integer(const json_t *fields, const char *name)
{
    const json_t *n = typed(fields, name, "integerValue");
    const char *digits = json_string_value(n);
    return digits != NULL ? strtoll(digits, NULL, 10) : json_integer_value(n);
}

bool fs_get_boolean(const json_t *fields, const char *name)
{
    return json_is_true(typed(fields, name, "booleanValue"));
}

int64_t fs_get_time(const json_t *fields, const char *name)
{
    const char *text = json_string_value(typed(fields, name, "timestampValue"));
    int64_t us = 0;
    if (text == NULL)
        text = fs_get_string(fields, name);
    return text != NULL && rfc3339_parse(text, &us) == 0 ? us : 0;
}

const json_t *fs_get_map(const json_t *fields, const char *name)
{
    return json_object_get(typed(fields, name, "mapValue"), "fields");
}

char *fs_get_json_text(const json_t *fields, const char *name)
{
    const json_t *value = json_object_get(fields, name);
    json_t *plain = value != NULL ? fs_to_json(value) : NULL;
    char *text = plain != NULL && !json_is_null(plain)
                     ? json_dumps(plain, JSON_COMPACT | JSON_ENCODE_ANY)
                     : NULL;
    json_decref(plain);
    return text;
}
