/* Delivers the queue's tasks over HTTP the way Cloud Tasks does: HTTP target, schedule time, retry
 * config, rate and concurrency limits, at least once.
 * https://cloud.google.com/tasks/docs/creating-http-target-tasks */
#include <curl/curl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dispatch/dispatcher.h"
#include "dispatch/settings.h"

#define STORE_PAUSE_US (US_PER_S)
#define BRAKE_US       (5 * US_PER_S) /* how long a 429 or 503 halves the rate */

/* What is to be recorded of a task whose delivery is over. */
enum fate { FATE_OPEN, FATE_END, FATE_DROP, FATE_PUT_BACK };

struct delivery {
    bool used; /* false: a free place */
    struct due_task task;
    struct curl_slist *headers;
    CURL *easy;
    enum fate fate;
    int64_t due_us;    /* of FATE_PUT_BACK */
    int last_response; /* of FATE_PUT_BACK */
};

struct dispatcher {
    const struct queue_run *o;
    const struct dispatch_settings *settings;
    const struct task_table_ops *ops;
    void *table;
    CURLM *multi;
    struct delivery *deliveries;
    int limit, running;
    double tokens; /* of the rate's bucket */
    int64_t filled_us, braked_until_us;
    int64_t next_tick_us, next_renew_us, pause_until_us;
    int64_t look_us; /* when the table is looked at again, unless something happens */
};

static int64_t now(const struct dispatcher *d)
{
    return clock_steady_us(d->o->clock);
}

/* The answer's body is of no interest. */
static size_t ignore_body(char *bytes, size_t size, size_t n, void *self)
{
    (void)bytes;
    (void)self;
    return size * n;
}

static bool add_header(struct delivery *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool add_header(struct delivery *v, const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    struct curl_slist *list = curl_slist_append(v->headers, line);
    if (list != NULL)
        v->headers = list;
    return list != NULL;
}

static bool set_headers(const struct dispatcher *d, struct delivery *v)
{
    const struct due_task *t = &v->task;
    return add_header(v, "Content-Type: application/json") && add_header(v, "Expect:") &&
           add_header(v, "X-API-Key: %s", d->o->auth_key) &&
           add_header(v, "X-CloudTasks-QueueName: %s", d->o->cfg->task_queue_name) &&
           add_header(v, "X-CloudTasks-TaskName: %s", t->name) &&
           add_header(v, "X-CloudTasks-TaskRetryCount: %d", t->dispatches) &&
           add_header(v, "X-CloudTasks-TaskExecutionCount: %d", t->responses) &&
           add_header(v, "X-CloudTasks-TaskETA: %.6f", (double)t->eta_us / 1e6) &&
           (t->last_response == 0 ||
            add_header(v, "X-CloudTasks-TaskPreviousResponse: %d", t->last_response)) &&
           (t->traceparent == NULL || add_header(v, "traceparent: %s", t->traceparent));
}

static bool set_options(const struct dispatcher *d, struct delivery *v)
{
    const struct config *cfg = d->o->cfg;
    char url[2048];
    CURL *c = v->easy;
    (void)snprintf(url, sizeof url, "%s%s",
                   d->settings->base_url != NULL ? d->settings->base_url : cfg->api_base_url,
                   v->task.path);
    return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)cfg->task_deadline_s + 5) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "pdf-ocr-api-dispatcher") == CURLE_OK &&
           (d->settings->ca_file == NULL ||
            curl_easy_setopt(c, CURLOPT_CAINFO, d->settings->ca_file) == CURLE_OK) &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)v->task.body_len) ==
               CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDS, v->task.body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTPHEADER, v->headers) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore_body) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PRIVATE, v) == CURLE_OK;
}

static void delivery_clear(struct delivery *v)
{
    curl_easy_cleanup(v->easy);
    curl_slist_free_all(v->headers);
    due_task_free(&v->task);
    memset(v, 0, sizeof *v);
}

/* Doubled max_doublings times at most. */
static int64_t delay_us(const struct dispatch_settings *s, int dispatches)
{
    int64_t doublings = dispatches < s->max_doublings ? dispatches : s->max_doublings;
    return backoff_us(s->min_backoff_ms * 1000, doublings, s->max_backoff_ms * 1000);
}

/* A store that does not answer (a full disk, a long lock) must not make this loop spin. */
static void store_failed(struct dispatcher *d, const struct error *e)
{
    log_error(LOG_ERROR, "the dispatcher cannot use the task table; it tries again", e);
    d->pause_until_us = monotonic_us() + STORE_PAUSE_US;
}

/* Frees the place once the store knows how the delivery ended; until then it is tried again. */
static void record(struct dispatcher *d, struct delivery *v)
{
    struct error e = {0};
    const char *name = v->task.name;
    enum err err = v->fate == FATE_END ? d->ops->end(d->table, name, now(d), &e)
                   : v->fate == FATE_DROP
                       ? d->ops->drop(d->table, name, &e)
                       : d->ops->put_back(d->table, name, v->due_us, v->last_response, &e);
    if (err != ERR_OK) {
        store_failed(d, &e);
        return;
    }
    delivery_clear(v);
    d->running--;
    d->look_us = 0;
}

static void record_late(struct dispatcher *d)
{
    for (int i = 0; i < d->limit && monotonic_us() >= d->pause_until_us; i++)
        if (d->deliveries[i].used && d->deliveries[i].fate != FATE_OPEN)
            record(d, &d->deliveries[i]);
}

static void put_back(struct delivery *v, int64_t due_us, int status)
{
    v->fate = FATE_PUT_BACK;
    v->due_us = due_us;
    v->last_response = status;
}

static void end_delivery(struct dispatcher *d, struct delivery *v, CURLcode result)
{
    long status = 0;
    curl_off_t retry_after = 0;
    char text[32];
    if (result == CURLE_OK) {
        (void)curl_easy_getinfo(v->easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(v->easy, CURLINFO_RETRY_AFTER, &retry_after);
    }
    (void)snprintf(text, sizeof text, "%ld", status);
    if (status >= 200 && status < 300) {
        v->fate = FATE_END;
    } else if (v->task.dispatches + 1 >= d->settings->max_attempts) {
        log_event(LOG_ERROR, "a task is dropped after its last attempt; the sweep takes up its job",
                  "task", v->task.name, "status", text, "cause",
                  result != CURLE_OK ? curl_easy_strerror(result) : NULL, NULL);
        v->fate = FATE_DROP;
    } else {
        int64_t delay = delay_us(d->settings, v->task.dispatches);
        if (retry_after * US_PER_S > delay)
            delay = retry_after * US_PER_S;
        if (status == 429 || status == 503)
            d->braked_until_us = monotonic_us() + BRAKE_US;
        log_event(LOG_WARNING, "a task was not delivered; it is tried again", "task", v->task.name,
                  "status", text, "cause", result != CURLE_OK ? curl_easy_strerror(result) : NULL,
                  NULL);
        put_back(v, now(d) + delay, (int)status);
    }
    record(d, v);
}

static void collect(struct dispatcher *d)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(d->multi, &left)) != NULL;) {
        struct delivery *v = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode result = m->data.result;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &v);
        (void)curl_multi_remove_handle(d->multi, m->easy_handle);
        end_delivery(d, v, result);
    }
}

static bool take_token(struct dispatcher *d)
{
    int64_t t = monotonic_us();
    double rate = (double)d->settings->max_per_second;
    if (rate == 0)
        return true;
    if (t < d->braked_until_us)
        rate /= 2;
    d->tokens += (double)(t - d->filled_us) * rate / 1e6;
    d->filled_us = t;
    double bucket = rate < 1 ? 1 : rate / 5 + 1; /* a burst of a fifth of a second */
    if (d->tokens > bucket)
        d->tokens = bucket;
    return d->tokens >= 1;
}

static void start(struct dispatcher *d, struct due_task *t)
{
    struct delivery *v = d->deliveries;
    while (v->used)
        v++;
    v->used = true;
    v->task = *t;
    d->running++;
    v->easy = curl_easy_init();
    if (v->easy != NULL && set_headers(d, v) && set_options(d, v) &&
        curl_multi_add_handle(d->multi, v->easy) == CURLM_OK) {
        d->tokens -= 1;
        return;
    }
    log_event(LOG_ERROR, "a task could not be sent: out of memory", "task", t->name, NULL);
    put_back(v, now(d) + US_PER_S, 0);
    record(d, v);
}

/* Starts what is due and may run, and tells when to look again. */
static void start_due(struct dispatcher *d)
{
    struct error e = {0};
    while (d->running < d->limit) {
        struct due_task t;
        bool found;
        int64_t next_us;
        if (!take_token(d)) {
            d->look_us = monotonic_us() + US_PER_S / 50;
            return;
        }
        if (d->ops->take(d->table, now(d), d->settings->max_per_owner, &t, &found, &next_us, &e) !=
            ERR_OK) {
            store_failed(d, &e);
            return;
        }
        if (!found) {
            int64_t wait = next_us > 0 ? next_us - now(d) : d->ops->idle_us;
            wait = wait < 1000 ? 1000 : wait < d->ops->idle_us ? wait : d->ops->idle_us;
            d->look_us = monotonic_us() + wait;
            return;
        }
        start(d, &t);
    }
    d->look_us = monotonic_us() + d->ops->idle_us; /* or when a delivery ends */
}

/* The time to sleep if nothing happens. */
static int64_t look(struct dispatcher *d)
{
    int64_t t = monotonic_us();
    if (d->ops->woken != NULL && d->ops->woken(d->table))
        d->look_us = 0;
    if (t >= d->look_us && t >= d->pause_until_us)
        start_due(d);
    int64_t until = d->look_us > d->pause_until_us ? d->look_us : d->pause_until_us;
    return until - monotonic_us();
}

static void renew(struct dispatcher *d)
{
    struct error e = {0};
    if (d->ops->renew == NULL || d->running == 0 || monotonic_us() < d->next_renew_us)
        return;
    d->next_renew_us = monotonic_us() + d->ops->renew_us;
    if (d->ops->renew(d->table, &e) != ERR_OK)
        store_failed(d, &e);
}

static void tick(struct dispatcher *d)
{
    struct error e = {0};
    if (monotonic_us() < d->next_tick_us)
        return;
    d->next_tick_us = monotonic_us() + d->o->cfg->sweep_interval_s * US_PER_S;
    if (d->ops->tick(d->table, now(d), &e) != ERR_OK)
        store_failed(d, &e);
    if (d->o->tick != NULL)
        d->o->tick(d->o->tick_self);
}

static void wait_for_work(struct dispatcher *d, int64_t us)
{
    struct curl_waitfd wake[2];
    eventfd_t count;
    unsigned n = 0;
    int fd = d->ops->wake_fd != NULL ? d->ops->wake_fd(d->table) : -1;
    if (fd >= 0)
        wake[n++] = (struct curl_waitfd){fd, CURL_WAIT_POLLIN, 0};
    if (d->o->notify_fd >= 0)
        wake[n++] = (struct curl_waitfd){d->o->notify_fd, CURL_WAIT_POLLIN, 0};
    /* Short enough that a signal's flag is seen soon: libcurl restarts an interrupted poll. */
    int ms = (int)(us / 1000 < 200 ? us / 1000 : 200);
    (void)curl_multi_poll(d->multi, wake, n, ms < 1 ? 1 : ms, NULL);
    if (d->o->notify_fd < 0 || (wake[n - 1].revents & CURL_WAIT_POLLIN) == 0)
        return;
    (void)eventfd_read(d->o->notify_fd, &count);
    d->look_us = 0;
}

static void work(struct dispatcher *d)
{
    int64_t stop_us = 0;
    for (;;) {
        int still;
        int64_t pause = US_PER_S;
        if (*d->o->stop != 0 && stop_us == 0)
            stop_us = monotonic_us() + d->o->cfg->shutdown_grace_s * US_PER_S;
        if (stop_us != 0 && (d->running == 0 || monotonic_us() > stop_us))
            return;
        if (stop_us == 0) {
            tick(d);
            pause = look(d);
        }
        renew(d);
        (void)curl_multi_perform(d->multi, &still);
        record_late(d);
        collect(d);
        wait_for_work(d, pause);
    }
}

enum err dispatcher_run(const struct queue_run *o, const struct task_table *table, struct error *e)
{
    struct dispatcher d = {.o = o,
                           .settings = config_values(o->cfg, &dispatch_settings),
                           .ops = table->ops,
                           .table = table->self,
                           .filled_us = monotonic_us()};
    bool lost = false;
    d.limit =
        (int)(d.settings->max_concurrent > 0 ? d.settings->max_concurrent : o->cfg->task_workers);
    d.next_tick_us = monotonic_us() + o->cfg->sweep_interval_s * US_PER_S;
    d.deliveries = calloc((size_t)d.limit, sizeof *d.deliveries);
    d.multi = curl_multi_init();
    enum err err = d.deliveries != NULL && d.multi != NULL ? d.ops->start(d.table, &lost, e)
                                                           : error_no_memory(e);
    if (lost)
        o->lost();
    if (err == ERR_OK)
        work(&d);
    for (int i = 0; d.deliveries != NULL && i < d.limit; i++) {
        if (d.deliveries[i].easy != NULL)
            (void)curl_multi_remove_handle(d.multi, d.deliveries[i].easy);
        delivery_clear(&d.deliveries[i]);
    }
    (void)curl_multi_cleanup(d.multi);
    free(d.deliveries);
    return err;
}
