/* /templates: regions that are saved under a name (core/template.h). */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "core/template.h"

#define TAG_BYTES 16

/* The ETag of a template is made of its JSON. */
static void make_tag(const struct buffer *text, char out[2 * TAG_BYTES + 3])
{
    unsigned char hash[TAG_BYTES];
    char hex[2 * TAG_BYTES + 1];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)text->data, text->len, NULL,
                             0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)snprintf(out, 2 * TAG_BYTES + 3, "\"%s\"", hex);
}

static void describe(struct reply *p)
{
    char tag[2 * TAG_BYTES + 3];
    make_tag(&p->body, tag);
    reply_header(p, "ETag", "%s", tag);
    reply_header(p, "Cache-Control", "no-store");
}

/* The template of the request's path. */
static enum err load(const struct services *s, const struct request *r, struct buffer *out,
                     struct error *e)
{
    if (!uuid_valid(r->params[0]))
        return error_set(e, ERR_NOT_FOUND, "There is no template %.64s.", r->params[0]);
    return template_get(s, r->auth.subject, r->params[0], out, e);
}

/* If-Match counts where nothing else is wrong (RFC 9110, 13.2.1). */
static enum err check_tag(const struct request *r, const struct buffer *now, struct error *e)
{
    char tag[2 * TAG_BYTES + 3];
    make_tag(now, tag);
    if (request_if_match(r, tag))
        return ERR_OK;
    return error_set(e, ERR_PRECONDITION,
                     "The template has changed since it was read, or If-Match is not its ETag, %s.",
                     tag);
}

enum err template_post(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    json_t *body = NULL;
    enum err err = request_json(r, &body, e);
    if (err == ERR_OK)
        err = template_create(s, r->auth.subject, body, &p->body, e);
    if (err == ERR_OK) {
        p->status = 201;
        describe(p);
    }
    json_decref(body);
    return err;
}

enum err template_show(void *app, struct request *r, struct reply *p, struct error *e)
{
    enum err err = load(&((struct app *)app)->services, r, &p->body, e);
    if (err == ERR_OK)
        describe(p);
    return err;
}

enum err template_put(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct buffer now = BUFFER_INIT;
    json_t *body = NULL;
    enum err err = request_json(r, &body, e);
    if (err == ERR_OK)
        err = load(s, r, &now, e);
    if (err == ERR_OK)
        err = template_change(s, &now, body, &p->body, e);
    if (err == ERR_OK)
        err = check_tag(r, &now, e);
    if (err == ERR_OK)
        err = template_store(s, r->auth.subject, r->params[0], &p->body, e);
    if (err == ERR_OK)
        describe(p);
    buffer_free(&now);
    json_decref(body);
    return err;
}

enum err template_delete(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct buffer now = BUFFER_INIT;
    enum err err = load(s, r, &now, e);
    if (err == ERR_OK)
        err = check_tag(r, &now, e);
    if (err == ERR_OK)
        err = template_remove(s, r->auth.subject, r->params[0], e);
    if (err == ERR_OK)
        p->status = 204;
    buffer_free(&now);
    return err;
}

enum err template_index(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    char token[128], next[UUID_LEN + 1] = "";
    int size = 50;
    bool found;
    enum err err = page_query_read(r, &size, token, &found, e);
    if (err == ERR_OK && found && !uuid_valid(token))
        err = error_set(e, ERR_BAD_REQUEST, "page_token is not one that this service gave.");
    buffer_puts(&p->body, "{\"templates\":");
    if (err == ERR_OK)
        err = template_list(s, r->auth.subject, token, (size_t)size, &p->body, next, e);
    buffer_puts(&p->body, ",\"next_page_token\":");
    buffer_json_string(&p->body, next[0] != '\0' ? next : NULL);
    buffer_puts(&p->body, "}");
    reply_header(p, "Cache-Control", "no-store");
    return err;
}
