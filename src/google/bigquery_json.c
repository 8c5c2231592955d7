#include "google/bigquery_json.h"

#include <stdlib.h>
#include <string.h>

#include "google/bigquery_number.h"

void bigquery_put_string(struct buffer *out, const char *text, size_t n)
{
    static const char *const escapes[0x20] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
    size_t plain = 0;
    buffer_append(out, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buffer_append(out, text + plain, i - plain);
        plain = i + 1;
        if (c >= 0x20)
            buffer_printf(out, "\\%c", c);
        else if (escapes[c] != NULL)
            buffer_puts(out, escapes[c]);
        else
            buffer_printf(out, "\\u%04x", c);
    }
    buffer_append(out, text + plain, n - plain);
    buffer_append(out, "\"", 1);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_object(struct buffer *out, const json_t *plain)
{
    size_t n = json_object_size(plain), i = 0;
    const char **names = calloc(n + 1, sizeof *names), *name;
    json_t *value;
    if (names == NULL) {
        out->failed = true;
        return;
    }
    json_object_foreach((json_t *)plain, name, value) names[i++] = name;
    qsort(names, n, sizeof *names, by_name);
    buffer_puts(out, "{");
    for (i = 0; i < n; i++) {
        if (i > 0)
            buffer_puts(out, ",");
        bigquery_put_string(out, names[i], strlen(names[i]));
        buffer_puts(out, ":");
        bigquery_put_json(out, json_object_get(plain, names[i]));
    }
    buffer_puts(out, "}");
    free(names);
}

static void put_array(struct buffer *out, const json_t *plain)
{
    buffer_puts(out, "[");
    for (size_t i = 0; i < json_array_size(plain); i++) {
        if (i > 0)
            buffer_puts(out, ",");
        bigquery_put_json(out, json_array_get(plain, i));
    }
    buffer_puts(out, "]");
}

void bigquery_put_json(struct buffer *out, const json_t *plain)
{
    switch (json_typeof(plain)) {
    case JSON_OBJECT:
        put_object(out, plain);
        break;
    case JSON_ARRAY:
        put_array(out, plain);
        break;
    case JSON_STRING:
        bigquery_put_string(out, json_string_value(plain), json_string_length(plain));
        break;
    case JSON_INTEGER:
        buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(plain));
        break;
    case JSON_REAL:
        bigquery_put_number(out, json_real_value(plain));
        break;
    case JSON_TRUE:
        buffer_puts(out, "true");
        break;
    case JSON_FALSE:
        buffer_puts(out, "false");
        break;
    case JSON_NULL:
        buffer_puts(out, "null");
        break;
    }
}
