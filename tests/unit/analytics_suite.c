/* The rules of the port analytics, run against whatever adapter is given. */
#include "tests/unit/analytics_suite.h"
#include "base/clock.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

#define JOB_A "11111111-2222-4333-8444-555555555555"
#define JOB_B "66666666-7777-4888-8999-aaaaaaaaaaaa"

static const struct analytics_fixture *fixture;
static struct analytics analytics;

void analytics_give_to_store(const struct job_store *jobs, const char *owner,
                             const struct feedback *f)
{
    struct error e;
    struct job *j = job_new(), *existing = NULL;
    memcpy(j->id, f->job_id, sizeof j->id);
    (void)snprintf(j->owner, sizeof j->owner, "%s", owner);
    j->request_json = strdup("{}");
    (void)jobs->ops->create(jobs->self, j, NULL, &existing, &e); /* or it is there */
    CU_ASSERT_EQUAL(jobs->ops->feedback_add(jobs->self, f, &e), ERR_OK);
    job_free(existing);
    job_free(j);
}

void analytics_suite_use(const struct analytics_fixture *f)
{
    fixture = f;
}

static void open_fresh(void)
{
    struct error e;
    fixture->fresh();
    CU_ASSERT_EQUAL_FATAL(fixture->open(&analytics, &e), ERR_OK);
}

static void close_all(void)
{
    analytics.ops->close(analytics.self);
    fixture->remove();
}

static void flush(void)
{
    if (analytics.ops->flush != NULL)
        analytics.ops->flush(analytics.self, 5000);
}

static void give(const char *owner, const char *job_id, const char *corrections, int n)
{
    struct feedback f = {.corrections_count = n, .created_us = 9, .timestamp_us = 8};
    random_uuid(f.id);
    memcpy(f.job_id, job_id, sizeof f.job_id);
    f.corrections_json = strdup(corrections);
    fixture->give(&analytics, owner, &f);
    feedback_clear(&f);
}

static void expect(const char *owner, const int64_t want[3 + FEEDBACK_ACTIONS])
{
    struct feedback_stats s;
    struct error e = {0};
    CU_ASSERT_EQUAL(analytics.ops->feedback_stats(analytics.self, owner, &s, &e), ERR_OK);
    CU_ASSERT_EQUAL(s.feedback_count, want[0]);
    CU_ASSERT_EQUAL(s.jobs_with_feedback, want[1]);
    CU_ASSERT_EQUAL(s.corrections_count, want[2]);
    for (int i = 0; i < FEEDBACK_ACTIONS; i++)
        CU_ASSERT_EQUAL(s.by_action[i], want[3 + i]);
}

static void nothing_given_counts_nothing(void)
{
    static const int64_t none[3 + FEEDBACK_ACTIONS] = {0};
    open_fresh();
    expect(NULL, none);
    expect("me", none);
    close_all();
}

/* delete, move, resize, retype */
static void statistics_count_by_owner_and_action(void)
{
    open_fresh();
    give("me", JOB_A, "[{\"action\":\"move\"},{\"action\":\"delete\"}]", 2);
    give("me", JOB_A, "[{\"action\":\"delete\",\"note\":\"move\"}]", 1);
    give("you", JOB_B, "[{\"action\":\"resize\"},{\"action\":\"retype\"},{\"action\":\"move\"}]",
         3);
    flush();
    expect("me", (const int64_t[]){2, 1, 3, 2, 1, 0, 0});
    expect("you", (const int64_t[]){1, 1, 3, 0, 1, 1, 1});
    expect(NULL, (const int64_t[]){3, 2, 6, 2, 2, 1, 1});
    expect("m' OR owner<>'", (const int64_t[]){0, 0, 0, 0, 0, 0, 0});
    close_all();
}

/* Jobs that end are of no matter to the statistics of feedback. */
static void ended_jobs_are_taken_and_not_counted(void)
{
    struct job *j = job_new();
    open_fresh();
    give("me", JOB_A, "[{\"action\":\"move\"}]", 1);
    memcpy(j->id, JOB_B, sizeof j->id);
    (void)strcpy(j->owner, "me");
    (void)strcpy(j->output_format, "csv");
    j->status = JOB_COMPLETED;
    j->created_us = j->updated_us = clock_now_us(&system_clock);
    if (analytics.ops->job_ended != NULL)
        analytics.ops->job_ended(analytics.self, j);
    flush();
    expect("me", (const int64_t[]){1, 1, 1, 0, 1, 0, 0});
    job_free(j);
    close_all();
}

const struct test_case analytics_tests[ANALYTICS_TESTS] = {
    TEST(nothing_given_counts_nothing),
    TEST(statistics_count_by_owner_and_action),
    TEST(ended_jobs_are_taken_and_not_counted),
};
