/* POST /extract and /extract/agentic. */
#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "api/callbacks.h"
#include "api/extract.h"
#include "api/handlers.h"
#include "base/json.h"
#include "core/document_owner.h"
#include "core/extraction_request.h"
#include "core/template.h"

#define IDEMPOTENCY_KEY_MAX 255
#define BODY_HASH_BYTES     32

static_assert(sizeof((struct extract_key *)0)->hash == 2 * BODY_HASH_BYTES + 1,
              "room for the hash");

static enum err check_key(const char *key, struct error *e)
{
    for (const char *p = key; *p != '\0'; p++)
        if (!isgraph((unsigned char)*p) || p - key >= IDEMPOTENCY_KEY_MAX)
            return error_set(e, ERR_BAD_REQUEST,
                             "Idempotency-Key must be 1 to 255 visible ASCII characters.");
    return key[0] != '\0' ? ERR_OK : error_set(e, ERR_BAD_REQUEST, "Idempotency-Key is empty.");
}

/* A request that has no key of the client's is known by its id: nginx sends it to another worker
 * when one dies before it answers. A body with a password is hashed by a key. Others are not: each
 * machine has to find the same hash, whatever its key is. */
enum err extract_key_read(const struct services *s, const struct request *r, bool has_password,
                          const struct buffer *text, struct extract_key *out, struct error *e)
{
    const char *key = request_header(r, "Idempotency-Key");
    unsigned char digest[BODY_HASH_BYTES];
    crypto_generichash_state state;
    if (key != NULL && check_key(key, e) != ERR_OK)
        return ERR_BAD_REQUEST;
    (void)snprintf(out->made, sizeof out->made, "request:%s", r->request_id);
    (void)crypto_generichash_init(&state, has_password ? s->sealing_key : NULL,
                                  has_password ? sizeof s->sealing_key : 0, sizeof digest);
    (void)crypto_generichash_update(&state, (const unsigned char *)r->path, strlen(r->path) + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)text->data, text->len);
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    sodium_bin2hex(out->hash, sizeof out->hash, digest, sizeof digest);
    out->idempotency = (struct idempotency){.owner = r->auth.subject,
                                            .key = key != NULL ? key : out->made,
                                            .body_hash = out->hash,
                                            .of_client = key != NULL};
    return ERR_OK;
}

enum err extract_check_languages(struct app *app, const struct extraction_request *extraction,
                                 struct error *e)
{
    const struct recognizer_limits *l = &app->recognizer;
    struct error why;
    if (extraction->languages[0] == '\0')
        return ERR_OK;
    enum err err =
        languages_check(&app->languages, l->program, l->tessdata_dir, extraction->languages, &why);
    if (err == ERR_UNPROCESSABLE)
        return error_set(e, err, "/languages: %s", why.detail);
    if (err != ERR_OK)
        *e = why;
    return err;
}

enum err extract_queue(struct app *app, const struct request *r,
                       const struct extraction_request *extraction,
                       const struct idempotency *idempotency, struct job **out, struct error *e)
{
    const struct services *s = &app->services;
    enum err err = callback_check(app, extraction, e);
    if (err == ERR_OK)
        err = document_owner_check(s, request_owner(r), extraction->pdf_id, e);
    return err == ERR_OK
               ? job_submit(s, r->auth.subject, extraction, idempotency, r->traceparent, out, e)
               : err;
}

enum err extract_submit(struct app *app, const struct request *r,
                        const struct extraction_request *extraction, const struct buffer *text,
                        struct job **out, struct error *e)
{
    struct extract_key key;
    enum err err = extract_key_read(&app->services, r, extraction->has_password, text, &key, e);
    return err == ERR_OK ? extract_queue(app, r, extraction, &key.idempotency, out, e) : err;
}

enum err extract_accepted(const struct services *s, const struct request *r, const struct job *j,
                          const char *location, struct reply *p, struct error *e)
{
    p->status = 202;
    (void)snprintf(p->job_id, sizeof p->job_id, "%s", j->id);
    reply_header(p, "Location", "%s", location);
    reply_header(p, "Cache-Control", "no-store");
    reply_header(p, "Retry-After", "2");
    return job_json(s, r, j, &p->body, e);
}

static enum err create(struct app *app, struct request *r, bool agentic, struct reply *p,
                       struct error *e)
{
    const struct services *s = &app->services;
    struct extraction_request extraction = {0};
    struct job *j = NULL;
    json_t *body = NULL;
    char location[64];
    enum err err = request_json(r, &body, e);
    if (err == ERR_OK && !r->old_path)
        err = extraction_request_only_known(body, e);
    if (err == ERR_OK)
        err = template_apply(s, r->auth.subject, body, e);
    if (err == ERR_OK)
        err = extraction_request_read(body, agentic, s->cfg, &extraction, e);
    if (err == ERR_OK)
        err = extract_check_languages(app, &extraction, e);
    if (err == ERR_OK)
        err = extract_submit(app, r, &extraction, &r->body, &j, e);
    if (err == ERR_OK) {
        (void)snprintf(location, sizeof location, "/api/v1/extract/%s", j->id);
        err = extract_accepted(s, r, j, location, p, e);
    }
    job_free(j);
    extraction_request_free(&extraction);
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
