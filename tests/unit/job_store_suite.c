/* The rules of the port job_store, run against whatever adapter is given. */
#include "tests/unit/job_store_suite.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "core/job_state.h"

static struct job_store store;
static const struct job_store_fixture *fixture;

void job_store_suite_use(const struct job_store_fixture *f)
{
    fixture = f;
}

static enum err open_store(struct job_store *out, struct error *e)
{
    return fixture->open(out, e);
}

static void fresh_store(void)
{
    struct error e;
    fixture->fresh();
    CU_ASSERT_EQUAL_FATAL(open_store(&store, &e), ERR_OK);
}

static void close_store(void)
{
    store.ops->close(store.self);
    fixture->remove();
}

static bool same_json(const char *a, const char *b)
{
    json_t *x = json_loads(a, 0, NULL), *y = json_loads(b, 0, NULL);
    bool same = x != NULL && json_equal(x, y) == 1;
    json_decref(x);
    json_decref(y);
    return same;
}

static struct job *new_job(const char *owner)
{
    struct job *j = job_new();
    random_uuid(j->id);
    (void)snprintf(j->owner, sizeof j->owner, "%s", owner);
    (void)snprintf(j->output_format, sizeof j->output_format, "csv");
    j->created_us = j->updated_us = clock_now_us(&system_clock);
    j->next_attempt_us = 5;
    j->regions_count = 2;
    j->request_json = strdup("{\"pdf_id\":\"p\",\"regions\":[{\"x\":0.05,\"page\":1,"
                             "\"region_id\":\"gr\\u00f6\\u00dfe\"}],\"n\":null}");
    return j;
}

static void stored(const char *owner, const struct idempotency *idem, char id[UUID_LEN + 1])
{
    struct job *j = new_job(owner), *existing = NULL;
    struct error e;
    CU_ASSERT_EQUAL(store.ops->create(store.self, j, idem, &existing, &e), ERR_OK);
    CU_ASSERT_PTR_NULL(existing);
    memcpy(id, j->id, UUID_LEN + 1);
    job_free(j);
}

static void stored_job_comes_back_whole(void)
{
    char id[UUID_LEN + 1];
    struct job *j = NULL;
    struct error e;
    fresh_store();
    stored("me", NULL, id);
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, id, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(j->version, 1);
    CU_ASSERT_STRING_EQUAL(j->owner, "me");
    CU_ASSERT_EQUAL(job_claim(j, 5, 7, "token", &e), ERR_OK);
    j->progress = (struct job_progress){1, 2, 3, 4};
    CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
    CU_ASSERT_EQUAL(j->version, 2);
    struct job *again = NULL;
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, id, &again, &e), ERR_OK);
    CU_ASSERT_EQUAL(again->lease_expires_us, 12);
    CU_ASSERT_EQUAL(again->created_us, j->created_us);
    CU_ASSERT_EQUAL(again->regions_count, 2);
    CU_ASSERT_STRING_EQUAL(again->lease_token, "token");
    CU_ASSERT_PTR_NULL(again->error_message);
    CU_ASSERT_TRUE(same_json(again->request_json, j->request_json));
    CU_ASSERT_EQUAL(memcmp(&again->progress, &j->progress, sizeof j->progress), 0);
    job_free(again);
    job_free(j);
    CU_ASSERT_EQUAL(store.ops->remove(store.self, id, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &j, &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(store.ops->remove(store.self, id, &e), ERR_OK);
    close_store();
}

static void second_writer_of_a_version_conflicts(void)
{
    char id[UUID_LEN + 1];
    struct job *a = NULL, *b = NULL;
    struct error e;
    fresh_store();
    stored("me", NULL, id);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &a, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &b, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->replace(store.self, a, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->replace(store.self, b, &e), ERR_CONFLICT);
    job_free(a);
    job_free(b);
    close_store();
}

static void idempotency_key_finds_the_first_job(void)
{
    const struct idempotency idem = {"me", "k", "h1", true}, changed = {"me", "k", "h2", true},
                             other = {"you", "k", "h2", true};
    char id[UUID_LEN + 1], second[UUID_LEN + 1];
    struct job *j = new_job("me"), *existing = NULL;
    struct error e;
    fresh_store();
    CU_ASSERT_EQUAL(store.ops->find_by_key(store.self, &idem, &existing, &e), ERR_OK);
    CU_ASSERT_PTR_NULL(existing);
    stored("me", &idem, id);
    CU_ASSERT_EQUAL(store.ops->find_by_key(store.self, &idem, &existing, &e), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(existing);
    CU_ASSERT_STRING_EQUAL(existing->id, id);
    job_free(existing);
    CU_ASSERT_EQUAL(store.ops->find_by_key(store.self, &changed, &existing, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(store.ops->find_by_key(store.self, &other, &existing, &e), ERR_OK);
    CU_ASSERT_PTR_NULL(existing);
    CU_ASSERT_EQUAL(store.ops->create(store.self, j, &idem, &existing, &e), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(existing);
    CU_ASSERT_STRING_EQUAL(existing->id, id);
    job_free(existing);
    CU_ASSERT_EQUAL(store.ops->create(store.self, j, &changed, &existing, &e), ERR_UNPROCESSABLE);
    job_free(j);
    stored("you", &other, second);
    close_store();
}

static void counter_adds_up_to_what_it_may(void)
{
    int64_t value = -1, later = clock_now_us(&system_clock) + 3600 * US_PER_S;
    char name[UUID_LEN + 1];
    struct error e;
    fresh_store();
    random_uuid(name);
    CU_ASSERT_EQUAL(store.ops->count(store.self, name, 0, 10, later, &value, &e), ERR_OK);
    CU_ASSERT_EQUAL(value, 0);
    CU_ASSERT_EQUAL(store.ops->count(store.self, name, 7, 10, later, &value, &e), ERR_OK);
    CU_ASSERT_EQUAL(value, 7);
    CU_ASSERT_EQUAL(store.ops->count(store.self, name, 4, 10, later, &value, &e), ERR_RATE_LIMITED);
    CU_ASSERT_EQUAL(store.ops->count(store.self, name, 3, 10, later, &value, &e), ERR_OK);
    CU_ASSERT_EQUAL(value, 10);
    CU_ASSERT_EQUAL(store.ops->count(store.self, name, 1, 10, later, &value, &e), ERR_RATE_LIMITED);
    CU_ASSERT_EQUAL(store.ops->count(store.self, name, 0, 10, later, &value, &e), ERR_OK);
    CU_ASSERT_EQUAL(value, 10);
    random_uuid(name);
    CU_ASSERT_EQUAL(store.ops->count(store.self, name, 11, 10, later, &value, &e),
                    ERR_RATE_LIMITED);
    close_store();
}

static void pages_hold_every_job_once_newest_first(void)
{
    char id[UUID_LEN + 1], token[128] = "";
    struct job_filter f = {.owner = "me", .status = -1, .page_size = 3};
    struct error e;
    size_t seen = 0;
    int64_t last = INT64_MAX;
    fresh_store();
    for (int i = 0; i < 10; i++)
        stored(i % 5 == 4 ? "you" : "me", NULL, id);
    for (int pages = 0; pages < 10; pages++) {
        struct job_page page;
        CU_ASSERT_EQUAL_FATAL(store.ops->list(store.self, &f, &page, &e), ERR_OK);
        for (size_t i = 0; i < page.n; i++, seen++) {
            CU_ASSERT_STRING_EQUAL(page.jobs[i]->owner, "me");
            CU_ASSERT_TRUE(page.jobs[i]->created_us <= last);
            last = page.jobs[i]->created_us;
        }
        bool more = page.next_page_token != NULL;
        if (more)
            (void)snprintf(token, sizeof token, "%s", page.next_page_token);
        f.page_token = token;
        job_page_free(&page);
        if (!more)
            break;
    }
    CU_ASSERT_EQUAL(seen, 8);
    f.page_token = "odd";
    struct job_page none;
    CU_ASSERT_EQUAL(store.ops->list(store.self, &f, &none, &e), ERR_BAD_REQUEST);
    close_store();
}

/* Gives feedback on the job as it is stored. */
static enum err give(const struct feedback *f, const struct counter *add, size_t n)
{
    struct error e;
    struct job *j = NULL;
    enum err err = store.ops->get(store.self, f->job_id, &j, &e);
    if (err == ERR_OK)
        err = store.ops->feedback_add(store.self, j, f, add, n, &e);
    job_free(j);
    return err;
}

static void feedback_counts_on_the_job(void)
{
    char id[UUID_LEN + 1];
    struct error e;
    struct job *j = NULL;
    struct feedback f = {.corrections_count = 2, .created_us = 9, .timestamp_us = 8};
    struct feedback_list list;
    fresh_store();
    stored("me", NULL, id);
    random_uuid(f.id);
    memcpy(f.job_id, id, sizeof f.job_id);
    f.corrections_json = strdup("[{\"action\":\"move\"},{\"action\":\"delete\"}]");
    CU_ASSERT_EQUAL(give(&f, NULL, 0), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &j, &e), ERR_OK);
    CU_ASSERT_TRUE(j->has_feedback && j->feedback_count == 1 && j->last_feedback_us == 9);
    job_free(j);
    CU_ASSERT_EQUAL(store.ops->feedback_list(store.self, id, NULL, 201, &list, &e), ERR_OK);
    CU_ASSERT_EQUAL(list.n, 1);
    feedback_list_free(&list);
    random_uuid(f.id);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->remove(store.self, id, &e), ERR_OK);
    CU_ASSERT_NOT_EQUAL(store.ops->feedback_add(store.self, j, &f, NULL, 0, &e), ERR_OK);
    job_free(j);
    feedback_clear(&f);
    close_store();
}

/* Who gives the first feedback is counted as such once, whoever else has read the job. */
static void feedback_adds_to_counters_in_one_go(void)
{
    char id[UUID_LEN + 1];
    struct error e;
    struct job *first = NULL, *late = NULL;
    struct feedback f = {.corrections_count = 1, .created_us = 9, .timestamp_us = 8};
    const struct counter add[] = {{"feedback-entries-m' \"\\", 1}, {"feedback-move", 3}};
    struct counter read[] = {
        {"feedback-move", 7}, {"feedback-none", 7}, {"feedback-entries-m' \"\\", 7}};
    fresh_store();
    stored("me", NULL, id);
    memcpy(f.job_id, id, sizeof f.job_id);
    f.corrections_json = strdup("[]");
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, id, &first, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, id, &late, &e), ERR_OK);
    random_uuid(f.id);
    CU_ASSERT_EQUAL(store.ops->feedback_add(store.self, first, &f, add, 2, &e), ERR_OK);
    random_uuid(f.id);
    CU_ASSERT_EQUAL(store.ops->feedback_add(store.self, late, &f, add, 2, &e), ERR_CONFLICT);
    CU_ASSERT_EQUAL(give(&f, add, 2), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->remove(store.self, id, &e),
                    ERR_OK); /* what was given stays counted */
    CU_ASSERT_EQUAL(store.ops->counters(store.self, read, 3, &e), ERR_OK);
    CU_ASSERT_TRUE(read[0].n == 6 && read[1].n == 0 && read[2].n == 2);
    job_free(first);
    job_free(late);
    feedback_clear(&f);
    close_store();
}

static void result_comes_with_the_completion(void)
{
    static const struct job_result done = {OUTCOME_SUCCESS, "results/r", "results/g",
                                           "[{\"page\":1,\"bbox\":{\"x\":0.5}}]", "results/l"};
    char id[UUID_LEN + 1];
    struct job *j = NULL, *again = NULL;
    struct error e;
    fresh_store();
    stored("me", NULL, id);
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, id, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(job_claim(j, 5, 7, "token", &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
    CU_ASSERT_EQUAL(job_finish(j, 6, "token", &done, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, id, &again, &e), ERR_OK);
    CU_ASSERT_EQUAL(again->status, JOB_COMPLETED);
    CU_ASSERT_EQUAL(again->outcome, OUTCOME_SUCCESS);
    CU_ASSERT_STRING_EQUAL(again->result_name, "results/r");
    CU_ASSERT_STRING_EQUAL(again->debug_graph_name, "results/g");
    CU_ASSERT_TRUE(same_json(again->approved_regions_json, done.approved_regions_json));
    CU_ASSERT_STRING_EQUAL(again->regions_name, done.regions_name);
    job_free(again);
    job_free(j);
    close_store();
}

/* What a user may send along is kept, whatever names and nesting it has. */
static void any_json_comes_back_as_it_was(void)
{
    static const char corrections[] =
        "[{\"note\":[[1,2],[3,[]]],\"__x__\":1,\"\":{\"\":null},\"json_text\":\"[1]\"},"
        "{\"json_text\":\"{}\"},[[9007199254740993,0.1,1e300,-9223372036854775808]],"
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
        "\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[]}}}}}}}}}}}}}}}}}}}}},"
        "\"gr\\u00f6\\u00dfe \\ud83d\\ude00\",true,null]";
    char id[UUID_LEN + 1];
    struct error e;
    struct feedback f = {.corrections_count = 1, .created_us = 9, .timestamp_us = 8};
    struct feedback_list list;
    fresh_store();
    stored("me", NULL, id);
    random_uuid(f.id);
    memcpy(f.job_id, id, sizeof f.job_id);
    f.corrections_json = strdup(corrections);
    CU_ASSERT_EQUAL(give(&f, NULL, 0), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(store.ops->feedback_list(store.self, id, NULL, 201, &list, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(list.n, 1);
    CU_ASSERT_TRUE(same_json(list.items[0].corrections_json, corrections));
    feedback_list_free(&list);
    feedback_clear(&f);
    close_store();
}

/* More than a store may read or erase in one go. */
static void much_feedback_is_listed_and_removed_whole(void)
{
    char id[UUID_LEN + 1];
    struct error e;
    struct feedback f = {.corrections_count = 1, .timestamp_us = 8};
    struct feedback_list list;
    fresh_store();
    stored("me", NULL, id);
    memcpy(f.job_id, id, sizeof f.job_id);
    f.corrections_json = strdup("[]");
    for (int i = 0; i < 230; i++) {
        random_uuid(f.id);
        f.created_us = 1 + i / 100; /* many at the same time */
        CU_ASSERT_EQUAL(give(&f, NULL, 0), ERR_OK);
    }
    CU_ASSERT_EQUAL_FATAL(store.ops->feedback_list(store.self, id, NULL, 201, &list, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(list.n, 201);
    for (size_t i = 1; i < list.n; i++)
        CU_ASSERT_TRUE(list.items[i - 1].created_us <= list.items[i].created_us &&
                       strcmp(list.items[i - 1].id, list.items[i].id) != 0);
    struct feedback_list rest;
    CU_ASSERT_EQUAL_FATAL(
        store.ops->feedback_list(store.self, id, &list.items[199], 100, &rest, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(rest.n, 30);
    CU_ASSERT_STRING_EQUAL(rest.items[0].id, list.items[200].id);
    feedback_list_free(&rest);
    feedback_list_free(&list);
    CU_ASSERT_EQUAL(store.ops->remove(store.self, id, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->feedback_list(store.self, id, NULL, 201, &list, &e), ERR_OK);
    CU_ASSERT_EQUAL(list.n, 0);
    feedback_list_free(&list);
    feedback_clear(&f);
    close_store();
}

/* One of several processes that claim every job; the exit status is how many it got. */
static int claim_all(char ids[][UUID_LEN + 1], size_t n)
{
    struct job_store own;
    struct error e;
    int won = 0;
    if (open_store(&own, &e) != ERR_OK)
        return 255;
    for (size_t i = 0; i < n; i++) {
        struct job *j = NULL;
        if (own.ops->get(own.self, ids[i], &j, &e) == ERR_OK &&
            job_claim(j, clock_now_us(&system_clock), 60 * US_PER_S, "t", &e) == ERR_OK &&
            own.ops->replace(own.self, j, &e) == ERR_OK)
            won++;
        job_free(j);
    }
    own.ops->close(own.self);
    return won;
}

/* Eight processes at once; the number of claims that succeeded. */
static int claim_by_eight(char ids[][UUID_LEN + 1], size_t n)
{
    pid_t children[8];
    int total = 0;
    for (size_t i = 0; i < 8; i++)
        if ((children[i] = fork()) == 0)
            _exit(claim_all(ids, n));
    for (size_t i = 0; i < 8; i++) {
        int status = 0;
        CU_ASSERT_EQUAL(waitpid(children[i], &status, 0), children[i]);
        CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 255);
        total += WEXITSTATUS(status);
    }
    return total;
}

static void every_job_is_claimed_by_exactly_one_process(void)
{
    static char ids[200][UUID_LEN + 1];
    fresh_store();
    for (size_t i = 0; i < 200; i++)
        stored("me", NULL, ids[i]);
    CU_ASSERT_EQUAL(claim_by_eight(ids, 200), 200);
    close_store();
}

static void job_whose_lease_ran_out_is_claimed_once_more(void)
{
    static char ids[10][UUID_LEN + 1];
    struct error e;
    fresh_store();
    for (size_t i = 0; i < 10; i++) {
        struct job *j = NULL;
        stored("me", NULL, ids[i]);
        CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, ids[i], &j, &e), ERR_OK);
        CU_ASSERT_EQUAL(job_claim(j, clock_now_us(&system_clock) - 100, 1, "dead", &e), ERR_OK);
        CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
        job_free(j);
    }
    CU_ASSERT_EQUAL(claim_by_eight(ids, 10), 10);
    struct job *j = NULL;
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, ids[0], &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(j->attempts, 2);
    job_free(j);
    close_store();
}

static void stale_and_expired_jobs_are_found(void)
{
    char queued[UUID_LEN + 1], leased[UUID_LEN + 1], ended[UUID_LEN + 1];
    struct job *j = NULL;
    struct job_page page;
    struct error e;
    fresh_store();
    stored("me", NULL, queued);
    stored("me", NULL, leased);
    stored("me", NULL, ended);
    CU_ASSERT_EQUAL(store.ops->get(store.self, leased, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(job_claim(j, 100, 50, "t", &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
    job_free(j);
    CU_ASSERT_EQUAL(store.ops->get(store.self, ended, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(job_cancel(j, 100, &e), ERR_OK);
    j->expires_us = 200;
    CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
    job_free(j);
    CU_ASSERT_EQUAL(store.ops->list_stale(store.self, 10, 151, 10, &page, &e), ERR_OK);
    CU_ASSERT_EQUAL(page.n, 2);
    job_page_free(&page);
    /* A backlog does not hide the job of a dead worker. */
    CU_ASSERT_EQUAL(store.ops->list_stale(store.self, 10, 151, 1, &page, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(page.n, 1);
    CU_ASSERT_STRING_EQUAL(page.jobs[0]->id, leased);
    job_page_free(&page);
    CU_ASSERT_EQUAL(store.ops->list_stale(store.self, 0, 150, 10, &page, &e), ERR_OK);
    CU_ASSERT_EQUAL(page.n, 0);
    job_page_free(&page);
    CU_ASSERT_EQUAL(store.ops->list_expired(store.self, 201, 10, &page, &e), ERR_OK);
    CU_ASSERT_EQUAL(page.n, 1);
    job_page_free(&page);
    close_store();
}

const struct test_case job_store_tests[JOB_STORE_TESTS] = {
    TEST(stored_job_comes_back_whole),
    TEST(second_writer_of_a_version_conflicts),
    TEST(idempotency_key_finds_the_first_job),
    TEST(counter_adds_up_to_what_it_may),
    TEST(pages_hold_every_job_once_newest_first),
    TEST(feedback_counts_on_the_job),
    TEST(feedback_adds_to_counters_in_one_go),
    TEST(every_job_is_claimed_by_exactly_one_process),
    TEST(stale_and_expired_jobs_are_found),
    TEST(job_whose_lease_ran_out_is_claimed_once_more),
    TEST(result_comes_with_the_completion),
    TEST(any_json_comes_back_as_it_was),
    TEST(much_feedback_is_listed_and_removed_whole),
};
