#include "core/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/rfc3339.h"
#include "core/blob_names.h"
#include "core/blob_read.h"

#define BYTES_MAX (8U << 20) /* beyond what the most items come to */

enum err batch_refuse(struct batch_item *item, const struct error *why, struct error *e)
{
    item->refusal = why->kind;
    item->detail = strdup(why->detail);
    return item->detail != NULL ? ERR_OK : error_no_memory(e);
}

/* --- writing and reading --- */

static void write_item(const struct batch_item *item, struct buffer *out)
{
    buffer_printf(out, "{\"pdf_id\":\"%s\"", item->pdf_id);
    if (item->job_id[0] != '\0') {
        buffer_printf(out, ",\"job_id\":\"%s\"}", item->job_id);
        return;
    }
    buffer_printf(out, ",\"code\":\"%s\",\"detail\":", err_code(item->refusal));
    buffer_json_string(out, item->detail);
    buffer_puts(out, "}");
}

enum err batch_store(const struct services *s, const char *owner, const struct batch *b,
                     struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    struct buffer text = BUFFER_INIT;
    buffer_printf(&text, "{\"batch_id\":\"%s\",\"request_hash\":\"%s\",\"created_at\":", b->id,
                  b->request_hash);
    buffer_json_time(&text, b->created_us);
    buffer_puts(&text, ",\"items\":[");
    for (size_t i = 0; i < b->n; i++) {
        buffer_puts(&text, i > 0 ? ",\n" : "\n");
        write_item(&b->items[i], &text);
    }
    buffer_puts(&text, "]}");
    batch_name(owner, b->id, blob);
    enum err err = buffer_failed(&text) ? error_no_memory(e)
                                        : s->blobs.ops->put_bytes(s->blobs.self, blob, text.data,
                                                                  text.len, "application/json", e);
    buffer_free(&text);
    return err;
}

static enum err read_text(const json_t *object, const char *name, char *out, size_t size,
                          struct error *e)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL || strlen(text) >= size)
        return error_set(e, ERR_INTERNAL, "The batch that is stored cannot be read.");
    (void)snprintf(out, size, "%s", text);
    return ERR_OK;
}

static enum err read_item(const json_t *from, struct batch_item *item, struct error *e)
{
    struct error why = {0};
    enum err err = read_text(from, "pdf_id", item->pdf_id, sizeof item->pdf_id, e);
    if (err == ERR_OK && json_object_get(from, "job_id") != NULL)
        return read_text(from, "job_id", item->job_id, sizeof item->job_id, e);
    why.kind = err_of_code(json_string_value(json_object_get(from, "code")));
    if (err == ERR_OK)
        err = read_text(from, "detail", why.detail, sizeof why.detail, e);
    return err == ERR_OK ? batch_refuse(item, &why, e) : err;
}

static enum err read_batch(const json_t *tree, struct batch *b, struct error *e)
{
    char created[RFC3339_LEN + 1];
    const json_t *items = json_object_get(tree, "items");
    size_t n = json_array_size(items);
    enum err err = read_text(tree, "batch_id", b->id, sizeof b->id, e);
    if (err == ERR_OK)
        err = read_text(tree, "request_hash", b->request_hash, sizeof b->request_hash, e);
    if (err == ERR_OK)
        err = read_text(tree, "created_at", created, sizeof created, e);
    if (err == ERR_OK && rfc3339_parse(created, &b->created_us) != 0)
        err = error_set(e, ERR_INTERNAL, "The batch that is stored has no time.");
    if (err == ERR_OK && n > 0 && (b->items = calloc(n, sizeof *b->items)) == NULL)
        err = error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        err = read_item(json_array_get(items, i), &b->items[i], e);
        b->n = i + 1;
    }
    return err;
}

enum err batch_load(const struct services *s, const char *owner, const char *id, struct batch *out,
                    struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    struct buffer text = BUFFER_INIT;
    json_t *tree = NULL;
    memset(out, 0, sizeof *out);
    if (!uuid_valid(id))
        return error_set(e, ERR_NOT_FOUND, "There is no batch %.64s.", id);
    batch_name(owner, id, blob);
    enum err err = blob_read(&s->blobs, blob, BYTES_MAX, &text, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, err, "There is no batch %.64s.", id);
    if (err == ERR_OK)
        err = json_parse(text.data != NULL ? text.data : "", text.len, &tree, e);
    if (err == ERR_OK)
        err = read_batch(tree, out, e);
    buffer_free(&text);
    json_decref(tree);
    return err;
}

enum err batch_erase(const struct services *s, const char *owner, const struct batch *b,
                     int64_t deadline_us, struct error *e)
{
    char prefix[BLOB_NAME_MAX + 1];
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < b->n; i++) {
        if (b->items[i].job_id[0] == '\0')
            continue;
        if (monotonic_us() > deadline_us)
            return error_set(e, ERR_TIMEOUT,
                             "Not all jobs of the batch could be deleted in time; send the request "
                             "again.");
        err = job_erase(s, owner, b->items[i].job_id, 0, e);
        if (err == ERR_NOT_FOUND) /* it was deleted before, or its time is over */
            err = ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    batch_name(owner, b->id, prefix);
    strrchr(prefix, '/')[1] = '\0';
    return s->blobs.ops->remove_prefix(s->blobs.self, prefix, e);
}

void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        free(b->items[i].detail);
    free(b->items);
    memset(b, 0, sizeof *b);
}
