#include "core/config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static void warn_about_unknown_names(void)
{
    for (char **v = environ; *v != NULL; v++) {
        size_t n = strcspn(*v, "=");
        if (strncmp(*v, "PDF_OCR_", 8) != 0)
            continue;
        char name[128];
        (void)snprintf(name, sizeof name, "%.*s", (int)(n < 100 ? n : 100), *v);
        log_event(LOG_WARNING, "an environment variable is not known; see --print-settings", "name",
                  name, NULL);
    }
}

/* Google gives anybody's service account a token for any audience, so issuer and audience alone
 * would let everybody in. */
static enum err check_tokens(const struct config *c, struct error *e)
{
    if (c->jwt_issuer == NULL && c->jwt_audience == NULL && c->jwt_jwks == NULL)
        return ERR_OK;
    if (c->jwt_issuer == NULL || c->jwt_audience == NULL || c->jwt_jwks == NULL)
        return error_set(e, ERR_UNPROCESSABLE,
                         "JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS belong together; %s is not set.",
                         c->jwt_issuer == NULL     ? "JWT_ISSUER"
                         : c->jwt_audience == NULL ? "JWT_AUDIENCE"
                                                   : "JWT_JWKS");
    if (strcmp(c->jwt_issuer, "https://accounts.google.com") == 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "JWT_ISSUER is \"%s\", which gives anybody a token for any audience; "
                         "expected an issuer of your own.",
                         c->jwt_issuer);
    return ERR_OK;
}

char *config_data_path(const struct config *c, const char *name)
{
    struct buffer path = BUFFER_INIT;
    buffer_printf(&path, "%s/%s", c->data_dir, name);
    return buffer_take(&path);
}

static enum err default_folder(const struct config *c, const char *name, char **folder,
                               struct error *e)
{
    if (*folder != NULL)
        return ERR_OK;
    *folder = config_data_path(c, name);
    return *folder != NULL ? ERR_OK : error_no_memory(e);
}

static size_t count(const struct setting_table *const *tables)
{
    size_t n = 0;
    while (tables[n] != NULL)
        n++;
    return n;
}

static enum err read_table(struct config *c, size_t table, struct error *e)
{
    const struct setting_table *t = c->tables[table];
    void *values = t->size > 0 ? calloc(1, t->size) : c;
    if (values == NULL)
        return error_no_memory(e);
    c->values[table] = values;
    return settings_read(values, t, e);
}

enum err config_load(struct config *c, const struct setting_table *const *tables, struct error *e)
{
    memset(c, 0, sizeof *c);
    c->values = calloc(count(tables), sizeof *c->values);
    if (c->values == NULL)
        return error_no_memory(e);
    c->tables = tables;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && tables[i] != NULL; i++)
        err = read_table(c, i, e);
    if (err == ERR_OK)
        err = default_folder(c, "run", &c->run_dir, e);
    if (err == ERR_OK)
        err = default_folder(c, "uploads", &c->uploads_dir, e);
    if (err == ERR_OK)
        err = check_tokens(c, e);
    if (err != ERR_OK) {
        config_free(c);
        return err;
    }
    warn_about_unknown_names();
    return ERR_OK;
}

const void *config_values(const struct config *c, const struct setting_table *t)
{
    for (size_t i = 0; c->tables != NULL && c->tables[i] != NULL; i++)
        if (c->tables[i] == t)
            return c->values[i];
    return NULL;
}

void config_free(struct config *c)
{
    for (size_t i = 0; c->tables != NULL && c->tables[i] != NULL; i++) {
        if (c->values[i] != NULL)
            settings_free(c->values[i], c->tables[i]);
        if (c->tables[i]->size > 0)
            free(c->values[i]);
    }
    free(c->values);
    memset(c, 0, sizeof *c);
}

static void print_row(const struct setting *s, FILE *out)
{
    struct buffer accepted = BUFFER_INIT;
    setting_append_expected(s, &accepted);
    (void)fprintf(out, "%s\t%s\t%s\t%s\n", s->name, s->fallback != NULL ? s->fallback : "", s->help,
                  accepted.data != NULL ? accepted.data : "");
    buffer_free(&accepted);
}

void config_print_settings(const struct setting_table *const *tables, FILE *out)
{
    for (; *tables != NULL; tables++)
        for (size_t i = 0; i < (*tables)->n; i++)
            print_row(&(*tables)->rows[i], out);
}

void config_print_variable(const char *name, const char *text, FILE *out)
{
    (void)fprintf(out, "%s='", name);
    for (const char *p = text; *p != '\0'; p++)
        (void)fprintf(out, *p == '\'' ? "'\\''" : "%c", *p);
    (void)fputs("'\n", out);
}

const char *config_given(const char *name)
{
    for (const struct setting_table *const *t = config_own; *t != NULL; t++)
        for (size_t i = 0; i < (*t)->n; i++)
            if (strcmp((*t)->rows[i].name, name) == 0)
                return setting_given(&(*t)->rows[i]);
    return NULL;
}

static void print_env(const void *values, const struct setting *s, FILE *out)
{
    bool is_read = setting_is_kept(s) && setting_is_text(s);
    const char *text =
        is_read ? *(char *const *)((const char *)values + s->offset) : setting_given(s);
    if (text != NULL && s->type != SETTING_SECRET)
        config_print_variable(s->name, text, out);
}

void config_print_env(const struct config *c, FILE *out)
{
    for (size_t t = 0; c->tables[t] != NULL; t++)
        for (size_t i = 0; i < c->tables[t]->n; i++)
            print_env(c->values[t], &c->tables[t]->rows[i], out);
}

static void describe(const void *values, const struct setting *s, struct buffer *out)
{
    const void *at = (const char *)values + s->offset;
    const char *text = setting_is_text(s) ? *(char *const *)at : NULL;
    buffer_printf(out, "\"%s\":", s->name);
    if (s->type == SETTING_INTEGER)
        buffer_printf(out, "%" PRId64, *(const int64_t *)at);
    else if (s->type == SETTING_BOOL)
        buffer_puts(out, *(const bool *)at ? "true" : "false");
    else if (s->type == SETTING_ENUM)
        buffer_json_string(out, s->names[*(const int *)at]);
    else if (s->type == SETTING_SECRET)
        buffer_puts(out, text != NULL ? "\"set\"" : "\"not set\"");
    else
        buffer_json_string(out, text);
}

void config_describe(const struct config *c, struct buffer *out)
{
    const char *separator = "{";
    for (size_t t = 0; c->tables[t] != NULL; t++)
        for (size_t i = 0; i < c->tables[t]->n; i++) {
            const struct setting *s = &c->tables[t]->rows[i];
            if (!setting_is_kept(s))
                continue;
            buffer_puts(out, separator);
            separator = ",";
            describe(c->values[t], s, out);
        }
    buffer_puts(out, "}");
}
