#include "core/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "core/blob_names.h"
#include "core/blob_read.h"
#include "core/region_request.h"

#define BYTES_MAX (8U << 20) /* beyond what MAX_REGIONS regions come to */

/* What a template is made of. */
struct draft {
    char id[UUID_LEN + 1];
    const char *name;
    struct region *regions;
    size_t n;
    int64_t created_us;
};

/* --- names --- */

static enum err read_name(const struct json_at *at, const char **out, struct error *e)
{
    enum err err = json_read_string(at, 1, TEMPLATE_NAME_MAX, out, e);
    if (err != ERR_OK)
        return err;
    for (const char *p = *out; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return json_refuse(at, e, "must have no control characters");
    return uuid_valid(*out) ? json_refuse(at, e, "must not look like an id") : ERR_OK;
}

static enum err not_found(const char *id_or_name, struct error *e)
{
    return error_set(e, ERR_NOT_FOUND, "There is no template %.100s.", id_or_name);
}

/* --- reading and writing --- */

static enum err read_draft(json_t *body, const struct config *cfg, struct draft *d, struct error *e)
{
    static const char *const members[] = {"name", "regions", NULL};
    struct json_at root = json_root(body);
    struct json_at name = json_member(&root, "name"), regions = json_member(&root, "regions");
    enum err err = json_read_object(&root, e);
    if (err == ERR_OK)
        err = json_only(&root, members, e);
    if (err == ERR_OK && (d->name == NULL || name.value != NULL))
        err = read_name(&name, &d->name, e);
    if (err == ERR_OK)
        err = regions_only_known(&regions, e);
    return err == ERR_OK ? regions_read(&regions, cfg, &d->regions, &d->n, e) : err;
}

static enum err write_draft(const struct services *s, const struct draft *d, struct buffer *out,
                            struct error *e)
{
    buffer_printf(out, "{\"template_id\":\"%s\",\"name\":", d->id);
    buffer_json_string(out, d->name);
    buffer_puts(out, ",\"regions\":");
    regions_write(d->regions, d->n, out);
    buffer_puts(out, ",\"created_at\":");
    buffer_json_time(out, d->created_us);
    buffer_puts(out, ",\"updated_at\":");
    buffer_json_time(out, clock_now_us(s->clock));
    buffer_puts(out, "}");
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

enum err template_store(const struct services *s, const char *owner, const char *id,
                        const struct buffer *text, struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    template_name(owner, id, blob);
    return s->blobs.ops->put_bytes(s->blobs.self, blob, text->data, text->len, "application/json",
                                   e);
}

/* Whether there is room, and the name is not taken. */
static enum err check_new(const struct services *s, const char *owner, const struct draft *d,
                          struct error *e)
{
    char prefix[BLOB_NAME_MAX + 1], blob[BLOB_NAME_MAX + 1];
    struct blob_list all = {0};
    templates_prefix(owner, prefix);
    template_name(owner, d->id, blob);
    enum err err = s->blobs.ops->list(s->blobs.self, prefix, "", TEMPLATES_MAX, &all, e);
    for (size_t i = 0; err == ERR_OK && i < all.n; i++)
        if (strcmp(all.items[i].name, blob) == 0)
            err = error_set(e, ERR_CONFLICT,
                            "There is a template of this name, %s; replace it by PUT, or take "
                            "another name.",
                            d->id);
    if (err == ERR_OK && all.n == TEMPLATES_MAX)
        err = error_set(e, ERR_CONFLICT, "This key has %d templates, and may have no more.",
                        TEMPLATES_MAX);
    blob_list_free(&all);
    return err;
}

enum err template_create(const struct services *s, const char *owner, json_t *body,
                         struct buffer *out, struct error *e)
{
    struct draft d = {.created_us = clock_now_us(s->clock)};
    enum err err = read_draft(body, s->cfg, &d, e);
    if (err == ERR_OK) {
        uuid_of_texts(owner, d.name, d.id);
        err = check_new(s, owner, &d, e);
    }
    if (err == ERR_OK)
        err = write_draft(s, &d, out, e);
    if (err == ERR_OK)
        err = template_store(s, owner, d.id, out, e);
    free(d.regions);
    return err;
}

enum err template_change(const struct services *s, const struct buffer *now, json_t *body,
                         struct buffer *out, struct error *e)
{
    json_t *old = NULL;
    enum err err = json_parse(now->data, now->len, &old, e);
    const char *name = json_string_value(json_object_get(old, "name"));
    const char *created = json_string_value(json_object_get(old, "created_at"));
    const char *id = json_string_value(json_object_get(old, "template_id"));
    struct draft d = {.name = name};
    if (err == ERR_OK && (name == NULL || created == NULL || id == NULL))
        err = error_set(e, ERR_INTERNAL, "The template that is stored cannot be read.");
    if (err == ERR_OK)
        err = read_draft(body, s->cfg, &d, e);
    if (err == ERR_OK && strcmp(d.name, name) != 0)
        err = error_set(e, ERR_UNPROCESSABLE,
                        "/name: must stay %.100s; a template of another name is another one", name);
    if (err == ERR_OK && rfc3339_parse(created, &d.created_us) != 0)
        d.created_us = clock_now_us(s->clock);
    if (err == ERR_OK) {
        text_format(d.id, sizeof d.id, "%s", id);
        err = write_draft(s, &d, out, e);
    }
    free(d.regions);
    json_decref(old);
    return err;
}

enum err template_get(const struct services *s, const char *owner, const char *id_or_name,
                      struct buffer *out, struct error *e)
{
    char blob[BLOB_NAME_MAX + 1], id[UUID_LEN + 1];
    if (uuid_valid(id_or_name))
        (void)snprintf(id, sizeof id, "%s", id_or_name);
    else
        uuid_of_texts(owner, id_or_name, id);
    template_name(owner, id, blob);
    enum err err = blob_read(&s->blobs, blob, BYTES_MAX, out, e);
    return err == ERR_NOT_FOUND ? not_found(id_or_name, e) : err;
}

enum err template_remove(const struct services *s, const char *owner, const char *id,
                         struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    template_name(owner, id, blob);
    strrchr(blob, '/')[1] = '\0';
    return s->blobs.ops->remove_prefix(s->blobs.self, blob, e);
}

enum err template_list(const struct services *s, const char *owner, const char *after, size_t max,
                       struct buffer *out, char next[UUID_LEN + 1], struct error *e)
{
    char prefix[BLOB_NAME_MAX + 1], from[BLOB_NAME_MAX + 1];
    struct blob_list page = {0};
    bool any = false;
    templates_prefix(owner, prefix);
    template_name(owner, after, from);
    enum err err =
        s->blobs.ops->list(s->blobs.self, prefix, after[0] != '\0' ? from : "", max, &page, e);
    buffer_puts(out, "[");
    for (size_t i = 0; err == ERR_OK && i < page.n; i++) {
        size_t before = out->len;
        buffer_puts(out, any ? ",\n" : "\n");
        err = blob_read(&s->blobs, page.items[i].name, BYTES_MAX, out, e);
        any = any || err == ERR_OK;
        if (err == ERR_NOT_FOUND) { /* it was deleted meanwhile */
            out->len = before;
            err = ERR_OK;
        }
    }
    buffer_puts(out, "]");
    next[0] = '\0';
    if (err == ERR_OK && page.n == max)
        text_format(next, UUID_LEN + 1, "%s", page.items[max - 1].name + strlen(prefix));
    blob_list_free(&page);
    return err;
}

enum err template_apply(const struct services *s, const char *owner, json_t *body, struct error *e)
{
    struct json_at root = json_root(body), at = json_member(&root, "template");
    struct json_at regions = json_member(&root, "regions");
    struct buffer text = BUFFER_INIT;
    json_t *saved = NULL;
    const char *name;
    if (json_missing(&at))
        return ERR_OK;
    enum err err = json_read_string(&at, 1, TEMPLATE_NAME_MAX, &name, e);
    if (err == ERR_OK && !json_missing(&regions))
        err = json_refuse(&at, e, "is given beside regions; send one of them");
    if (err == ERR_OK && (err = template_get(s, owner, name, &text, e)) == ERR_NOT_FOUND)
        err = json_refuse(&at, e, "there is no template %s", name);
    if (err == ERR_OK)
        err = json_parse(text.data, text.len, &saved, e);
    if (err == ERR_OK && json_object_set(body, "regions", json_object_get(saved, "regions")) != 0)
        err = error_no_memory(e);
    if (err == ERR_OK)
        (void)json_object_del(body, "template");
    json_decref(saved);
    buffer_free(&text);
    return err;
}
