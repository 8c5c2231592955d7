/* The life of a job over the local stores, with a clock that the tests move and ports that fail
 * when told to. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "core/blob_names.h"
#include "core/callback.h"
#include "core/document_owner.h"
#include "core/extraction_request.h"
#include "core/job_change.h"
#include "core/job_service.h"
#include "core/retention.h"
#include "core/sealed_password.h"
#include "local/local.h"
#include "tests/unit/suite.h"

#define START_US (INT64_C(1700000000) * US_PER_S)

static struct {
    char folder[64];
    int64_t now_us, jump_us;
    struct job_store_ops store_ops; /* the store's, with a replace that may fail */
    const struct job_store_ops *real;
    int replaces, fail_replace; /* which one fails, counted from 1 */
    bool queue_down, has_task;
    const char *sent_twice; /* the key of a request that comes again while the first one waits */
    int tasks, pages, read;
    bool shaky; /* each task fails after the page that it read */
    size_t regions;
    char last_task[TASK_NAME_MAX + 1];
    struct config cfg;
    struct services s;
    struct extraction_request request;
} t;

static int64_t test_now(void *self)
{
    (void)self;
    return t.now_us;
}

/* The wall clock is ahead of it by jump_us. */
static int64_t test_steady(void *self)
{
    (void)self;
    return t.now_us - t.jump_us;
}

static const struct clock test_clock = {.now_us = test_now, .steady_us = test_steady};

static enum err test_replace(void *self, struct job *next, struct error *e)
{
    if (++t.replaces == t.fail_replace)
        return error_set(e, ERR_UNAVAILABLE, "The store does not answer.");
    return t.real->replace(self, next, e);
}

static struct job *submit(const char *key, enum err want);

static enum err test_enqueue(void *self, const struct task *task, struct error *e)
{
    const char *key = t.sent_twice;
    (void)self;
    t.sent_twice = NULL;
    if (key != NULL)
        job_free(submit(key, ERR_OK));
    if (t.queue_down || key != NULL)
        return error_set(e, ERR_UNAVAILABLE, "The queue does not answer.");
    t.tasks++;
    (void)snprintf(t.last_task, sizeof t.last_task, "%s", task->name);
    return ERR_OK;
}

static enum err test_exists(void *self, const char *name, bool *out, struct error *e)
{
    (void)self, (void)e;
    *out = t.has_task && strcmp(name, t.last_task) == 0;
    return ERR_OK;
}

static const struct task_queue_ops queue_ops = {
    .name = "test", .enqueue = test_enqueue, .exists = test_exists};

/* Reads the pages of t.pages, as far as the journal lets it. */
static enum err run_pages(void *self, int fd, const struct extraction_request *r,
                          const struct checkpoint *c, const struct page_journal *journal,
                          struct job_progress *progress, struct extraction *out, struct error *e)
{
    enum err err = ERR_OK;
    (void)self, (void)fd, (void)r, (void)c, (void)progress;
    for (int page = 1; err == ERR_OK && page <= t.pages; page++) {
        struct buffer known = BUFFER_INIT;
        err = journal->find(journal->self, page, &known, e);
        if (err == ERR_OK && known.len == 0 && (err = journal->go_on(journal->self, e)) == ERR_OK &&
            (err = journal->spend(journal->self, 1, e)) == ERR_OK) {
            t.read++;
            buffer_puts(&known, "what was read");
            journal->keep(journal->self, page, &known);
            if (t.shaky)
                err = error_set(e, ERR_UNAVAILABLE, "The engine is down.");
        }
        buffer_free(&known);
    }
    *out = (struct extraction){.outcome = OUTCOME_NO_MATCH};
    if (t.regions > 0) {
        out->results = calloc(t.regions, sizeof *out->results);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out->results);
        out->n_results = t.regions;
    }
    return err;
}

static const struct job_runner runner = {run_pages, NULL};

static void open_services(void)
{
    static const unsigned char key[32] = {1};
    char path[128], blobs[128];
    struct error e;
    memset(&t, 0, sizeof t);
    t.now_us = START_US;
    t.cfg = (struct config){.max_upload_bytes = 1000,
                            .max_regions = 10,
                            .max_pages = 10,
                            .job_lease_s = 10,
                            .job_max_retries = 3,
                            .job_max_attempts = 2,
                            .job_stale_s = 60,
                            .retry_base_s = 10,
                            .retry_max_s = 100,
                            .result_ttl_days = 1,
                            .task_deadline_s = 60};
    (void)strcpy(t.folder, "/tmp/job-service-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(t.folder));
    t.cfg.uploads_dir = t.folder;
    t.s.cfg = &t.cfg;
    t.s.clock = &test_clock;
    t.s.queue.ops = &queue_ops;
    (void)snprintf(path, sizeof path, "%s/db", t.folder);
    (void)snprintf(blobs, sizeof blobs, "%s/blobs", t.folder);
    CU_ASSERT_EQUAL_FATAL(sqlite_job_store_open(path, &test_clock, &t.s.jobs, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(
        file_blob_store_open(blobs, "https://x", key, &test_clock, &t.s.blobs, &e), ERR_OK);
    t.real = t.s.jobs.ops;
    t.store_ops = *t.real;
    t.store_ops.replace = test_replace;
    t.s.jobs.ops = &t.store_ops;
    static struct region whole = {.id = "r", .page = 1, .box = {0, 0, 1, 1}};
    t.request = (struct extraction_request){.regions = &whole, .n_regions = 1};
    memset(t.request.pdf_id, 'a', 64);
    (void)snprintf(path, sizeof path, "documents/%s.pdf", t.request.pdf_id);
    CU_ASSERT_EQUAL_FATAL(
        t.s.blobs.ops->put_bytes(t.s.blobs.self, path, "%PDF-", 5, "application/pdf", &e), ERR_OK);
}

static void close_services(void)
{
    char command[128];
    t.s.jobs.ops->close(t.s.jobs.self);
    t.s.blobs.ops->close(t.s.blobs.self);
    (void)snprintf(command, sizeof command, "rm -r %s", t.folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

static struct job *submit(const char *key, enum err want)
{
    const struct idempotency idem = {"me", key, "hash", true};
    struct job *j = NULL;
    struct error e;
    CU_ASSERT_EQUAL(job_submit(&t.s, "me", &t.request, key != NULL ? &idem : NULL, NULL, &j, &e),
                    want);
    return j;
}

static void process(const char *id, enum err want)
{
    struct error e = {0};
    CU_ASSERT_EQUAL(job_process(&t.s, &runner, id, monotonic_us() + 60 * US_PER_S, &e), want);
}

static struct job *load(const char *id)
{
    struct job *j = NULL;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(job_load(&t.s, "me", id, &j, &e), ERR_OK);
    return j;
}

static void finish_that_cannot_be_stored_is_tried_again(void)
{
    open_services();
    struct job *j = submit(NULL, ERR_OK);
    t.fail_replace = 2; /* the first is the claim, the second the finish */
    process(j->id, ERR_OK);
    struct job *deferred = load(j->id);
    CU_ASSERT_EQUAL(deferred->status, JOB_QUEUED);
    CU_ASSERT_EQUAL(deferred->retry_count, 1);
    CU_ASSERT_EQUAL(strncmp(t.last_task, "retry-", 6), 0);
    process(j->id, ERR_OK);
    struct job *done = load(j->id);
    CU_ASSERT_EQUAL(done->status, JOB_COMPLETED);
    job_free(done);
    job_free(deferred);
    job_free(j);
    close_services();
}

static void job_that_runs_elsewhere_is_delivered_again(void)
{
    open_services();
    struct job *j = submit(NULL, ERR_OK);
    t.store_ops.replace = t.real->replace;
    struct job *claimed = load(j->id);
    struct error e;
    CU_ASSERT_EQUAL(job_claim(claimed, t.now_us, 10 * US_PER_S, "other", &e), ERR_OK);
    CU_ASSERT_EQUAL(t.real->replace(t.s.jobs.self, claimed, &e), ERR_OK);
    process(j->id, ERR_CONFLICT); /* runs elsewhere: delivered again later */
    t.now_us += 11 * US_PER_S;
    process(j->id, ERR_OK);
    struct job *done = load(j->id);
    CU_ASSERT_EQUAL(done->status, JOB_COMPLETED);
    job_free(done);
    job_free(claimed);
    job_free(j);
    close_services();
}

static void key_used_while_the_queue_was_down_gives_a_job_that_runs(void)
{
    open_services();
    t.queue_down = true;
    CU_ASSERT_PTR_NULL(submit("key", ERR_UNAVAILABLE));
    CU_ASSERT_PTR_NULL(submit("key", ERR_UNAVAILABLE));
    t.queue_down = false;
    struct job *j = submit("key", ERR_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    CU_ASSERT_EQUAL(j->status, JOB_QUEUED);
    CU_ASSERT_EQUAL(t.tasks, 1);
    process(j->id, ERR_OK);
    struct job *again = submit("key", ERR_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_STRING_EQUAL(again->id, j->id);
    CU_ASSERT_EQUAL(again->status, JOB_COMPLETED);
    job_free(again);
    job_free(j);
    close_services();
}

static enum err no_room(void *self, const char *name, const void *bytes, size_t n,
                        const char *content_type, struct error *e)
{
    (void)self, (void)name, (void)bytes, (void)n, (void)content_type;
    return error_set(e, ERR_STORAGE_FULL, "The disk is full.");
}

static char callback_url[] = "https://www.example.com/";

static bool has_mark(const char *id)
{
    char prefix[BLOB_NAME_MAX + 1], name[BLOB_NAME_MAX + 1];
    struct blob_info info;
    struct error e;
    callback_marks_prefix(id, prefix);
    return t.s.blobs.ops->find(t.s.blobs.self, prefix, name, &info, &e) == ERR_OK;
}

static void sweep(int64_t later_s)
{
    struct error e;
    t.now_us = clock_now_us(&system_clock) + later_s * US_PER_S; /* of the files, too */
    CU_ASSERT_EQUAL(job_sweep(&t.s, 0, NULL, NULL, &e), ERR_OK);
}

static void no_job_ends_without_the_mark_that_it_is_to_be_told(void)
{
    open_services();
    struct error e;
    t.request.callback_url = callback_url;
    struct job *j = submit(NULL, ERR_OK);
    const struct blob_store_ops *real = t.s.blobs.ops;
    struct blob_store_ops full = *real;
    full.put_bytes = no_room;
    t.s.blobs.ops = &full;
    CU_ASSERT_EQUAL(job_erase(&t.s, "me", j->id, 0, &e), ERR_STORAGE_FULL);
    struct job *waits = load(j->id);
    CU_ASSERT_EQUAL(waits->status, JOB_QUEUED);
    t.s.blobs.ops = real;
    CU_ASSERT_EQUAL(job_erase(&t.s, "me", j->id, 0, &e), ERR_OK);
    struct job *ended = load(j->id);
    CU_ASSERT_EQUAL(ended->status, JOB_CANCELLED);
    CU_ASSERT_TRUE(has_mark(j->id));
    CU_ASSERT_EQUAL(strncmp(t.last_task, "callback-", 9), 0);
    char *url = callback_url_of(ended);
    CU_ASSERT_PTR_NOT_NULL_FATAL(url);
    CU_ASSERT_STRING_EQUAL(url, callback_url);
    callback_done(&t.s, j->id);
    CU_ASSERT_FALSE(has_mark(j->id));
    free(url);
    job_free(ended);
    job_free(waits);
    job_free(j);
    close_services();
}

/* Dropped by the queue, or never in it: the sweep finds the mark, at first and after a retry. */
static void callback_whose_task_was_lost_is_queued_again(void)
{
    open_services();
    char lost[TASK_NAME_MAX + 1];
    t.request.callback_url = callback_url;
    struct job *j = submit(NULL, ERR_OK);
    t.queue_down = true;
    process(j->id, ERR_OK);
    t.queue_down = false;
    CU_ASSERT_EQUAL(t.tasks, 1);
    sweep(t.cfg.job_stale_s / 2);
    CU_ASSERT_EQUAL(t.tasks, 1);
    for (int i = 2; i < 5; i++) {
        (void)memcpy(lost, t.last_task, sizeof lost);
        t.has_task = false;
        sweep(t.cfg.job_stale_s + 5);
        CU_ASSERT_EQUAL(t.tasks, i);
        CU_ASSERT_EQUAL(strncmp(t.last_task, "callback-", 9), 0);
        CU_ASSERT_STRING_NOT_EQUAL(t.last_task, lost);
        t.has_task = true;
        sweep(t.cfg.job_stale_s + 5);
        CU_ASSERT_EQUAL(t.tasks, i);
    }
    callback_done(&t.s, j->id);
    t.has_task = false;
    sweep(t.cfg.job_stale_s + 5);
    CU_ASSERT_EQUAL(t.tasks, 4);
    job_free(j);
    close_services();
}

static void marks_of_erased_jobs_are_forgotten(void)
{
    open_services();
    struct error e;
    t.request.callback_url = callback_url;
    struct job *j = submit(NULL, ERR_OK);
    process(j->id, ERR_OK);
    CU_ASSERT_EQUAL(job_erase(&t.s, "me", j->id, 0, &e), ERR_OK);
    CU_ASSERT_TRUE(has_mark(j->id));
    sweep(t.cfg.job_stale_s + 5);
    CU_ASSERT_FALSE(has_mark(j->id));
    job_free(j);
    close_services();
}

static void end_that_could_not_be_stored_is_not_told(void)
{
    open_services();
    struct error e = {0};
    struct job *told = NULL;
    t.request.callback_url = callback_url;
    struct job *j = submit(NULL, ERR_OK);
    struct callback c = {.version = j->version};
    (void)snprintf(c.job_id, sizeof c.job_id, "%s", j->id);
    t.fail_replace = 2; /* the end was marked, and could not be stored */
    process(j->id, ERR_OK);
    CU_ASSERT_EQUAL(strncmp(t.last_task, "retry-", 6), 0);
    CU_ASSERT_EQUAL(callback_job(&t.s, &c, &told, &e), ERR_OK);
    CU_ASSERT_PTR_NULL(told);
    process(j->id, ERR_OK);
    CU_ASSERT_EQUAL(strncmp(t.last_task, "callback-", 9), 0);
    CU_ASSERT_EQUAL(callback_job(&t.s, &c, &told, &e), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(told);
    CU_ASSERT_EQUAL(told->status, JOB_COMPLETED);
    job_free(told);
    job_free(j);
    close_services();
}

static void job_accepted_by_a_second_request_is_not_failed_by_the_first(void)
{
    open_services();
    t.sent_twice = "key";
    CU_ASSERT_PTR_NULL(submit("key", ERR_UNAVAILABLE));
    struct job *j = submit("key", ERR_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    process(j->id, ERR_OK);
    struct job *done = load(j->id);
    CU_ASSERT_EQUAL(done->status, JOB_COMPLETED);
    job_free(done);
    job_free(j);
    close_services();
}

/* However slow the store is, each page brings the list further. */
static void documents_are_listed_in_shorter_pages_when_time_is_up(void)
{
    const int64_t long_ago = 0;
    struct owned_documents page = {0};
    char after[JOB_PDF_ID_MAX + 1] = "", id[JOB_PDF_ID_MAX + 1], blob[BLOB_NAME_MAX + 1];
    struct error e;
    int found = 0, pages = 0;
    open_services();
    for (char c = 'a'; c <= 'c'; c++) {
        memset(id, c, 64);
        id[64] = '\0';
        document_name(id, blob);
        CU_ASSERT_EQUAL(t.s.blobs.ops->put_bytes(t.s.blobs.self, blob, "%PDF-", 5, "", &e), ERR_OK);
        CU_ASSERT_EQUAL(document_owner_add(&t.s, "me", id, "x.pdf", NULL, &e), ERR_OK);
    }
    do {
        CU_ASSERT_EQUAL_FATAL(document_owner_list(&t.s, "me", after, 50, long_ago, &page, &e),
                              ERR_OK);
        (void)snprintf(after, sizeof after, "%s", page.last_id);
        found += (int)page.n;
        CU_ASSERT_TRUE(page.n <= 1);
        owned_documents_free(&page);
    } while (after[0] != '\0' && ++pages < 5);
    CU_ASSERT_EQUAL(found, 3);
    close_services();
}

/* The retry is stored; who asks for it again, or the key's other request, may have been told so. */
static void retry_that_cannot_be_queued_waits_for_the_sweep(void)
{
    open_services();
    const struct error why = {.kind = ERR_UNPROCESSABLE, .detail = "broken"};
    struct error e;
    struct job *j = submit(NULL, ERR_OK), *again = NULL;
    CU_ASSERT_EQUAL(job_fail_unleased(&t.s, j->id, &why, &e), ERR_OK);
    t.queue_down = true;
    CU_ASSERT_EQUAL(job_retry_now(&t.s, "me", j->id, 0, &again, &e), ERR_UNAVAILABLE);
    CU_ASSERT_PTR_NULL(again);
    CU_ASSERT_EQUAL(e.retry_after_s, 5);
    t.queue_down = false;
    int before = t.tasks;
    t.now_us += (t.cfg.job_stale_s + 1) * US_PER_S;
    CU_ASSERT_EQUAL(job_sweep(&t.s, 0, NULL, NULL, &e), ERR_OK);
    CU_ASSERT_EQUAL(t.tasks, before + 1);
    process(j->id, ERR_OK);
    struct job *done = load(j->id);
    CU_ASSERT_EQUAL(done->status, JOB_COMPLETED);
    job_free(done);
    job_free(j);
    close_services();
}

static void job_that_breaks_off_its_workers_is_given_up(void)
{
    struct error e;
    open_services();
    struct job *j = submit(NULL, ERR_OK);
    for (int i = 0; i < 2; i++) {
        struct job *claimed = load(j->id);
        CU_ASSERT_EQUAL(job_claim(claimed, t.now_us, 10 * US_PER_S, "dead", &e), ERR_OK);
        CU_ASSERT_EQUAL(t.real->replace(t.s.jobs.self, claimed, &e), ERR_OK);
        job_free(claimed);
        t.now_us += 30 * US_PER_S;
    }
    process(j->id, ERR_OK);
    struct job *failed = load(j->id);
    CU_ASSERT_EQUAL(failed->status, JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(failed->error_message, "broken off too many times"));
    job_free(failed);
    job_free(j);
    close_services();
}

static void sweep_queues_the_job_of_a_dead_worker_and_erases_what_has_expired(void)
{
    struct blob_info info;
    struct error e;
    int requeued = 0, erased = 0;
    open_services();
    struct job *ended = submit(NULL, ERR_OK), *held = submit(NULL, ERR_OK);
    process(ended->id, ERR_OK);
    struct job *claimed = load(held->id), *gone = NULL;
    CU_ASSERT_EQUAL(job_claim(claimed, t.now_us, 10 * US_PER_S, "dead", &e), ERR_OK);
    CU_ASSERT_EQUAL(t.real->replace(t.s.jobs.self, claimed, &e), ERR_OK);
    CU_ASSERT_EQUAL(job_sweep(&t.s, t.now_us, &requeued, &erased, &e), ERR_OK);
    CU_ASSERT_EQUAL(requeued + erased, 0);
    struct job *done = load(ended->id);
    t.now_us += 86401 * US_PER_S;
    CU_ASSERT_EQUAL(job_sweep(&t.s, t.now_us, &requeued, &erased, &e), ERR_OK);
    CU_ASSERT_EQUAL(requeued, 1);
    CU_ASSERT_EQUAL(erased, 1);
    CU_ASSERT_EQUAL(job_load(&t.s, "me", ended->id, &gone, &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(t.s.blobs.ops->stat(t.s.blobs.self, done->result_name, &info, &e),
                    ERR_NOT_FOUND);
    job_free(done);
    job_free(claimed);
    job_free(ended);
    job_free(held);
    close_services();
}

static bool keeps_pages(const char *id)
{
    char prefix[BLOB_NAME_MAX + 1], name[BLOB_NAME_MAX + 1];
    struct blob_info info;
    struct error e;
    (void)snprintf(prefix, sizeof prefix, "results/%s/pages/", id);
    return t.s.blobs.ops->find(t.s.blobs.self, prefix, name, &info, &e) == ERR_OK;
}

static void long_job_goes_on_in_the_next_task(void)
{
    struct error e = {0};
    open_services();
    struct job *j = submit(NULL, ERR_OK), *now = NULL;
    t.pages = 4;
    t.cfg.job_max_attempts = 2;
    for (int task = 1; task <= 4; task++) {
        /* No time is left from the start, so that each task reads one page. */
        CU_ASSERT_EQUAL(job_process(&t.s, &runner, j->id, monotonic_us() - 1, &e), ERR_OK);
        CU_ASSERT_EQUAL(t.read, task);
        now = load(j->id);
        CU_ASSERT_EQUAL(now->status, task < 4 ? JOB_QUEUED : JOB_COMPLETED);
        CU_ASSERT_EQUAL(now->retry_count, 0);
        CU_ASSERT_EQUAL(strncmp(t.last_task, "extraction-", 11), 0);
        CU_ASSERT_EQUAL(t.tasks, task < 4 ? task + 1 : 4);
        CU_ASSERT_EQUAL(keeps_pages(j->id), task < 4);
        job_free(now);
    }
    job_free(j);
    close_services();
}

static void failures_count_only_until_the_job_gets_further(void)
{
    open_services();
    struct job *j = submit(NULL, ERR_OK), *now = NULL;
    t.pages = 6;
    t.shaky = true;
    t.cfg.job_max_attempts = 20;
    for (int task = 1; task <= 6; task++) {
        process(j->id, ERR_OK);
        now = load(j->id);
        CU_ASSERT_EQUAL(now->status, JOB_QUEUED);
        CU_ASSERT_EQUAL(now->retry_count, 1);
        CU_ASSERT_EQUAL(t.read, task);
        job_free(now);
    }
    process(j->id, ERR_OK);
    now = load(j->id);
    CU_ASSERT_EQUAL(now->status, JOB_COMPLETED);
    job_free(now);
    job_free(j);
    close_services();
}

static void long_list_of_regions_lies_beside_the_results(void)
{
    char name[BLOB_NAME_MAX + 1];
    struct blob_info info;
    struct error e = {0};
    open_services();
    for (size_t many = 0; many < 2; many++) {
        t.regions = many ? 20000 : 20;
        struct job *j = submit(NULL, ERR_OK);
        process(j->id, ERR_OK);
        struct job *now = load(j->id);
        CU_ASSERT_EQUAL(now->status, JOB_COMPLETED);
        CU_ASSERT_EQUAL(now->approved_regions_json == NULL, many);
        CU_ASSERT_EQUAL(now->regions_name != NULL, many);
        (void)snprintf(name, sizeof name, "results/%s/regions.json", j->id);
        CU_ASSERT_EQUAL(t.s.blobs.ops->stat(t.s.blobs.self, name, &info, &e),
                        many ? ERR_OK : ERR_NOT_FOUND);
        job_free(now);
        job_free(j);
    }
    close_services();
}

static void budget_of_a_key_ends_with_its_day(void)
{
    open_services();
    t.cfg.ocr_pages_per_key = 2;
    t.s.ocr_is_paid = true;
    t.pages = 3;
    struct job *j = submit(NULL, ERR_OK);
    process(j->id, ERR_OK);
    struct job *failed = load(j->id);
    CU_ASSERT_EQUAL(failed->status, JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(failed->error_message);
    CU_ASSERT_PTR_NOT_NULL(strstr(failed->error_message, "2 pages of OCR a day"));
    CU_ASSERT_EQUAL(t.read, 2);
    CU_ASSERT_PTR_NULL(submit(NULL, ERR_RATE_LIMITED));
    t.request.engine = CHOICE_TEXT; /* costs nothing */
    job_free(submit(NULL, ERR_OK));
    t.request.engine = CHOICE_AUTO;
    t.now_us += 86400 * US_PER_S;
    job_free(submit(NULL, ERR_OK));
    job_free(failed);
    job_free(j);
    close_services();
}

static void no_more_jobs_wait_than_a_key_may_have(void)
{
    open_services();
    t.cfg.jobs_waiting_per_key = 2;
    struct job *j = submit(NULL, ERR_OK);
    job_free(submit(NULL, ERR_OK));
    CU_ASSERT_PTR_NULL(submit(NULL, ERR_RATE_LIMITED));
    process(j->id, ERR_OK);
    job_free(submit(NULL, ERR_OK));
    job_free(j);
    close_services();
}

static void what_came_by_a_link_counts_with_its_job(void)
{
    char name[BLOB_NAME_MAX + 1];
    struct error e;
    open_services();
    t.cfg.upload_bytes_per_key = 9;
    random_uuid(t.request.pdf_id);
    pdf_name(t.request.pdf_id, "a.pdf", name);
    CU_ASSERT_EQUAL(
        t.s.blobs.ops->put_bytes(t.s.blobs.self, name, "%PDF-", 5, "application/pdf", &e), ERR_OK);
    job_free(submit(NULL, ERR_OK));
    CU_ASSERT_PTR_NULL(submit(NULL, ERR_RATE_LIMITED));
    t.now_us += 86400 * US_PER_S;
    job_free(submit(NULL, ERR_OK));
    close_services();
}

static void budget_of_a_job_counts_what_its_tasks_before_read(void)
{
    struct error e = {0};
    open_services();
    t.cfg.ocr_pages_per_job = 2;
    t.pages = 3;
    struct job *j = submit(NULL, ERR_OK);
    CU_ASSERT_EQUAL(job_process(&t.s, &runner, j->id, monotonic_us() - 1, &e), ERR_OK);
    process(j->id, ERR_OK);
    struct job *failed = load(j->id);
    CU_ASSERT_EQUAL(failed->status, JOB_FAILED);
    CU_ASSERT_EQUAL(t.read, 2);
    job_free(failed);
    job_free(j);
    close_services();
}

static void sweep_leaves_the_job_whose_task_waits(void)
{
    struct error e;
    int requeued = 0;
    open_services();
    struct job *j = submit(NULL, ERR_OK);
    t.now_us += 3600 * US_PER_S;
    t.has_task = true;
    CU_ASSERT_EQUAL(job_sweep(&t.s, 0, &requeued, NULL, &e), ERR_OK);
    CU_ASSERT_EQUAL(requeued, 0);
    CU_ASSERT_EQUAL(t.tasks, 1);
    t.has_task = false;
    CU_ASSERT_EQUAL(job_sweep(&t.s, 0, &requeued, NULL, &e), ERR_OK);
    CU_ASSERT_EQUAL(requeued, 1);
    CU_ASSERT_EQUAL(t.tasks, 2);
    job_free(j);
    close_services();
}

static void jump(int64_t us)
{
    t.now_us += us;
    t.jump_us += us;
}

/* The job of a worker that died is free again after the lease, and not before. */
static void lease_does_not_see_the_wall_clock_jump(void)
{
    static const int64_t jumps[] = {-3600 * US_PER_S, 8 * 86400 * US_PER_S};
    for (size_t i = 0; i < 2; i++) {
        struct error e;
        open_services();
        struct job *j = submit(NULL, ERR_OK), *claimed = load(j->id);
        CU_ASSERT_EQUAL(job_claim(claimed, t.now_us, 10 * US_PER_S, "dead", &e), ERR_OK);
        CU_ASSERT_EQUAL(t.real->replace(t.s.jobs.self, claimed, &e), ERR_OK);
        jump(jumps[i]);
        t.now_us += 5 * US_PER_S;
        process(j->id, ERR_CONFLICT);
        t.now_us += 6 * US_PER_S;
        process(j->id, ERR_OK);
        struct job *done = load(j->id);
        CU_ASSERT_EQUAL(done->status, JOB_COMPLETED);
        CU_ASSERT_EQUAL(done->updated_us, t.now_us); /* what users see */
        job_free(done);
        job_free(claimed);
        job_free(j);
        close_services();
    }
}

static void nothing_is_erased_while_the_clock_is_ahead_for_a_moment(void)
{
    struct retention r = {0};
    memset(&t, 0, sizeof t);
    t.now_us = START_US;
    CU_ASSERT_EQUAL(retention_look(&r, &test_clock), 0);
    t.now_us += 30 * US_PER_S;
    CU_ASSERT_EQUAL(retention_look(&r, &test_clock), t.now_us);
    jump(8 * 86400 * US_PER_S); /* within a boot: the steady clock knows better */
    CU_ASSERT_EQUAL(retention_look(&r, &test_clock), START_US + 30 * US_PER_S);
    jump(-8 * 86400 * US_PER_S - 3600 * US_PER_S);
    CU_ASSERT_EQUAL(retention_look(&r, &test_clock), t.now_us);
}

static void a_start_with_a_wrong_clock_erases_nothing(void)
{
    struct retention r = {0};
    memset(&t, 0, sizeof t);
    t.now_us = START_US + 8 * 86400 * US_PER_S; /* the steady clock started from it */
    CU_ASSERT_EQUAL(retention_look(&r, &test_clock), 0);
    t.now_us += 30 * US_PER_S;
    jump(-8 * 86400 * US_PER_S); /* set right */
    CU_ASSERT_EQUAL(retention_look(&r, &test_clock), START_US + 30 * US_PER_S);
}

static void password_is_sealed_for_one_job_by_one_key(void)
{
    static const unsigned char signing_key[SEALING_KEY_BYTES] = {1};
    char id[UUID_LEN + 1], other[UUID_LEN + 1], out[PDF_PASSWORD_MAX + 1];
    char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    struct error e;
    open_services();
    random_uuid(id);
    random_uuid(other);
    CU_ASSERT_EQUAL(sealing_key_make(NULL, signing_key, t.s.sealing_key, &e), ERR_OK);
    CU_ASSERT_EQUAL(sealed_password_put(&t.s, id, "secret", &e), ERR_OK);
    CU_ASSERT_EQUAL(sealed_password_get(&t.s, id, out, &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(out, "secret");
    CU_ASSERT_EQUAL(sealed_password_get(&t.s, other, out, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "erased"));
    CU_ASSERT_EQUAL(sealing_key_make(hex, signing_key, t.s.sealing_key, &e), ERR_OK);
    CU_ASSERT_EQUAL(sealed_password_get(&t.s, id, out, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "SEALING_KEY"));
    hex[63] = 'x';
    CU_ASSERT_EQUAL(sealing_key_make(hex, signing_key, t.s.sealing_key, &e), ERR_UNPROCESSABLE);
    close_services();
}

static const struct test_case tests[] = {
    TEST(no_more_jobs_wait_than_a_key_may_have),
    TEST(what_came_by_a_link_counts_with_its_job),
    TEST(password_is_sealed_for_one_job_by_one_key),
    TEST(finish_that_cannot_be_stored_is_tried_again),
    TEST(job_that_runs_elsewhere_is_delivered_again),
    TEST(key_used_while_the_queue_was_down_gives_a_job_that_runs),
    TEST(no_job_ends_without_the_mark_that_it_is_to_be_told),
    TEST(callback_whose_task_was_lost_is_queued_again),
    TEST(marks_of_erased_jobs_are_forgotten),
    TEST(end_that_could_not_be_stored_is_not_told),
    TEST(job_accepted_by_a_second_request_is_not_failed_by_the_first),
    TEST(documents_are_listed_in_shorter_pages_when_time_is_up),
    TEST(retry_that_cannot_be_queued_waits_for_the_sweep),
    TEST(job_that_breaks_off_its_workers_is_given_up),
    TEST(long_job_goes_on_in_the_next_task),
    TEST(failures_count_only_until_the_job_gets_further),
    TEST(long_list_of_regions_lies_beside_the_results),
    TEST(budget_of_a_key_ends_with_its_day),
    TEST(budget_of_a_job_counts_what_its_tasks_before_read),
    TEST(sweep_leaves_the_job_whose_task_waits),
    TEST(lease_does_not_see_the_wall_clock_jump),
    TEST(nothing_is_erased_while_the_clock_is_ahead_for_a_moment),
    TEST(a_start_with_a_wrong_clock_erases_nothing),
    TEST(sweep_queues_the_job_of_a_dead_worker_and_erases_what_has_expired),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("job service", tests);
}
