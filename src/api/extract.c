/* POST /extract and /extract/agentic. */
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "base/json.h"
#include "core/extraction_request.h"

#define IDEMPOTENCY_KEY_MAX 255
#define BODY_HASH_BYTES     32

struct idempotency_text {
    char key[80], hash[2 * BODY_HASH_BYTES + 1];
};

/* A request that has no key of the client's is known by its id: nginx sends it to another worker
 * when one dies before it answers. */
static enum err read_idempotency(const struct request *r, struct idempotency_text *text,
                                 struct idempotency *out, struct error *e)
{
    const char *key = request_header(r, "Idempotency-Key");
    unsigned char digest[BODY_HASH_BYTES];
    crypto_generichash_state state;
    for (const char *p = key; p != NULL && *p != '\0'; p++)
        if (!isgraph((unsigned char)*p) || p - key >= IDEMPOTENCY_KEY_MAX)
            return error_set(e, ERR_BAD_REQUEST,
                             "Idempotency-Key must be 1 to 255 visible ASCII characters.");
    if (key != NULL && key[0] == '\0')
        return error_set(e, ERR_BAD_REQUEST, "Idempotency-Key is empty.");
    (void)snprintf(text->key, sizeof text->key, "request:%s", r->request_id);
    out->key = key != NULL ? key : text->key;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof digest);
    (void)crypto_generichash_update(&state, (const unsigned char *)r->path, strlen(r->path) + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)r->body.data, r->body.len);
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    sodium_bin2hex(text->hash, sizeof text->hash, digest, sizeof digest);
    out->owner = r->auth.subject;
    out->body_hash = text->hash;
    return ERR_OK;
}

static enum err check_languages(struct app *app, const struct extraction_request *wanted,
                                struct error *e)
{
    const struct config *cfg = app->services.cfg;
    struct error why;
    if (wanted->languages[0] == '\0')
        return ERR_OK;
    enum err err = languages_check(&app->languages, cfg->ocr_reader, cfg->tessdata_dir,
                                   wanted->languages, &why);
    if (err == ERR_UNPROCESSABLE)
        return error_set(e, err, "/languages: %s", why.detail);
    if (err != ERR_OK)
        *e = why;
    return err;
}

static enum err create(struct app *app, struct request *r, bool agentic, struct reply *p,
                       struct error *e)
{
    const struct services *s = &app->services;
    struct idempotency idem;
    struct idempotency_text text;
    struct extraction_request wanted = {0};
    struct job *j = NULL;
    json_t *body = NULL;
    if (r->body.len == 0)
        return error_set(e, ERR_BAD_REQUEST, "The body is empty; send a JSON object.");
    enum err err = json_parse(r->body.data, r->body.len, &body, e);
    if (err == ERR_OK && !r->old_path)
        err = extraction_request_only_known(body, e);
    if (err == ERR_OK)
        err = extraction_request_read(body, agentic, s->cfg, &wanted, e);
    if (err == ERR_OK)
        err = check_languages(app, &wanted, e);
    if (err == ERR_OK)
        err = read_idempotency(r, &text, &idem, e);
    if (err == ERR_OK)
        err = job_submit(s, r->auth.subject, &wanted, &idem, r->traceparent, &j, e);
    if (err == ERR_OK) {
        p->status = 202;
        (void)snprintf(p->job_id, sizeof p->job_id, "%s", j->id);
        reply_header(p, "Location", "/api/v1/extract/%s", j->id);
        reply_header(p, "Cache-Control", "no-store");
        reply_header(p, "Retry-After", "2");
        err = job_json(s, r, j, &p->body, e);
    }
    job_free(j);
    extraction_request_free(&wanted);
    json_decref(body);
    return err;
}

enum err extract_create(void *app, struct request *r, struct reply *p, struct error *e)
{
    return create(app, r, false, p, e);
}

enum err extract_agentic(void *app, struct request *r, struct reply *p, struct error *e)
{
    return create(app, r, true, p, e);
}
