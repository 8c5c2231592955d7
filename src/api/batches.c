/* /batches: the jobs of several documents, asked for at once (core/batch.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/batch_view.h"
#include "api/extract.h"
#include "api/handlers.h"
#include "api/wait.h"
#include "base/clock.h"
#include "core/batch_request.h"

#define POLL_S 2

/* Its key is made of the batch and its place, so that a repeated request finds it again. */
static enum err queue_item(struct app *app, const struct request *r, const struct batch *b,
                           size_t place, const struct extraction_request *extraction,
                           struct job **out, struct error *e)
{
    char key[UUID_LEN + 32];
    const struct idempotency idempotency = {
        .owner = r->auth.subject, .key = key, .body_hash = b->request_hash};
    (void)snprintf(key, sizeof key, "batch:%s:%zu", b->id, place);
    if (monotonic_us() > r->deadline_us)
        return error_set(e, ERR_TIMEOUT, "There was no time left to queue this; send it again.");
    enum err err = extract_check_languages(app, extraction, e);
    return err == ERR_OK ? extract_queue(app, r, extraction, &idempotency, out, e) : err;
}

/* Queues what can be: a refusal is its item's alone. */
static enum err queue_all(struct app *app, const struct request *r,
                          const struct batch_request *asked, struct batch *b, struct error *e)
{
    enum err err = ERR_OK;
    if ((b->items = calloc(asked->n, sizeof *b->items)) == NULL)
        return error_no_memory(e);
    b->n = asked->n;
    for (size_t i = 0; err == ERR_OK && i < asked->n; i++) {
        struct batch_item *item = &b->items[i];
        struct job *j = NULL;
        struct error why;
        (void)snprintf(item->pdf_id, sizeof item->pdf_id, "%s", asked->items[i].pdf_id);
        if (queue_item(app, r, b, i, &asked->items[i], &j, &why) == ERR_OK)
            (void)snprintf(item->job_id, sizeof item->job_id, "%s", j->id);
        else
            err = batch_refuse(item, &why, e);
        job_free(j);
    }
    return err;
}

/* The batch that the request makes, or has made before. */
static enum err find_or_make(struct app *app, const struct request *r,
                             const struct batch_request *asked, struct batch *b, struct error *e)
{
    const struct services *s = &app->services;
    struct extract_key key;
    char id[UUID_LEN + 1];
    enum err err = extract_key_read(s, r, asked->has_password, &r->body, &key, e);
    if (err != ERR_OK)
        return err;
    uuid_of_texts(r->auth.subject, key.idempotency.key, id);
    err = batch_load(s, r->auth.subject, id, b, e);
    if (err == ERR_OK && strcmp(b->request_hash, key.hash) != 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "This Idempotency-Key was used with another body; use a new one.");
    if (err != ERR_NOT_FOUND)
        return err;
    memcpy(b->id, id, sizeof id);
    memcpy(b->request_hash, key.hash, sizeof key.hash);
    b->created_us = clock_now_us(s->clock);
    err = queue_all(app, r, asked, b, e);
    return err == ERR_OK ? batch_store(s, r->auth.subject, b, e) : err;
}

static void show(const struct batch_view *v, struct reply *p)
{
    reply_header(p, "Cache-Control", "no-store");
    if (v->unfinished > 0)
        reply_header(p, "Retry-After", "%d", POLL_S);
    batch_view_write(v, &p->body);
}

enum err batch_post(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct batch_request asked = {0};
    struct batch_view v = {0};
    json_t *body = NULL;
    enum err err = request_json(r, &body, e);
    if (err == ERR_OK)
        err = batch_request_read(s, r->auth.subject, body, &asked, e);
    if (err == ERR_OK)
        err = find_or_make(app, r, &asked, &v.batch, e);
    if (err == ERR_OK)
        err = batch_view_fill(s, r->auth.subject, &v, e);
    if (err == ERR_OK) {
        p->status = 202;
        reply_header(p, "Location", "/api/v1/batches/%s", v.batch.id);
        show(&v, p);
    }
    batch_view_free(&v);
    batch_request_free(&asked);
    json_decref(body);
    return err;
}

/* Waits for the first job that has not ended; the others may take longer. */
static bool wait_for_one(const struct request *r, const struct batch_view *v, int64_t seconds,
                         struct reply *p)
{
    size_t i = 0;
    if (v->unfinished == 0 || !wait_is_due(r, seconds))
        return false;
    while (v->jobs[i] == NULL || job_is_final(v->jobs[i]))
        i++;
    wait_hand_on(r, v->jobs[i]->id, seconds, r->path, p);
    return true;
}

enum err batch_show(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct batch_view v = {0};
    int64_t seconds = 0;
    enum err err = wait_read(r, s->cfg, &seconds, e);
    if (err == ERR_OK)
        err = batch_load(s, r->auth.subject, r->params[0], &v.batch, e);
    if (err == ERR_OK)
        err = batch_view_fill(s, r->auth.subject, &v, e);
    if (err == ERR_OK && !wait_for_one(r, &v, seconds, p))
        show(&v, p);
    batch_view_free(&v);
    return err;
}

enum err batch_delete(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct batch b;
    enum err err = batch_load(s, r->auth.subject, r->params[0], &b, e);
    if (err == ERR_OK)
        err = batch_erase(s, r->auth.subject, &b, r->deadline_us, e);
    if (err == ERR_OK)
        p->status = 204;
    batch_free(&b);
    return err;
}
