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

#include "base/log.h"
#include "local/local.h"
#include "local/sqlite_tasks.h"
#include "local/store_mark.h"

#define IDLE_US        (US_PER_S) /* how long to sleep when nothing is known to be due */
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
    const char *db_path;
    struct sqlite_tasks *tasks;
    struct store_mark *mark;
    CURLM *multi;
    struct delivery *deliveries;
    int limit, running;
    double tokens; /* of the rate's bucket */
    int64_t filled_us, braked_until_us;
    int64_t next_tick_us, pause_until_us;
};

static int64_t now(const struct dispatcher *d)
{
    return source_steady_us(d->o->source);
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
                   cfg->tasks_base_url != NULL ? cfg->tasks_base_url : cfg->api_base_url,
                   v->task.path);
    return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)cfg->task_deadline_s + 5) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "pdf-ocr-api-dispatcher") == CURLE_OK &&
           (cfg->tasks_ca_file == NULL ||
            curl_easy_setopt(c, CURLOPT_CAINFO, cfg->tasks_ca_file) == CURLE_OK) &&
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
static int64_t delay_us(const struct config *cfg, int dispatches)
{
    int64_t doublings =
        dispatches < cfg->queue_max_doublings ? dispatches : cfg->queue_max_doublings;
    return backoff_us(cfg->queue_min_backoff_ms * 1000, doublings,
                      cfg->queue_max_backoff_ms * 1000);
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
    enum err err = v->fate == FATE_END ? sqlite_tasks_end(d->tasks, name, now(d), &e)
                   : v->fate == FATE_DROP
                       ? sqlite_tasks_drop(d->tasks, name, &e)
                       : sqlite_tasks_put_back(d->tasks, name, v->due_us, v->last_response, &e);
    if (err != ERR_OK) {
        store_failed(d, &e);
        return;
    }
    delivery_clear(v);
    d->running--;
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
    const struct config *cfg = d->o->cfg;
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
    } else if (v->task.dispatches + 1 >= cfg->queue_max_attempts) {
        log_event(LOG_ERROR, "a task is dropped after its last attempt; the sweep takes up its job",
                  "task", v->task.name, "status", text, "cause",
                  result != CURLE_OK ? curl_easy_strerror(result) : NULL, NULL);
        v->fate = FATE_DROP;
    } else {
        int64_t delay = delay_us(cfg, v->task.dispatches);
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
    double rate = (double)d->o->cfg->queue_max_per_second;
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

/* Starts what is due and may run; gives the time to sleep if nothing happens. */
static int64_t start_due(struct dispatcher *d)
{
    struct error e = {0};
    int64_t pause = d->pause_until_us - monotonic_us();
    if (pause > 0)
        return pause;
    while (d->running < d->limit) {
        struct due_task t;
        bool found;
        int64_t next_us;
        if (!take_token(d))
            return US_PER_S / 50;
        if (sqlite_tasks_take(d->tasks, now(d), d->o->cfg->queue_max_per_owner, &t, &found,
                              &next_us, &e) != ERR_OK) {
            store_failed(d, &e);
            return STORE_PAUSE_US;
        }
        if (!found) {
            int64_t wait = next_us > 0 ? next_us - now(d) : IDLE_US;
            return wait < 1000 ? 1000 : wait < IDLE_US ? wait : IDLE_US;
        }
        start(d, &t);
    }
    return IDLE_US;
}

static void tick(struct dispatcher *d)
{
    struct error e = {0};
    if (monotonic_us() < d->next_tick_us)
        return;
    d->next_tick_us = monotonic_us() + d->o->cfg->sweep_interval_s * US_PER_S;
    if (sqlite_tasks_purge(d->tasks, now(d), &e) != ERR_OK || store_mark_set(d->mark, &e) != ERR_OK)
        store_failed(d, &e);
    if (d->o->tick != NULL)
        d->o->tick(d->o->tick_self);
}

static void wait_for_work(struct dispatcher *d, int64_t us)
{
    struct curl_waitfd notify = {d->o->notify_fd, CURL_WAIT_POLLIN, 0};
    eventfd_t count;
    unsigned n = d->o->notify_fd >= 0 ? 1 : 0;
    /* Short enough that a signal's flag is seen soon: libcurl restarts an interrupted poll. */
    int ms = (int)(us / 1000 < 200 ? us / 1000 : 200);
    (void)curl_multi_poll(d->multi, &notify, n, ms < 1 ? 1 : ms, NULL);
    if (n > 0 && (notify.revents & CURL_WAIT_POLLIN) != 0)
        (void)eventfd_read(d->o->notify_fd, &count);
}

static void work(struct dispatcher *d)
{
    int64_t stop_us = 0;
    for (;;) {
        int still;
        int64_t pause = IDLE_US;
        if (*d->o->stop != 0 && stop_us == 0)
            stop_us = monotonic_us() + d->o->cfg->shutdown_grace_s * US_PER_S;
        if (stop_us != 0 && (d->running == 0 || monotonic_us() > stop_us))
            return;
        if (stop_us == 0) {
            tick(d);
            pause = start_due(d);
        }
        (void)curl_multi_perform(d->multi, &still);
        record_late(d);
        collect(d);
        wait_for_work(d, pause);
    }
}

static enum err open_tables(struct dispatcher *d, struct error *e)
{
    bool lost = false;
    enum err err = sqlite_tasks_open(d->db_path, &d->tasks, e);
    if (err == ERR_OK)
        err = store_mark_open(d->db_path, &d->mark, e);
    if (err == ERR_OK)
        err = store_mark_check(d->mark, &lost, e);
    if (lost)
        d->o->lost();
    return err == ERR_OK ? sqlite_tasks_recover(d->tasks, e) : err;
}

enum err dispatcher_run(const struct queue_run *o, const char *db_path, struct error *e)
{
    struct dispatcher d = {.o = o, .db_path = db_path, .filled_us = monotonic_us()};
    d.limit = (int)(o->cfg->queue_max_concurrent > 0 ? o->cfg->queue_max_concurrent
                                                     : o->cfg->task_workers);
    d.next_tick_us = monotonic_us() + o->cfg->sweep_interval_s * US_PER_S;
    d.deliveries = calloc((size_t)d.limit, sizeof *d.deliveries);
    d.multi = curl_multi_init();
    enum err err =
        d.deliveries != NULL && d.multi != NULL ? open_tables(&d, e) : error_no_memory(e);
    if (err == ERR_OK)
        work(&d);
    for (int i = 0; d.deliveries != NULL && i < d.limit; i++) {
        if (d.deliveries[i].easy != NULL)
            (void)curl_multi_remove_handle(d.multi, d.deliveries[i].easy);
        delivery_clear(&d.deliveries[i]);
    }
    (void)curl_multi_cleanup(d.multi);
    free(d.deliveries);
    store_mark_close(d.mark);
    sqlite_tasks_close(d.tasks);
    return err;
}
