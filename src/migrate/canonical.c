#include "migrate/canonical.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void canonical_string(struct buffer *out, const char *text, size_t n)
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

/* The fewest significant digits that read back as the same number; subnormal ones need few. */
static void shortest_digits(double number, char *out, size_t size)
{
    for (int precision = fabs(number) < 2.3e-308 ? 1 : 15; precision <= 17; precision++) {
        (void)snprintf(out, size, "%.*e", precision - 1, number);
        if (strtod(out, NULL) == number)
            return;
    }
}

/* Plain notation from 1e-4 to below 1e15, as BigQuery writes them; else an exponent. */
void canonical_real(struct buffer *out, double number)
{
    char text[40], digits[24] = "";
    size_t n = 0;
    shortest_digits(number, text, sizeof text);
    const char *exponent_at = strchr(text, 'e');
    int exponent = exponent_at != NULL ? atoi(exponent_at + 1) : 0;
    for (const char *p = text; p < exponent_at; p++)
        if (*p >= '0' && *p <= '9')
            digits[n++] = *p;
    while (n > 1 && digits[n - 1] == '0')
        digits[--n] = '\0';
    int point = exponent + 1, len = (int)n; /* digits before the point */
    if (signbit(number))
        buffer_puts(out, "-");
    if (len <= point && point <= 15)
        buffer_printf(out, "%s%.*s.0", digits, point - len, "000000000000000");
    else if (0 < point && point <= 15)
        buffer_printf(out, "%.*s.%s", point, digits, digits + point);
    else if (-4 < point && point <= 0)
        buffer_printf(out, "0.%.*s%s", -point, "0000", digits);
    else
        buffer_printf(out, "%.1s%s%se%c%02d", digits, len > 1 ? "." : "", digits + 1,
                      exponent < 0 ? '-' : '+', abs(exponent));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void canonical_object(struct buffer *out, const json_t *plain)
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
        canonical_string(out, names[i], strlen(names[i]));
        buffer_puts(out, ":");
        canonical_json(out, json_object_get(plain, names[i]));
    }
    buffer_puts(out, "}");
    free(names);
}

static void canonical_array(struct buffer *out, const json_t *plain)
{
    buffer_puts(out, "[");
    for (size_t i = 0; i < json_array_size(plain); i++) {
        if (i > 0)
            buffer_puts(out, ",");
        canonical_json(out, json_array_get(plain, i));
    }
    buffer_puts(out, "]");
}

void canonical_json(struct buffer *out, const json_t *plain)
{
    switch (json_typeof(plain)) {
    case JSON_OBJECT:
        canonical_object(out, plain);
        break;
    case JSON_ARRAY:
        canonical_array(out, plain);
        break;
    case JSON_STRING:
        canonical_string(out, json_string_value(plain), json_string_length(plain));
        break;
    case JSON_INTEGER:
        buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(plain));
        break;
    case JSON_REAL:
        canonical_real(out, json_real_value(plain));
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
