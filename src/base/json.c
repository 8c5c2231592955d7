#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

#define MAX_EXACT_REAL 9007199254740992.0 /* 2^53 */

enum err json_parse(const char *text, size_t len, json_t **out, struct error *e)
{
    json_error_t where;
    *out = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (*out != NULL)
        return ERR_OK;
    if (json_error_code(&where) == json_error_out_of_memory)
        return error_no_memory(e);
    return error_set(e, ERR_BAD_REQUEST, "The body is not valid JSON: line %d, column %d: %s.",
                     where.line, where.column, where.text);
}

struct json_at json_root(json_t *value)
{
    return (struct json_at){value, ""};
}

struct json_at json_member(const struct json_at *object, const char *name)
{
    struct json_at at = {json_object_get(object->value, name), ""};
    int n = snprintf(at.pointer, sizeof at.pointer, "%s/%s", object->pointer, name);
    if (n >= (int)sizeof at.pointer)
        memcpy(at.pointer + sizeof at.pointer - 4, "...", 4);
    return at;
}

struct json_at json_item(const struct json_at *array, size_t index)
{
    struct json_at at = {json_array_get(array->value, index), ""};
    int n = snprintf(at.pointer, sizeof at.pointer, "%s/%zu", array->pointer, index);
    if (n >= (int)sizeof at.pointer)
        memcpy(at.pointer + sizeof at.pointer - 4, "...", 4);
    return at;
}

bool json_missing(const struct json_at *at)
{
    return at->value == NULL || json_is_null(at->value);
}

enum err json_refuse(const struct json_at *at, struct error *e, const char *fmt, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return error_set(e, ERR_UNPROCESSABLE, "%s: %s", at->pointer[0] != '\0' ? at->pointer : "body",
                     text);
}

static enum err expected(const struct json_at *at, const char *type, struct error *e)
{
    return json_refuse(at, e, json_missing(at) ? "is missing (%s expected)" : "must be %s", type);
}

enum err json_only(const struct json_at *object, const char *const *names, struct error *e)
{
    const char *key;
    json_t *value;
    struct buffer known = BUFFER_INIT;
    enum err err = ERR_OK;
    json_object_foreach(object->value, key, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0)
            i++;
        if (names[i] != NULL)
            continue;
        for (i = 0; names[i] != NULL; i++)
            buffer_printf(&known, "%s%s", i > 0 ? ", " : "", names[i]);
        struct json_at at = json_member(object, key);
        err = buffer_failed(&known) ? error_no_memory(e)
                                    : error_set(e, ERR_UNKNOWN_NAME, "%s: is not known; known: %s",
                                                at.pointer, known.data);
        break;
    }
    buffer_free(&known);
    return err;
}

enum err json_read_object(const struct json_at *at, struct error *e)
{
    return json_is_object(at->value) ? ERR_OK : expected(at, "an object", e);
}

enum err json_read_array(const struct json_at *at, size_t max_items, size_t *n, struct error *e)
{
    if (!json_is_array(at->value))
        return expected(at, "an array", e);
    *n = json_array_size(at->value);
    if (*n > max_items)
        return json_refuse(at, e, "has %zu items; at most %zu are allowed", *n, max_items);
    return ERR_OK;
}

enum err json_read_string(const struct json_at *at, size_t min_len, size_t max_len,
                          const char **out, struct error *e)
{
    if (!json_is_string(at->value))
        return expected(at, "a string", e);
    size_t len = json_string_length(at->value);
    *out = json_string_value(at->value);
    if (strlen(*out) != len)
        return json_refuse(at, e, "must not hold U+0000");
    if (len < min_len || len > max_len)
        return json_refuse(at, e, "must be %zu to %zu bytes long", min_len, max_len);
    return ERR_OK;
}

enum err json_read_integer(const struct json_at *at, int64_t min, int64_t max, int64_t *out,
                           struct error *e)
{
    double real = json_is_real(at->value) ? json_real_value(at->value) : 0.5;
    bool whole = fabs(real) < MAX_EXACT_REAL && real == floor(real);
    if (!json_is_integer(at->value) && !whole)
        return expected(at, "an integer", e);
    *out = whole ? (int64_t)real : json_integer_value(at->value);
    if (*out < min || *out > max)
        return json_refuse(at, e, "must be %" PRId64 " to %" PRId64, min, max);
    return ERR_OK;
}

enum err json_read_number(const struct json_at *at, double min, double max, double *out,
                          struct error *e)
{
    if (!json_is_number(at->value))
        return expected(at, "a number", e);
    *out = json_number_value(at->value);
    if (!isfinite(*out) || *out < min || *out > max)
        return json_refuse(at, e, "must be %g to %g", min, max);
    return ERR_OK;
}

enum err json_read_bool(const struct json_at *at, bool *out, struct error *e)
{
    if (!json_is_boolean(at->value))
        return expected(at, "true or false", e);
    *out = json_is_true(at->value);
    return ERR_OK;
}

enum err json_read_enum(const struct json_at *at, const char *const *names, int *out,
                        struct error *e)
{
    struct buffer list = BUFFER_INIT;
    const char *value = json_string_value(at->value);
    enum err err = ERR_OK;
    for (int i = 0; names[i] != NULL; i++) {
        if (value != NULL && strcmp(value, names[i]) == 0) {
            *out = i;
            goto out;
        }
        buffer_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    err = json_refuse(at, e, "must be one of %s", list.failed ? "the known values" : list.data);
out:
    buffer_free(&list);
    return err;
}
