#include "migrate/reader.h"
#include "base/uri.h"

#include <stdlib.h>
#include <string.h>

#include "google/firestore_message.h"
#include "migrate/retry.h"

#define FIRST_PAGE 4000
#define GROWTH     4
#define AIM_BYTES  (8U << 20) /* of an answer */
#define PAGE_S     120

/* A page on its way. */
struct page {
    const struct reader_sink *sink;
    size_t documents, bytes;
    bool enough;
};

/* The fields named like the columns, and those of objects. As many as the query takes are written;
 * it refuses more. */
static size_t selected_fields(const struct bigquery_table *t,
                              const char *names[FIRESTORE_FIELDS_MAX])
{
    size_t n = 0;
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++, n++)
        if (n < FIRESTORE_FIELDS_MAX)
            names[n] = c->name;
    for (const struct bigquery_column *c = t->columns; c->name != NULL; c++)
        if (c->object != NULL && n++ < FIRESTORE_FIELDS_MAX)
            names[n - 1] = c->object;
    return n;
}

static void put_parent(const struct reader *r, struct buffer *out)
{
    buffer_printf(out, "projects/%s/databases/%s/documents", r->project, r->database);
}

static enum err pack_query(const struct reader *r, const char *parent, const char *cursor,
                           struct buffer *out, struct error *e)
{
    const char *fields[FIRESTORE_FIELDS_MAX];
    struct firestore_query q = {.parent = parent,
                                .collection = r->collection,
                                .fields = fields,
                                .n_fields = selected_fields(r->table, fields),
                                .after = cursor,
                                .limit = r->page_size};
    return firestore_pack_query(&q, out, e);
}

static enum err on_message(void *self, const void *message, size_t n, bool *enough, struct error *e)
{
    struct page *page = self;
    json_t *document = NULL;
    struct error why;
    if (message == NULL) {
        page->documents = page->bytes = 0;
        page->enough = false;
        return page->sink->begin(page->sink->self, e);
    }
    enum err err = firestore_unpack_document(message, n, &document, &why);
    if (document != NULL && (err == ERR_OK || err == ERR_UNPROCESSABLE)) {
        page->documents++;
        page->bytes += n;
        err = page->sink->take(page->sink->self, document, err == ERR_OK ? NULL : why.detail,
                               enough, e);
    } else if (err != ERR_OK) {
        *e = why;
    }
    page->enough = *enough;
    json_decref(document);
    return err;
}

static enum err ask(const struct reader *r, const char *cursor, struct page *page, struct error *e)
{
    struct buffer parent = BUFFER_INIT, message = BUFFER_INIT, routing = BUFFER_INIT;
    struct google_reply reply;
    put_parent(r, &parent);
    enum err err = buffer_failed(&parent) ? error_no_memory(e)
                                          : pack_query(r, parent.data, cursor, &message, e);
    /* Implicit routing: https://google.aip.dev/client-libraries/4222 */
    buffer_puts(&routing, "x-goog-request-params: parent=");
    if (err == ERR_OK)
        uri_escape(&routing, parent.data);
    if (err == ERR_OK && buffer_failed(&routing))
        err = error_no_memory(e);
    if (err == ERR_OK) {
        const char *const headers[] = {routing.data, NULL};
        struct google_request q = {.api = GOOGLE_FIRESTORE,
                                   .method = "POST",
                                   .path = "/google.firestore.v1.Firestore/RunQuery",
                                   .headers = headers,
                                   .body = message.data,
                                   .body_len = message.len,
                                   .on_message = on_message,
                                   .on_message_self = page,
                                   .idempotent = true,
                                   .timeout_s = PAGE_S};
        err = retry_call(r->client, &q, r->checkpoint, &reply, e);
        google_reply_clear(&reply);
    }
    buffer_free(&parent);
    buffer_free(&message);
    buffer_free(&routing);
    return err;
}

/* So many that what the page takes of memory is about the same whatever the documents' size. */
static void choose_page_size(struct reader *r, const struct page *page)
{
    size_t each = page->documents > 0 ? page->bytes / page->documents + 1 : AIM_BYTES;
    size_t fitting = AIM_BYTES / each, grown = (size_t)r->page_size * GROWTH;
    r->page_size = (int)(fitting < 1 ? 1 : fitting < grown ? fitting : grown);
}

enum err reader_page(struct reader *r, const char *cursor, const struct reader_sink *sink,
                     bool *end, struct error *e)
{
    struct page page = {.sink = sink};
    if (r->page_size == 0)
        r->page_size = FIRST_PAGE;
    if (r->page_size > r->most)
        r->page_size = r->most;
    enum err err = ask(r, cursor, &page, e);
    if (err == ERR_OK) {
        *end = !page.enough && page.documents < (size_t)r->page_size;
        choose_page_size(r, &page);
    }
    return err;
}

int64_t reader_count(const struct reader *r)
{
    struct buffer path = BUFFER_INIT;
    struct google_reply reply = {0};
    struct error ignored;
    json_t *body = json_pack("{s:{s:{s:[{s:s}]},s:[{s:s,s:{}}]}}", "structuredAggregationQuery",
                             "structuredQuery", "from", "collectionId", r->collection,
                             "aggregations", "alias", "n", "count");
    buffer_puts(&path, "/v1/");
    put_parent(r, &path);
    buffer_puts(&path, ":runAggregationQuery");
    const struct google_request q = {.api = GOOGLE_FIRESTORE,
                                     .method = "POST",
                                     .path = path.data,
                                     .json = body,
                                     .idempotent = true,
                                     .timeout_s = PAGE_S};
    bool ok = body != NULL && !buffer_failed(&path) &&
              retry_call(r->client, &q, r->checkpoint, &reply, &ignored) == ERR_OK;
    const json_t *result = json_object_get(json_array_get(reply.json, 0), "result");
    const json_t *n = json_object_get(json_object_get(result, "aggregateFields"), "n");
    const char *digits = json_string_value(json_object_get(n, "integerValue"));
    int64_t count = ok && digits != NULL ? strtoll(digits, NULL, 10) : -1;
    google_reply_clear(&reply);
    json_decref(body);
    buffer_free(&path);
    return count;
}
