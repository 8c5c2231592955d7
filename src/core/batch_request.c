#include "core/batch_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "core/template.h"

/* Puts where a request is before the pointer of what is wrong with it. */
static enum err at_place(enum err err, const char *pointer, struct error *e)
{
    char detail[ERROR_TEXT_MAX];
    if (err != ERR_UNPROCESSABLE && err != ERR_UNKNOWN_NAME)
        return err;
    text_format(detail, sizeof detail, "%s%s", pointer, e->detail);
    return error_set(e, err, "%s", detail);
}

/* Members that a request may have, with its template's regions in the place of its name. */
static enum err read_members(const struct services *s, const char *owner, json_t *members,
                             const char *pointer, struct error *e)
{
    enum err err = extraction_request_only_known(members, e);
    if (err == ERR_OK)
        err = template_apply(s, owner, members, e);
    return at_place(err, pointer, e);
}

static enum err read_options(const struct services *s, const char *owner,
                             const struct json_at *options, struct error *e)
{
    struct json_at pdf_id = json_member(options, "pdf_id");
    enum err err = json_read_object(options, e);
    if (err == ERR_OK && pdf_id.value != NULL)
        err = json_refuse(&pdf_id, e, "is for each of the items");
    return err == ERR_OK ? read_members(s, owner, options->value, options->pointer, e) : err;
}

/* Whether what is wrong is a member that comes from options. */
static bool is_shared(const json_t *item, const json_t *options, const char *detail)
{
    char name[64];
    text_format(name, sizeof name, "%.*s", (int)strcspn(detail + 1, "/:"), detail + 1);
    return detail[0] == '/' && json_object_get(item, name) == NULL &&
           json_object_get(options, name) != NULL;
}

static bool is_agentic(const json_t *request)
{
    const json_t *regions = json_object_get(request, "regions");
    return regions == NULL || json_is_null(regions) ||
           (json_is_array(regions) && json_array_size(regions) == 0);
}

static enum err read_item(const struct services *s, const char *owner, const struct json_at *item,
                          json_t *options, struct extraction_request *out, struct error *e)
{
    enum err err = json_read_object(item, e);
    if (err == ERR_OK)
        err = read_members(s, owner, item->value, item->pointer, e);
    if (err != ERR_OK)
        return err;
    json_t *request = json_copy(item->value);
    if (request == NULL || (options != NULL && json_object_update_missing(request, options) != 0))
        err = error_no_memory(e);
    if (err == ERR_OK) {
        err = extraction_request_read(request, is_agentic(request), s->cfg, out, e);
        bool shared = err != ERR_OK && is_shared(item->value, options, e->detail);
        err = at_place(err, shared ? "/options" : item->pointer, e);
    }
    json_decref(request);
    return err;
}

enum err batch_request_read(const struct services *s, const char *owner, json_t *body,
                            struct batch_request *out, struct error *e)
{
    static const char *const members[] = {"items", "options", NULL};
    const struct json_at root = json_root(body), items = json_member(&root, "items"),
                         options = json_member(&root, "options");
    size_t n = 0;
    memset(out, 0, sizeof *out);
    enum err err = json_read_object(&root, e);
    if (err == ERR_OK)
        err = json_only(&root, members, e);
    if (err == ERR_OK)
        err = json_read_array(&items, (size_t)s->cfg->max_batch_items, &n, e);
    if (err == ERR_OK && n == 0)
        err = json_refuse(&items, e, "must have an item");
    if (err == ERR_OK && !json_missing(&options))
        err = read_options(s, owner, &options, e);
    if (err == ERR_OK && (out->items = calloc(n, sizeof *out->items)) == NULL)
        err = error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        const struct json_at item = json_item(&items, i);
        err = read_item(s, owner, &item, json_missing(&options) ? NULL : options.value,
                        &out->items[i], e);
        out->n = err == ERR_OK ? i + 1 : i;
        out->has_password = out->has_password || (err == ERR_OK && out->items[i].has_password);
    }
    return err;
}

void batch_request_free(struct batch_request *b)
{
    for (size_t i = 0; i < b->n; i++)
        extraction_request_free(&b->items[i]);
    free(b->items);
    memset(b, 0, sizeof *b);
}
