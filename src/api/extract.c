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

static enum err read_idempotency(const struct request *r, char hash[2 * BODY_HASH_BYTES + 1],
                                 struct idempotency *out, struct error *e)
{
    unsigned char digest[BODY_HASH_BYTES];
    crypto_generichash_state state;
    for (const char *p = out->key; *p != '\0'; p++)
        if (!isgraph((unsigned char)*p) || p - out->key >= IDEMPOTENCY_KEY_MAX)
            return error_set(e, ERR_BAD_REQUEST,
                             "Idempotency-Key must be 1 to 255 visible ASCII characters.");
    if (out->key[0] == '\0')
        return error_set(e, ERR_BAD_REQUEST, "Idempotency-Key is empty.");
    (void)crypto_generichash_init(&state, NULL, 0, sizeof digest);
    (void)crypto_generichash_update(&state, (const unsigned char *)r->path, strlen(r->path) + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)r->body.data, r->body.len);
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    sodium_bin2hex(hash, 2 * BODY_HASH_BYTES + 1, digest, sizeof digest);
    out->owner = r->auth.subject;
    out->body_hash = hash;
    return ERR_OK;
}

static enum err create(struct app *app, struct request *r, bool agentic, struct reply *p,
                       struct error *e)
{
    const struct services *s = &app->services;
    struct idempotency idem = {.key = request_header(r, "Idempotency-Key")};
    char hash[2 * BODY_HASH_BYTES + 1];
    struct extraction_request wanted = {0};
    struct job *j = NULL;
    json_t *body = NULL;
    if (r->body.len == 0)
        return error_set(e, ERR_BAD_REQUEST, "The body is empty; send a JSON object.");
    enum err err = json_parse(r->body.data, r->body.len, &body, e);
    if (err == ERR_OK)
        err = extraction_request_read(body, agentic, s->cfg, &wanted, e);
    if (err == ERR_OK && idem.key != NULL)
        err = read_idempotency(r, hash, &idem, e);
    if (err == ERR_OK)
        err = job_submit(s, r->auth.subject, &wanted, idem.key != NULL ? &idem : NULL,
                         r->traceparent, &j, e);
    if (err == ERR_OK) {
        p->status = 202;
        (void)snprintf(p->job_id, sizeof p->job_id, "%s", j->id);
        reply_header(p, "Location", "/api/v1/extract/%s", j->id);
        reply_header(p, "Cache-Control", "no-store");
        reply_header(p, "Retry-After", "2");
        err = job_json(s, j, &p->body, e);
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
