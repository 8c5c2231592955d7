/* Tasks of a queue: https://cloud.google.com/tasks/docs/reference/rest */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/text.h"
#include "google/google.h"

struct tasks {
    struct google_client *client;
    char *queue; /* projects/P/locations/L/queues/Q */
    char *target_base_url, *service_account, *api_key;
    int dispatch_deadline_s;
};

static json_t *base64_json(const void *bytes, size_t n)
{
    size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    json_t *value = NULL;
    if (text != NULL)
        value =
            json_string(sodium_bin2base64(text, size, bytes, n, sodium_base64_VARIANT_ORIGINAL));
    free(text);
    return value;
}

static json_t *http_request(const struct tasks *q, const struct task *t)
{
    char url[1024];
    (void)snprintf(url, sizeof url, "%s%s", q->target_base_url, t->path);
    json_t *request =
        json_pack("{s:s,s:s,s:{s:s},s:o}", "url", url, "httpMethod", "POST", "headers",
                  "Content-Type", "application/json", "body", base64_json(t->body, t->body_len));
    json_t *headers = json_object_get(request, "headers");
    bool ok = request != NULL;
    if (ok && q->service_account != NULL)
        ok = json_object_set_new(request, "oidcToken",
                                 json_pack("{s:s,s:s}", "serviceAccountEmail", q->service_account,
                                           "audience", q->target_base_url)) == 0;
    else if (ok)
        ok = json_object_set_new(headers, "X-API-Key", json_string(q->api_key)) == 0;
    if (ok && t->traceparent != NULL && t->traceparent[0] != '\0')
        ok = json_object_set_new(headers, "traceparent", json_string(t->traceparent)) == 0;
    if (!ok) {
        json_decref(request);
        request = NULL;
    }
    return request;
}

static json_t *task_json(const struct tasks *q, const struct task *t)
{
    char name[1024], deadline[16], time[RFC3339_LEN + 1];
    (void)snprintf(name, sizeof name, "%s/tasks/%s", q->queue, t->name);
    (void)snprintf(deadline, sizeof deadline, "%ds", q->dispatch_deadline_s);
    json_t *task = json_pack("{s:s,s:o,s:s}", "name", name, "httpRequest", http_request(q, t),
                             "dispatchDeadline", deadline);
    rfc3339_format(t->schedule_us, time);
    if (task != NULL && t->schedule_us != 0 &&
        json_object_set_new(task, "scheduleTime", json_string(time)) != 0) {
        json_decref(task);
        task = NULL;
    }
    return task;
}

static enum err tasks_enqueue(void *self, const struct task *t, struct error *e)
{
    struct tasks *q = self;
    char path[1024];
    struct buffer body = BUFFER_INIT;
    struct google_reply r = {0};
    json_t *tree = json_pack("{s:o}", "task", task_json(q, t));
    (void)snprintf(path, sizeof path, "/v2/%s/tasks", q->queue);
    enum err err = google_json_body(tree, &body, e);
    struct google_request request = {.api = GOOGLE_TASKS,
                                     .method = "POST",
                                     .path = path,
                                     .body = body.data,
                                     .body_len = body.len,
                                     .must_exist = true,
                                     .idempotent = true};
    if (err == ERR_OK)
        err = google_call(q->client, &request, &r, e);
    if (r.status == 409) /* the name makes it the same task */
        err = ERR_OK;
    google_reply_clear(&r);
    json_decref(tree);
    if (body.data != NULL)
        sodium_memzero(body.data, body.len);
    buffer_free(&body);
    return err;
}

static enum err tasks_exists(void *self, const char *name, bool *out, struct error *e)
{
    struct tasks *q = self;
    char path[1024];
    struct google_reply r = {0};
    (void)snprintf(path, sizeof path, "/v2/%s/tasks/%s", q->queue, name);
    struct google_request request = {
        .api = GOOGLE_TASKS, .method = "GET", .path = path, .idempotent = true};
    enum err err = google_call(q->client, &request, &r, e);
    *out = err == ERR_OK;
    google_reply_clear(&r);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Cloud Tasks counts a queue's tasks only in its monitoring. */
static enum err tasks_depth(void *self, int64_t *out, struct error *e)
{
    (void)self;
    (void)e;
    *out = -1;
    return ERR_OK;
}

static enum err tasks_ping(void *self, struct error *e)
{
    struct tasks *q = self;
    char path[1024];
    struct google_reply r = {0};
    (void)snprintf(path, sizeof path, "/v2/%s", q->queue);
    struct google_request request = {
        .api = GOOGLE_TASKS, .method = "GET", .path = path, .must_exist = true, .idempotent = true};
    enum err err = google_call(q->client, &request, &r, e);
    google_reply_clear(&r);
    return err;
}

static void tasks_close(void *self)
{
    struct tasks *q = self;
    if (q->api_key != NULL)
        sodium_memzero(q->api_key, strlen(q->api_key));
    free(q->api_key);
    free(q->queue);
    free(q->target_base_url);
    free(q->service_account);
    free(q);
}

static const struct task_queue_ops ops = {
    .name = "cloud-tasks",
    .enqueue = tasks_enqueue,
    .exists = tasks_exists,
    .depth = tasks_depth,
    .ping = tasks_ping,
    .close = tasks_close,
};

enum err cloud_tasks_open(struct google_client *client, const struct cloud_tasks_options *o,
                          struct task_queue *out, struct error *e)
{
    char queue[512];
    bool ok = true;
    struct tasks *q = calloc(1, sizeof *q);
    if (q == NULL)
        return error_no_memory(e);
    (void)snprintf(queue, sizeof queue, "projects/%s/locations/%s/queues/%s", o->project,
                   o->location, o->queue);
    q->client = client;
    q->dispatch_deadline_s = o->dispatch_deadline_s;
    q->queue = text_dup(queue, &ok);
    q->target_base_url = text_dup(o->target_base_url, &ok);
    q->service_account = text_dup(o->service_account, &ok);
    q->api_key = text_dup(o->api_key, &ok);
    if (!ok) {
        tasks_close(q);
        return error_no_memory(e);
    }
    out->ops = &ops;
    out->self = q;
    return ERR_OK;
}
