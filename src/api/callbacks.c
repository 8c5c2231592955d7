/* Callbacks: what a request may ask for, and the task that delivers. */
#include "api/callbacks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "core/callback.h"
#include "core/job_change.h"

#define STATUS_GONE 410 /* nobody wants to be told any more */

enum err callback_check(const struct app *app, const struct extraction_request *r, struct error *e)
{
    struct error why;
    if (r->callback_url == NULL)
        return ERR_OK;
    if (app->webhook_secrets.n == 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "/callback_url: this service has no secrets to sign callbacks with");
    enum err err =
        outbound_url_check(outbound_settings_of(app->services.cfg), r->callback_url, &why);
    if (err == ERR_UNPROCESSABLE)
        return error_set(e, err, "/callback_url: %s", why.detail);
    if (err != ERR_OK)
        *e = why;
    return err;
}

static enum err read_task(const struct request *r, struct callback *out, struct error *e)
{
    json_t *tree = NULL;
    const char *job_id = NULL;
    int64_t attempt = 0;
    enum err err = request_json(r, &tree, e);
    struct json_at root = json_root(tree), id = json_member(&root, "job_id"),
                   version = json_member(&root, "version"), number = json_member(&root, "attempt");
    if (err == ERR_OK)
        err = json_read_object(&root, e);
    if (err == ERR_OK)
        err = json_read_string(&id, UUID_LEN, UUID_LEN, &job_id, e);
    if (err == ERR_OK && job_id_check(job_id, e) != ERR_OK)
        err = json_refuse(&id, e, "must be a UUID");
    if (err == ERR_OK)
        err = json_read_integer(&version, 0, INT64_MAX, &out->version, e);
    if (err == ERR_OK)
        err = json_read_integer(&number, 0, 1000, &attempt, e);
    if (err == ERR_OK)
        (void)snprintf(out->job_id, sizeof out->job_id, "%s", job_id);
    out->attempt = (int)attempt;
    json_decref(tree);
    return err;
}

/* The log has no URL: its query may be a secret of the receiver's. */
static void tell(enum log_level level, const char *what, long status, const struct error *why)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%ld", status);
    log_event(level, what, "status", text, "cause", why->detail, NULL);
}

/* What became of an attempt: told, to be tried again, or given up. */
static enum err conclude(const struct app *app, const struct job *j, const struct callback *c,
                         long status, const struct error *why, struct error *e)
{
    if (status >= 200 && status < 300) {
        tell(LOG_INFO, "a callback was delivered", status, why);
        callback_done(&app->services, j->id);
        return ERR_OK;
    }
    if (status == STATUS_GONE ||
        c->attempt + 1 >= outbound_settings_of(app->services.cfg)->attempts) {
        tell(LOG_WARNING, "a callback is given up", status, why);
        callback_done(&app->services, j->id);
        return ERR_OK;
    }
    tell(LOG_NOTICE, "a callback was not taken; it is tried again", status, why);
    return callback_again(&app->services, j, c, e);
}

static enum err deliver(const struct app *app, const struct job *j, const struct callback *c,
                        struct error *e)
{
    const struct services *s = &app->services;
    struct buffer body = BUFFER_INIT;
    struct error why = {0};
    char id[UUID_LEN + 24];
    long status = 0;
    char *url = callback_url_of(j);
    (void)snprintf(id, sizeof id, "%s-%" PRId64, j->id, c->version);
    job_json_without_links(j, &body);
    if (url == NULL || buffer_failed(&body)) {
        free(url);
        buffer_free(&body);
        return error_no_memory(e);
    }
    const struct webhook w = {id, clock_now_us(s->clock) / US_PER_S, body.data, body.len};
    (void)webhook_send(outbound_settings_of(s->cfg), &app->webhook_secrets, url, &w, &status, &why);
    free(url);
    buffer_free(&body);
    return conclude(app, j, c, status, &why, e);
}

enum err task_deliver_callback(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct app *app = self;
    struct callback c;
    struct job *j = NULL;
    enum err err = read_task(r, &c, e);
    if (err == ERR_OK) {
        log_context(r->request_id, c.job_id);
        err = callback_job(&app->services, &c, &j, e);
    }
    if (err == ERR_OK && j != NULL) {
        job_follow(j);
        err = deliver(app, j, &c, e);
    }
    job_free(j);
    if (err == ERR_OK)
        task_answer(p, r, c.job_id);
    return err;
}
