#include "core/setting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/uri.h"
#include "core/origins.h"
#include "core/setting_text.h"

static void *field(void *values, const struct setting *s)
{
    return (char *)values + s->offset;
}

bool setting_is_kept(const struct setting *s)
{
    return s->offset != SETTING_NOT_KEPT;
}

bool setting_is_text(const struct setting *s)
{
    return s->type != SETTING_INTEGER && s->type != SETTING_BOOL && s->type != SETTING_ENUM;
}

void setting_append_expected(const struct setting *s, struct buffer *out)
{
    static const char *const of_type[] = {
        [SETTING_NAME] = "a name without spaces, quotes, braces, bars and ; & $ \\",
        [SETTING_PATH] = "a path without spaces, quotes, braces, bars and ; & $ \\",
        [SETTING_FILE] = "a file that can be read",
        [SETTING_URL] = "an http:// or https:// URL",
        [SETTING_BASE_URL] = "an http:// or https:// URL",
        [SETTING_JWKS] =
            "an https:// URL (http:// only for this machine), or a file that can be read",
        [SETTING_ORIGINS] = "origins such as https://app.example",
        [SETTING_NETWORKS] = "addresses or networks such as 10.0.0.0/8, comma separated; or any",
        [SETTING_COUNT] = "a whole number from 1 to 512, or auto",
        [SETTING_BOOL] = "true or false",
    };
    if (s->type == SETTING_INTEGER)
        buffer_printf(out, "a whole number from %" PRId64 " to %" PRId64, s->min, s->max);
    else if (s->type == SETTING_SECRET)
        buffer_printf(out, "%" PRId64 " to %" PRId64 " printable characters without spaces", s->min,
                      s->max);
    else if (s->type != SETTING_ENUM)
        buffer_puts(out, of_type[s->type]);
    for (int i = 0; s->type == SETTING_ENUM && s->names[i] != NULL; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "one of ", s->names[i]);
}

/* A secret is not shown. */
static enum err wrong(const struct setting *s, const char *value, struct error *e)
{
    struct buffer accepted = BUFFER_INIT;
    setting_append_expected(s, &accepted);
    const char *text = accepted.failed ? "something else" : accepted.data;
    enum err err = s->type == SETTING_SECRET
                       ? error_set(e, ERR_UNPROCESSABLE, "%s is wrong; expected %s.", s->name, text)
                       : error_set(e, ERR_UNPROCESSABLE, "%s is \"%.100s\"; expected %s.", s->name,
                                   value, text);
    buffer_free(&accepted);
    return err;
}

static bool integer_valid(const struct setting *s, const char *value, int64_t *out)
{
    char *end;
    long long n = strtoll(value, &end, 10);
    *out = n;
    return end != value && *end == '\0' && n >= s->min && n <= s->max;
}

static bool enum_valid(const struct setting *s, const char *value, int *out)
{
    for (*out = 0; s->names[*out] != NULL; (*out)++)
        if (strcmp(value, s->names[*out]) == 0)
            return true;
    return false;
}

static bool secret_valid(const struct setting *s, const char *value)
{
    size_t n = strlen(value);
    for (size_t i = 0; i < n; i++)
        if (value[i] <= 0x20 || value[i] >= 0x7F)
            return false;
    return (int64_t)n >= s->min && (int64_t)n <= s->max;
}

static bool text_valid(const struct setting *s, const char *value)
{
    static const char unfit[] = " \"'\\;|{}$&";
    switch (s->type) {
    case SETTING_COUNT:
        return count_valid(value);
    case SETTING_SECRET:
        return secret_valid(s, value);
    case SETTING_ORIGINS:
        return origins_valid(value);
    case SETTING_NETWORKS:
        return networks_valid(value);
    case SETTING_URL:
    case SETTING_BASE_URL:
        return text_printable(value, unfit) && url_valid(value);
    case SETTING_JWKS:
        return strstr(value, "://") != NULL ? url_is_safe(value) : access(value, R_OK) == 0;
    case SETTING_FILE:
        return text_printable(value, unfit) && access(value, R_OK) == 0;
    case SETTING_NAME:
    case SETTING_PATH:
        return text_printable(value, unfit);
    default:
        return text_printable(value, "");
    }
}

static void trim_slashes(char *url)
{
    for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
}

static enum err read_text(void *values, const struct setting *s, const char *value, struct error *e)
{
    if (!text_valid(s, value))
        return wrong(s, value, e);
    char *copy = setting_is_kept(s) ? strdup(value) : NULL;
    if (!setting_is_kept(s))
        return ERR_OK;
    if (copy != NULL && s->type == SETTING_BASE_URL)
        trim_slashes(copy);
    *(char **)field(values, s) = copy;
    return copy != NULL ? ERR_OK : error_no_memory(e);
}

const char *setting_given(const struct setting *s)
{
    const char *value = getenv(s->name);
    return value != NULL && value[0] != '\0' ? value : s->fallback;
}

enum err setting_read(void *values, const struct setting *s, struct error *e)
{
    const char *value = setting_given(s);
    int64_t number;
    int index;
    if (value == NULL)
        return ERR_OK;
    switch (s->type) {
    case SETTING_INTEGER:
        if (!integer_valid(s, value, &number))
            return wrong(s, value, e);
        if (setting_is_kept(s))
            *(int64_t *)field(values, s) = number;
        return ERR_OK;
    case SETTING_ENUM:
        if (!enum_valid(s, value, &index))
            return wrong(s, value, e);
        *(int *)field(values, s) = index;
        return ERR_OK;
    case SETTING_BOOL:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return wrong(s, value, e);
        *(bool *)field(values, s) = strcmp(value, "true") == 0;
        return ERR_OK;
    default:
        return read_text(values, s, value, e);
    }
}

enum err settings_read(void *values, const struct setting_table *t, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < t->n; i++)
        err = setting_read(values, &t->rows[i], e);
    return err;
}

void settings_free(void *values, const struct setting_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (setting_is_kept(&t->rows[i]) && setting_is_text(&t->rows[i]))
            free(*(char **)field(values, &t->rows[i]));
}
