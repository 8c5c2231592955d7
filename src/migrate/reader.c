#include "migrate/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "migrate/patience.h"
#include "migrate/row.h"

#define FIRST_PAGE 100
#define AIM_BYTES  (6U << 20) /* of an answer */
#define MOST_BYTES (9U << 20) /* above that fewer documents are asked for */
#define PAGE_S     120

static json_t *selection(const struct bigquery_table *t)
{
    json_t *fields = json_array();
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++)
        (void)json_array_append_new(fields, json_pack("{s:s}", "fieldPath", c->name));
    for (size_t i = 0; row_more_fields[i] != NULL; i++)
        (void)json_array_append_new(fields, json_pack("{s:s}", "fieldPath", row_more_fields[i]));
    return json_pack("{s:o}", "fields", fields);
}

static json_t *page_query(const struct reader *r, const char *cursor)
{
    json_t *query =
        json_pack("{s:[{s:s}],s:o,s:[{s:{s:s},s:s}],s:i}", "from", "collectionId", r->collection,
                  "select", selection(r->table), "orderBy", "field", "fieldPath", "__name__",
                  "direction", "ASCENDING", "limit", r->page_size);
    if (query != NULL && cursor != NULL)
        (void)json_object_set_new(
            query, "startAt",
            json_pack("{s:[{s:s}],s:b}", "values", "referenceValue", cursor, "before", 0));
    return json_pack("{s:o}", "structuredQuery", query);
}

static enum err ask(const struct reader *r, const char *method, json_t *body, bool raw,
                    size_t reply_max, struct google_reply *reply, struct error *e)
{
    struct buffer path = BUFFER_INIT, text = BUFFER_INIT;
    memset(reply, 0, sizeof *reply);
    buffer_printf(&path, "/v1/projects/%s/databases/%s/documents:%s?prettyPrint=false", r->project,
                  r->database, method);
    enum err err = google_json_body(body, &text, e);
    if (err == ERR_OK && buffer_failed(&path))
        err = error_set(e, ERR_INTERNAL, "Out of memory.");
    struct google_request q = {.api = GOOGLE_FIRESTORE,
                               .method = "POST",
                               .path = path.data,
                               .body = text.data,
                               .body_len = text.len,
                               .raw = raw,
                               .idempotent = true,
                               .reply_max = reply_max,
                               .timeout_s = PAGE_S};
    if (err == ERR_OK)
        err = patient_call(r->client, &q, r->checkpoint, reply, e);
    json_decref(body);
    buffer_free(&text);
    buffer_free(&path);
    return err;
}

/* The next item of the array that is the answer, or NULL at its end. Read one by one, since the
 * whole tree would take many times the text's memory. */
static enum err next_item(const struct buffer *body, size_t *at, json_t **item, struct error *e)
{
    json_error_t why;
    while (*at < body->len && strchr(" \t\r\n,[", body->data[*at]) != NULL)
        ++*at;
    *item = NULL;
    if (*at < body->len && body->data[*at] == ']')
        return ERR_OK;
    *item = json_loadb(body->data + *at, body->len - *at, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL,
                       &why);
    if (*item == NULL) {
        error_set(e, ERR_BAD_REQUEST, "Firestore gave an answer that cannot be read.");
        return error_cause(e, "%zu bytes, at %zu: %s", body->len, *at, why.text);
    }
    *at += (size_t)why.position;
    return ERR_OK;
}

/* Takes the documents of the answer: [{document, readTime}, ...]. */
static enum err take_documents(const struct buffer *body,
                               enum err (*take)(void *self, const json_t *document,
                                                struct error *e),
                               void *self, size_t *n, struct error *e)
{
    json_t *item = NULL;
    size_t at = 0;
    enum err err = ERR_OK;
    for (*n = 0; err == ERR_OK; json_decref(item)) {
        if ((err = next_item(body, &at, &item, e)) != ERR_OK || item == NULL)
            break;
        const json_t *document = json_object_get(item, "document");
        if (json_object_get(item, "error") != NULL)
            err = error_set(e, ERR_BAD_REQUEST, "Firestore broke off its answer.");
        else if (document != NULL && ++*n > 0)
            err = take(self, document, e);
    }
    return err;
}

static void choose_page_size(struct reader *r, size_t bytes, size_t documents)
{
    size_t each = documents > 0 ? bytes / documents + 1 : AIM_BYTES;
    size_t fitting = AIM_BYTES / each, grown = (size_t)r->page_size * 4;
    r->page_size = (int)(fitting < 1 ? 1 : fitting < grown ? fitting : grown);
}

enum err reader_page(struct reader *r, const char *cursor,
                     enum err (*take)(void *self, const json_t *document, struct error *e),
                     void *self, bool *end, struct error *e)
{
    struct google_reply reply;
    size_t n = 0;
    enum err err;
    if (r->page_size == 0)
        r->page_size = FIRST_PAGE;
    if (r->page_size > r->most)
        r->page_size = r->most;
    for (;;) {
        /* One document has 1 MiB at most, but several times that as JSON. */
        err = ask(r, "runQuery", page_query(r, cursor), true, r->page_size > 1 ? MOST_BYTES : 0,
                  &reply, e);
        if (err != ERR_TOO_LARGE)
            break;
        r->page_size = r->page_size / 4 > 0 ? r->page_size / 4 : 1;
        google_reply_clear(&reply);
    }
    if (err == ERR_OK)
        err = take_documents(&reply.body, take, self, &n, e);
    if (err == ERR_OK) {
        *end = n < (size_t)r->page_size;
        choose_page_size(r, reply.body.len, n);
    }
    google_reply_clear(&reply);
    return err;
}

int64_t reader_count(const struct reader *r)
{
    struct google_reply reply;
    struct error ignored;
    json_t *body = json_pack("{s:{s:{s:[{s:s}]},s:[{s:s,s:{}}]}}", "structuredAggregationQuery",
                             "structuredQuery", "from", "collectionId", r->collection,
                             "aggregations", "alias", "n", "count");
    enum err err = ask(r, "runAggregationQuery", body, false, 0, &reply, &ignored);
    const json_t *result = json_object_get(json_array_get(reply.json, 0), "result");
    const json_t *n = json_object_get(json_object_get(result, "aggregateFields"), "n");
    const char *digits = json_string_value(json_object_get(n, "integerValue"));
    int64_t count = err == ERR_OK && digits != NULL ? strtoll(digits, NULL, 10) : -1;
    google_reply_clear(&reply);
    return count;
}
