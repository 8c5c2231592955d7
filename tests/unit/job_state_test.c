#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/job_state.h"
#include "tests/unit/suite.h"

#define NOW   (INT64_C(1000) * US_PER_S)
#define LEASE (45 * US_PER_S)

enum event { CLAIM, RENEW, FINISH, FAIL, FAIL_UNHELD, DEFER, REQUEUE, RETRY, CANCEL, EVENT__MAX };

static struct job *job_in(enum job_status status)
{
    struct job *j = job_new();
    j->status = status;
    if (status == JOB_PROCESSING) {
        strcpy(j->lease_token, "mine");
        j->lease_expires_us = NOW + LEASE;
        j->attempts = 1;
    }
    return j;
}

static enum err apply(struct job *j, enum event event)
{
    static const struct job_result result = {OUTCOME_SUCCESS, "results/x/result.csv", NULL, "[]",
                                             NULL};
    static const struct job_progress progress = {1, 2, 1, 1};
    const struct error broken = {.kind = ERR_PASSWORD_WRONG, .detail = "broken"},
                       later = {.kind = ERR_TIMEOUT, .detail = "later"};
    struct error e;
    switch (event) {
    case CLAIM:
        return job_claim(j, NOW, LEASE, "new", &e);
    case RENEW:
        return job_renew(j, NOW, LEASE, "mine", &progress, &e);
    case FINISH:
        return job_finish(j, NOW, "mine", &result, &e);
    case FAIL:
        return job_fail(j, NOW, "mine", &broken, &e);
    case FAIL_UNHELD:
        return job_fail(j, NOW, NULL, &broken, &e);
    case DEFER:
        return job_defer(j, NOW, "mine", false, &later, NOW + 1, &e);
    case REQUEUE:
        return job_requeue(j, NOW, &e);
    case RETRY:
        return job_retry(j, NOW, &e);
    case CANCEL:
        return job_cancel(j, NOW, &e);
    case EVENT__MAX:
        break;
    }
    return ERR_INTERNAL;
}

/* Every state and event: the state after, or -1 where the event is refused. */
static void every_event_in_every_state_ends_where_the_table_says(void)
{
    static const int after[JOB_STATUS__MAX][EVENT__MAX] = {
        [JOB_QUEUED] = {JOB_PROCESSING, -1, -1, -1, JOB_FAILED, -1, JOB_QUEUED, -1, JOB_CANCELLED},
        [JOB_PROCESSING] = {-1, JOB_PROCESSING, JOB_COMPLETED, JOB_FAILED, -1, JOB_QUEUED, -1, -1,
                            JOB_CANCELLED},
        [JOB_COMPLETED] = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
        [JOB_FAILED] = {-1, -1, -1, -1, -1, -1, -1, JOB_QUEUED, -1},
        [JOB_CANCELLED] = {-1, -1, -1, -1, -1, -1, -1, -1, JOB_CANCELLED},
    };
    for (int status = 0; status < JOB_STATUS__MAX; status++) {
        for (int event = 0; event < EVENT__MAX; event++) {
            struct job *j = job_in((enum job_status)status);
            enum err err = apply(j, (enum event)event);
            int want = after[status][event];
            CU_ASSERT_EQUAL(err == ERR_OK, want >= 0);
            CU_ASSERT_EQUAL((int)j->status, want >= 0 ? want : status);
            job_free(j);
        }
    }
}

static void claim_takes_the_lease_and_counts(void)
{
    struct job *j = job_in(JOB_QUEUED);
    CU_ASSERT_EQUAL(apply(j, CLAIM), ERR_OK);
    CU_ASSERT_EQUAL(j->attempts, 1);
    CU_ASSERT_EQUAL(j->lease_expires_us, NOW + LEASE);
    CU_ASSERT_STRING_EQUAL(j->lease_token, "new");
    job_free(j);
}

static void running_job_is_not_claimed_and_tells_when_to_come_again(void)
{
    struct job *j = job_in(JOB_PROCESSING);
    struct error e;
    CU_ASSERT_EQUAL(job_claim(j, NOW, LEASE, "new", &e), ERR_CONFLICT);
    CU_ASSERT_EQUAL(e.retry_after_s, 46);
    job_free(j);
}

static void expired_lease_is_claimed_and_the_old_holder_is_out(void)
{
    struct job *j = job_in(JOB_PROCESSING);
    j->lease_expires_us = NOW;
    CU_ASSERT_EQUAL(apply(j, CLAIM), ERR_OK);
    CU_ASSERT_EQUAL(j->attempts, 2);
    CU_ASSERT_EQUAL(apply(j, FINISH), ERR_CONFLICT);
    CU_ASSERT_EQUAL(apply(j, RENEW), ERR_CONFLICT);
    job_free(j);
}

static void retry_by_the_user_starts_afresh(void)
{
    struct job *j = job_in(JOB_PROCESSING);
    j->retry_count = 2;
    CU_ASSERT_EQUAL(apply(j, FAIL), ERR_OK);
    CU_ASSERT_EQUAL(j->outcome, OUTCOME_FAILED);
    CU_ASSERT_STRING_EQUAL(j->error_message, "broken");
    CU_ASSERT_EQUAL(apply(j, RETRY), ERR_OK);
    CU_ASSERT_PTR_NULL(j->error_message);
    CU_ASSERT_EQUAL(j->attempts + j->retry_count, 0);
    job_free(j);
}

static void percent_counts_pages_or_regions_and_is_100_at_the_end_only(void)
{
    static const struct {
        enum job_status status;
        struct job_progress progress;
        int percent;
    } cases[] = {
        {JOB_QUEUED, {0, 0, 0, 0}, 0},      {JOB_QUEUED, {0, 4, 0, 0}, 0},
        {JOB_PROCESSING, {1, 4, 0, 0}, 25}, {JOB_PROCESSING, {9, 9, 1, 3}, 33},
        {JOB_PROCESSING, {0, 0, 3, 3}, 99}, {JOB_PROCESSING, {5, 4, 0, 0}, 99},
        {JOB_COMPLETED, {0, 0, 0, 0}, 100}, {JOB_FAILED, {0, 0, 1, 2}, 50},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct job j = {.status = cases[i].status, .progress = cases[i].progress};
        CU_ASSERT_EQUAL(job_percent(&j), cases[i].percent);
    }
}

static void back_off_doubles_up_to_the_most(void)
{
    CU_ASSERT_EQUAL(backoff_us(60, 0, 3600), 60);
    CU_ASSERT_EQUAL(backoff_us(60, 3, 3600), 480);
    CU_ASSERT_EQUAL(backoff_us(60, 100, 3600), 3600);
}

static const struct test_case tests[] = {
    TEST(every_event_in_every_state_ends_where_the_table_says),
    TEST(claim_takes_the_lease_and_counts),
    TEST(running_job_is_not_claimed_and_tells_when_to_come_again),
    TEST(expired_lease_is_claimed_and_the_old_holder_is_out),
    TEST(retry_by_the_user_starts_afresh),
    TEST(percent_counts_pages_or_regions_and_is_100_at_the_end_only),
    TEST(back_off_doubles_up_to_the_most),
};

int main(void)
{
    return RUN_SUITE("job_state", tests);
}
