#include "migrate/row.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/rfc3339.h"
#include "google/bigquery_json.h"
#include "google/bigquery_number.h"
#include "google/firestore_value.h"
#include "migrate/times.h"

#define COLUMNS_MAX 24
#define DEPTH_MAX   100 /* of JSON in a text; BigQuery takes 500, Firestore's own maps have 20 */

/* Where a column's value comes from when the document does not have it. */
enum origin { FROM_TEXT, FROM_DOCUMENT_ID, FROM_CREATE_TIME, FROM_COLUMN };

static const struct fallback {
    const char *table, *column;
    enum origin origin;
    const char *text; /* the value; or the column or field it is taken from */
} fallbacks[] = {
    {"jobs", "job_id", FROM_DOCUMENT_ID, NULL},
    {"jobs", "status", FROM_TEXT, "unknown"},
    {"jobs", "regions_count", FROM_TEXT, "0"},
    {"jobs", "output_format", FROM_TEXT, "csv"},
    {"jobs", "has_feedback", FROM_TEXT, "false"},
    {"jobs", "feedback_count", FROM_TEXT, "0"},
    {"jobs", "created_at", FROM_CREATE_TIME, NULL},
    {"jobs", "updated_at", FROM_COLUMN, "created_at"},
    {"feedback", "id", FROM_DOCUMENT_ID, NULL},
    {"feedback", "corrections", FROM_TEXT, "[]"},
    {"feedback", "corrections_count", FROM_TEXT, "0"},
    {"feedback", "status", FROM_TEXT, "pending_analysis"},
    {"feedback", "created_at", FROM_CREATE_TIME, NULL},
    {"feedback", "timestamp", FROM_COLUMN, "created_at"},
};

/* A column's value as the fingerprint takes it: text as it is, numbers in digits, times in
 * microseconds, JSON as BigQuery writes it. */
struct cell {
    bool given;
    struct buffer text;
};

/* What one conversion works on. */
struct conversion {
    const struct bigquery_table *table;
    const json_t *document, *fields;
    const char *bucket;
    struct cell cells[COLUMNS_MAX];
    struct error *e;
};

bool row_fingerprinted(const struct bigquery_table *t, const struct bigquery_column *c)
{
    return strcmp(t->name, "feedback") != 0 || strcmp(c->name, "owner") != 0;
}

const char *row_document_id(const json_t *document)
{
    const char *name = json_string_value(json_object_get(document, "name"));
    const char *slash = name != NULL ? strrchr(name, '/') : NULL;
    return slash != NULL && slash[1] != '\0' ? slash + 1 : NULL;
}

/* --- values --- */

/* A Firestore value's one member: its type and what it holds. */
static const char *type_of(const json_t *value, const json_t **inner)
{
    const char *type = json_object_iter_key(json_object_iter((json_t *)value));
    *inner = type != NULL ? json_object_get(value, type) : NULL;
    return type != NULL ? type : "nothing";
}

static enum err refuse(struct conversion *k, const struct bigquery_column *c, const char *expected,
                       const char *type)
{
    return error_set(k->e, ERR_UNPROCESSABLE, "%s: %s expected, not %s", c->name, expected, type);
}

static bool is(const char *type, const char *name)
{
    return strcmp(type, name) == 0;
}

/* The number of a doubleValue, which may be whole, or text where JSON has no such number. */
static double real_of(const json_t *inner)
{
    return json_is_number(inner) ? json_number_value(inner) : NAN;
}

static bool whole_number(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && strchr("+ \t", text[0]) == NULL;
}

/* Scalars are taken as text; nothing of them is lost. */
static enum err read_text(struct conversion *k, const struct bigquery_column *c, const char *type,
                          const json_t *inner, struct buffer *out)
{
    if (is(type, "doubleValue") && json_is_number(inner))
        bigquery_put_number(out, json_number_value(inner));
    else if (is(type, "booleanValue"))
        buffer_puts(out, json_is_true(inner) ? "true" : "false");
    else if (json_is_string(inner) && !is(type, "bytesValue"))
        buffer_append(out, json_string_value(inner), json_string_length(inner));
    else
        return refuse(k, c, "text", type);
    return ERR_OK;
}

static enum err read_whole(struct conversion *k, const struct bigquery_column *c, const char *type,
                           const json_t *inner, struct buffer *out)
{
    int64_t n = 0;
    double real = real_of(inner);
    const char *text = json_string_value(inner);
    bool read = (is(type, "integerValue") || is(type, "stringValue")) && text != NULL &&
                whole_number(text, &n);
    if (is(type, "doubleValue") && real == trunc(real) && fabs(real) < 0x1p63) {
        n = (int64_t)real;
        read = true;
    }
    if (!read)
        return refuse(k, c, "a whole number", text != NULL ? text : type);
    buffer_printf(out, "%" PRId64, n);
    return ERR_OK;
}

static enum err read_boolean(struct conversion *k, const struct bigquery_column *c,
                             const char *type, const json_t *inner, struct buffer *out)
{
    const char *text = json_string_value(inner);
    bool textual = text != NULL && (is(type, "stringValue") || is(type, "integerValue"));
    bool yes = textual && (strcasecmp(text, "true") == 0 || is(text, "1"));
    bool no = textual && (strcasecmp(text, "false") == 0 || is(text, "0"));
    if (is(type, "booleanValue"))
        yes = json_is_true(inner);
    else if (!yes && !no)
        return refuse(k, c, "true or false", text != NULL ? text : type);
    buffer_puts(out, yes ? "true" : "false");
    return ERR_OK;
}

static enum err read_time(struct conversion *k, const struct bigquery_column *c, const char *type,
                          const json_t *inner, struct buffer *out)
{
    int64_t us = 0;
    const char *text = json_string_value(inner);
    bool read = false;
    if (is(type, "doubleValue"))
        read = time_from_number(real_of(inner), &us);
    else if (text != NULL && is(type, "integerValue"))
        read = time_from_number(strtod(text, NULL), &us);
    else if (text != NULL && (is(type, "timestampValue") || is(type, "stringValue")))
        read = time_from_text(text, &us);
    if (!read)
        return refuse(k, c, "a time of the years 1 to 9999", text != NULL ? text : type);
    buffer_printf(out, "%" PRId64, us);
    return ERR_OK;
}

static bool deeper_than(const json_t *plain, int levels)
{
    const char *name;
    json_t *item;
    size_t i;
    if (levels == 0)
        return true;
    json_object_foreach((json_t *)plain, name, item)
    {
        if (deeper_than(item, levels - 1))
            return true;
    }
    json_array_foreach((json_t *)plain, i, item)
    {
        if (deeper_than(item, levels - 1))
            return true;
    }
    return false;
}

/* An object or array that was stored as its text is taken as what it says, unless BigQuery could
 * not parse it. */
static enum err read_json(struct conversion *k, const struct bigquery_column *c, const char *type,
                          const json_t *value, const json_t *inner, struct buffer *out)
{
    json_t *plain = NULL;
    const char *text = is(type, "stringValue") ? json_string_value(inner) : NULL;
    if (text != NULL && (text[0] == '{' || text[0] == '['))
        (void)json_parse(text, json_string_length(inner), &plain, NULL);
    if (plain != NULL && deeper_than(plain, DEPTH_MAX)) {
        json_decref(plain);
        plain = NULL;
    }
    if (plain == NULL && (plain = fs_to_json(value)) == NULL)
        return refuse(k, c, "a value", type);
    bigquery_put_json(out, plain);
    json_decref(plain);
    return ERR_OK;
}

static enum err read_value(struct conversion *k, const struct bigquery_column *c,
                           const json_t *value, struct buffer *out)
{
    const json_t *inner;
    const char *type = type_of(value, &inner);
    if (is(c->type, "JSON"))
        return read_json(k, c, type, value, inner, out);
    if (is(c->type, "INTEGER"))
        return read_whole(k, c, type, inner, out);
    if (is(c->type, "BOOLEAN"))
        return read_boolean(k, c, type, inner, out);
    if (is(c->type, "TIMESTAMP"))
        return read_time(k, c, type, inner, out);
    return read_text(k, c, type, inner, out);
}

/* --- columns --- */

static const json_t *field(const struct conversion *k, const char *name)
{
    const json_t *value = json_object_get(k->fields, name), *inner;
    return value != NULL && !is(type_of(value, &inner), "nullValue") ? value : NULL;
}

static const struct fallback *fallback_of(const struct conversion *k, const char *column)
{
    for (size_t i = 0; i < sizeof fallbacks / sizeof fallbacks[0]; i++)
        if (is(fallbacks[i].table, k->table->name) && is(fallbacks[i].column, column))
            return &fallbacks[i];
    return NULL;
}

static struct cell *cell_of(struct conversion *k, const char *column)
{
    for (size_t i = 0; k->table->columns[i].name != NULL; i++)
        if (is(k->table->columns[i].name, column))
            return &k->cells[i];
    return NULL;
}

static enum err read_create_time(struct conversion *k, const struct bigquery_column *c,
                                 struct buffer *out)
{
    int64_t us;
    const char *text = json_string_value(json_object_get(k->document, "createTime"));
    if (text == NULL || !time_from_text(text, &us))
        return refuse(k, c, "a time", "a document without its create time");
    buffer_printf(out, "%" PRId64, us);
    return ERR_OK;
}

/* The gs:// name of an object of the service's bucket. */
static enum err read_object(struct conversion *k, const struct bigquery_column *c, struct cell *out)
{
    const json_t *value = field(k, c->object);
    if (value == NULL)
        return ERR_OK;
    if (k->bucket == NULL)
        return error_set(k->e, ERR_UNPROCESSABLE,
                         "%s: set GCS_BUCKET_NAME, the bucket of the object", c->object);
    out->given = true;
    buffer_printf(&out->text, "gs://%s/", k->bucket);
    return read_value(k, c, value, &out->text);
}

/* A default of another column is taken in a second pass. */
static enum err take_fallback(struct conversion *k, const struct bigquery_column *c,
                              struct cell *out)
{
    const struct fallback *f = fallback_of(k, c->name);
    const char *id = row_document_id(k->document);
    if (c->object != NULL)
        return read_object(k, c, out);
    if (f == NULL || f->origin == FROM_COLUMN)
        return ERR_OK;
    out->given = true;
    if (f->origin == FROM_CREATE_TIME)
        return read_create_time(k, c, &out->text);
    buffer_puts(&out->text, f->origin == FROM_TEXT ? f->text : id != NULL ? id : "");
    return ERR_OK;
}

static void take_from_column(struct conversion *k, const struct bigquery_column *c,
                             struct cell *out)
{
    const struct fallback *f = fallback_of(k, c->name);
    if (out->given || f == NULL || f->origin != FROM_COLUMN)
        return;
    const struct cell *other = cell_of(k, f->text);
    out->given = true;
    buffer_append(&out->text, other->text.data, other->text.len);
}

static enum err read_cells(struct conversion *k)
{
    const struct bigquery_column *c = k->table->columns;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && c[i].name != NULL; i++) {
        const json_t *value = field(k, c[i].name);
        k->cells[i].given = value != NULL;
        err = value != NULL ? read_value(k, &c[i], value, &k->cells[i].text)
                            : take_fallback(k, &c[i], &k->cells[i]);
    }
    for (size_t i = 0; err == ERR_OK && c[i].name != NULL; i++) {
        take_from_column(k, &c[i], &k->cells[i]);
        if (!k->cells[i].given && is(c[i].mode, "REQUIRED"))
            err = error_set(k->e, ERR_UNPROCESSABLE, "%s: is missing", c[i].name);
        if (buffer_failed(&k->cells[i].text))
            err = error_no_memory(k->e);
    }
    return err;
}

/* --- the row --- */

/* Each value with its length before it, `-` where there is none: no two rows read the same. sql.c
 * writes the same in SQL. */
static void make_fingerprint(const struct conversion *k, unsigned char out[FINGERPRINT_LEN])
{
    crypto_hash_sha256_state state;
    char length[24];
    (void)crypto_hash_sha256_init(&state);
    for (size_t i = 0; k->table->columns[i].name != NULL; i++) {
        const struct cell *cell = &k->cells[i];
        if (!row_fingerprinted(k->table, &k->table->columns[i]))
            continue;
        int n = cell->given ? snprintf(length, sizeof length, "%zu:", cell->text.len)
                            : snprintf(length, sizeof length, "-");
        (void)crypto_hash_sha256_update(&state, (const unsigned char *)length, (size_t)n);
        if (cell->given && cell->text.len > 0)
            (void)crypto_hash_sha256_update(&state, (const unsigned char *)cell->text.data,
                                            cell->text.len);
    }
    (void)crypto_hash_sha256_final(&state, out);
}

static void put_time(struct buffer *line, int64_t us)
{
    char text[RFC3339_LEN + 8];
    int64_t s = us / US_PER_S;
    rfc3339_format(us, text);
    /* strftime writes years before 1000 with fewer digits. */
    if (s < INT64_C(-30610224000))
        buffer_printf(line, "\"%0*d%s\"", 4, atoi(text), strchr(text, '-'));
    else
        buffer_printf(line, "\"%s\"", text);
}

static void put_cell(struct buffer *line, const struct bigquery_column *c, const struct cell *cell)
{
    int64_t us = 0;
    const char *text = cell->text.data != NULL ? cell->text.data : "";
    if (is(c->type, "STRING") || is(c->type, "JSON"))
        bigquery_put_string(line, text, cell->text.len);
    else if (is(c->type, "TIMESTAMP") && whole_number(text, &us))
        put_time(line, us);
    else
        buffer_append(line, text, cell->text.len);
}

static void put_line(const struct conversion *k, struct buffer *line)
{
    const char *id = row_document_id(k->document);
    buffer_puts(line, "{\"document\":");
    bigquery_put_string(line, id, strlen(id));
    for (size_t i = 0; k->table->columns[i].name != NULL; i++) {
        if (!k->cells[i].given)
            continue;
        buffer_printf(line, ",\"%s\":", k->table->columns[i].name);
        put_cell(line, &k->table->columns[i], &k->cells[i]);
    }
    buffer_puts(line, "}\n");
}

static enum err make_row(struct conversion *k, struct buffer *line, struct row *out)
{
    const struct cell *id = cell_of(k, k->table->id), *newest = cell_of(k, k->table->newest);
    if (id->text.len == 0 || strlen(id->text.data) != id->text.len)
        return error_set(k->e, ERR_UNPROCESSABLE, "%s: is empty or holds a NUL", k->table->id);
    (void)whole_number(newest->text.data, &out->version_us);
    make_fingerprint(k, out->fingerprint);
    put_line(k, line);
    out->id = strdup(id->text.data);
    return out->id != NULL && !buffer_failed(line) ? ERR_OK : error_no_memory(k->e);
}

enum err row_convert(const struct bigquery_table *t, const json_t *document, const char *bucket,
                     struct buffer *line, struct row *out, struct error *e)
{
    struct conversion k = {.table = t,
                           .document = document,
                           .fields = json_object_get(document, "fields"),
                           .bucket = bucket,
                           .e = e};
    memset(out, 0, sizeof *out);
    enum err err = row_document_id(document) != NULL
                       ? read_cells(&k)
                       : error_set(e, ERR_UNPROCESSABLE, "name: is missing");
    if (err == ERR_OK)
        err = make_row(&k, line, out);
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        buffer_free(&k.cells[i].text);
    return err;
}
