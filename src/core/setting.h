/* Settings as const tables, and the one reader of them. A part of the service brings a table of its
 * own and the struct that the rows fill: nothing else knows either. src/app/settings.c lists the
 * tables.
 */
#ifndef PDF_OCR_CORE_SETTING_H
#define PDF_OCR_CORE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum setting_type {
    SETTING_NAME,
    SETTING_PATH,
    SETTING_FILE,
    SETTING_URL,
    SETTING_BASE_URL, /* paths are put behind it: kept without a slash at the end */
    SETTING_JWKS,
    SETTING_ORIGINS,
    SETTING_NETWORKS,
    SETTING_SECRET, /* never printed */
    SETTING_COUNT,
    SETTING_INTEGER, /* int64_t */
    SETTING_BOOL,    /* bool */
    SETTING_ENUM     /* int: the index of its name */
};

#define SETTING_NOT_KEPT SIZE_MAX /* nginx's: only checked here; scripts/render-nginx uses it */

struct setting {
    const char *name; /* of the environment variable */
    enum setting_type type;
    size_t offset;            /* in the table's struct; a text is a char * */
    const char *fallback;     /* NULL: not set */
    int64_t min, max;         /* SETTING_INTEGER: the value; SETTING_SECRET: its length */
    const char *const *names; /* SETTING_ENUM: NULL ends them */
    const char *help;
};

#define TEXT_SETTING(type, name, at, fallback, help)                                               \
    {                                                                                              \
        name, SETTING_##type, at, fallback, 0, 0, NULL, help                                       \
    }
#define SECRET_SETTING(name, at, min, max, help)                                                   \
    {                                                                                              \
        name, SETTING_SECRET, at, NULL, min, max, NULL, help                                       \
    }
#define INTEGER_SETTING(name, at, fallback, min, max, help)                                        \
    {                                                                                              \
        name, SETTING_INTEGER, at, fallback, min, max, NULL, help                                  \
    }
#define BOOL_SETTING(name, at, fallback, help)                                                     \
    {                                                                                              \
        name, SETTING_BOOL, at, fallback, 0, 0, NULL, help                                         \
    }
#define ENUM_SETTING(name, at, fallback, names, help)                                              \
    {                                                                                              \
        name, SETTING_ENUM, at, fallback, 0, 0, names, help                                        \
    }

struct setting_table {
    const struct setting *rows;
    size_t n;
    size_t size; /* of the struct that the rows fill; 0: they fill struct config */
};

#define SETTING_TABLE(rows, size)                                                                  \
    {                                                                                              \
        rows, sizeof rows / sizeof rows[0], size                                                   \
    }

/* Whether it has a place in the struct, and whether that is a text. */
bool setting_is_kept(const struct setting *s);
bool setting_is_text(const struct setting *s);

/* The text in the environment, or the default; NULL: neither. Valid until the environment changes.
 */
const char *setting_given(const struct setting *s);

/* Appends what it takes, for messages and docs. */
void setting_append_expected(const struct setting *s, struct buffer *out);

/* Reads it from the environment into *values, the table's struct; texts are copies that
 * settings_free frees. ERR_UNPROCESSABLE names the variable and what was expected; a secret is not
 * shown. */
enum err setting_read(void *values, const struct setting *s, struct error *e);

/* All of a table, in order; on an error what was read is kept, for settings_free. */
enum err settings_read(void *values, const struct setting_table *t, struct error *e);

/* Frees the texts in *values, not *values. */
void settings_free(void *values, const struct setting_table *t);

#endif
