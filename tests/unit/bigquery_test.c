/* What BigQuery is sent, and what becomes of rows that it does not take; the HTTP client is a
 * stand-in. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/json.h"
#include "base/random.h"
#include "google/google.h"
#include "tests/unit/suite.h"

#define CALLS_MAX 32

const char *const google_api_names[GOOGLE_API__MAX] = {[GOOGLE_BIGQUERY] = "BigQuery"};

static struct {
    size_t n;
    json_t *bodies[CALLS_MAX];
    int64_t given_us[CALLS_MAX];
    const char *answer;
    size_t rows_max; /* more are too large */
    enum err fail;
    const char *fail_table; /* NULL: all */
    int64_t lost;
} http;

void google_reply_clear(struct google_reply *r)
{
    json_decref(r->json);
    memset(r, 0, sizeof *r);
}

static size_t rows_of(size_t call)
{
    return json_array_size(json_object_get(http.bodies[call], "rows"));
}

enum err google_call(struct google_client *c, const struct google_request *q,
                     struct google_reply *r, struct error *e)
{
    struct error why;
    (void)c;
    memset(r, 0, sizeof *r);
    CU_ASSERT_TRUE_FATAL(http.n < CALLS_MAX);
    CU_ASSERT_TRUE(q->api == GOOGLE_BIGQUERY && q->idempotent);
    http.given_us[http.n] = context_left_us();
    CU_ASSERT_PTR_NOT_NULL_FATAL(http.bodies[http.n++] = json_deep_copy(q->json));
    if (http.rows_max > 0 && rows_of(http.n - 1) > http.rows_max)
        return error_set(e, ERR_TOO_LARGE, "Request payload size exceeds the limit.");
    if (http.fail != ERR_OK &&
        (http.fail_table == NULL || strstr(q->path, http.fail_table) != NULL))
        return error_set(e, http.fail, "Not now.");
    CU_ASSERT_EQUAL(json_parse(http.answer, strlen(http.answer), &r->json, &why), ERR_OK);
    return ERR_OK;
}

static void forget(void)
{
    for (size_t i = 0; i < http.n; i++)
        json_decref(http.bodies[i]);
    memset(&http, 0, sizeof http);
    http.answer = "{}";
}

static void count_lost(int64_t rows)
{
    http.lost += rows;
}

/* In the place of the clock: tables rest after a failed round. */
static int64_t clock_us = US_PER_S;
int64_t __wrap_monotonic_us(void);

int64_t __wrap_monotonic_us(void)
{
    return clock_us;
}

static struct analytics open_analytics(void)
{
    const struct bigquery_options o = {"p", "d", "b", count_lost};
    struct analytics a;
    struct error e;
    forget();
    CU_ASSERT_EQUAL_FATAL(bigquery_analytics_open(NULL, &o, &a, &e), ERR_OK);
    return a;
}

static void give(const struct analytics *a, int n)
{
    struct feedback f = {.corrections_count = 1, .created_us = 9, .timestamp_us = 8};
    f.corrections_json = strdup("[{\"action\":\"move\"}]");
    for (int i = 0; i < n; i++) {
        random_uuid(f.id);
        a->ops->feedback_given(a->self, "me", &f);
    }
    feedback_clear(&f);
}

static void one_bad_row_does_not_keep_the_others_out(void)
{
    struct analytics a = open_analytics();
    give(&a, 3);
    http.answer = "{\"insertErrors\":[{\"index\":1,\"errors\":[{\"reason\":\"stopped\",\"message\":"
                  "\"\"}]},{\"index\":2,\"errors\":[{\"reason\":\"invalid\",\"message\":\"no such "
                  "field: x.\"}]}]}";
    a.ops->flush(a.self, 5000);
    CU_ASSERT_TRUE(http.n == 1 && rows_of(0) == 3);
    CU_ASSERT_TRUE(json_is_true(json_object_get(http.bodies[0], "skipInvalidRows")));
    a.ops->flush(a.self, 5000); /* they are not sent again */
    CU_ASSERT_EQUAL(http.n, 1);
    a.ops->close(a.self);
    forget();
}

static void request_that_is_too_large_goes_in_halves(void)
{
    struct analytics a = open_analytics();
    static const size_t sent[] = {10, 5, 2, 2, 2, 2, 2};
    give(&a, 10);
    http.rows_max = 3;
    a.ops->flush(a.self, 5000);
    CU_ASSERT_EQUAL_FATAL(http.n, sizeof sent / sizeof sent[0]);
    for (size_t i = 0; i < http.n; i++)
        CU_ASSERT_EQUAL(rows_of(i), sent[i]);
    a.ops->flush(a.self, 5000);
    CU_ASSERT_EQUAL(http.n, 7);
    a.ops->close(a.self);
    forget();
}

static void give_job(const struct analytics *a)
{
    struct job j = {.status = JOB_COMPLETED, .created_us = 1, .updated_us = 2};
    j.request_json = strdup("{\"regions\":[{\"x\":0.55417400000000004,\"page\":1}]}");
    random_uuid(j.id);
    a->ops->job_ended(a->self, &j);
    free(j.request_json);
}

/* What neither passes nor is ever taken: six rounds, then its own rows alone are lost. */
static void rows_are_lost_after_six_rounds_and_counted_and_the_other_table_is_not(void)
{
    static const enum err kinds[] = {ERR_UNAVAILABLE, ERR_NOT_FOUND, ERR_UNPROCESSABLE};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct analytics a = open_analytics();
        give(&a, 2);
        give_job(&a);
        http.fail = kinds[k];
        http.fail_table = "/jobs/";
        for (int round = 1; round <= 6; round++) {
            CU_ASSERT_EQUAL(http.lost, 0);
            a.ops->flush(a.self, 5000);
            CU_ASSERT_EQUAL(http.n, (size_t)round + 1); /* and once the feedback */
            a.ops->flush(a.self, 5000);
            CU_ASSERT_EQUAL(http.n, (size_t)round + 1); /* they rest */
            clock_us += 60 * US_PER_S;
        }
        CU_ASSERT_EQUAL(http.lost, 1);
        http.fail_table = "/feedback/";
        give(&a, 3);
        a.ops->flush(a.self, 5000);
        http.fail = ERR_OK;
        a.ops->close(a.self);
        CU_ASSERT_EQUAL(rows_of(http.n - 1), 3);
        CU_ASSERT_EQUAL(http.lost, 1);
        forget();
    }
}

/* Its own writer gives the number so, and PARSE_JSON refuses other digits. */
static void numbers_are_streamed_in_bigquerys_digits(void)
{
    struct analytics a = open_analytics();
    give_job(&a);
    a.ops->flush(a.self, 5000);
    const json_t *row = json_array_get(json_object_get(http.bodies[0], "rows"), 0);
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_object_get(json_object_get(row, "json"), "request_data")),
        "{\"regions\":[{\"page\":1,\"x\":0.5541740000000001}]}");
    a.ops->close(a.self);
    forget();
}

/* A row that is too large by itself goes, and none of the others. */
static void row_that_is_too_large_goes_alone(void)
{
    struct analytics a = open_analytics();
    give(&a, 1);
    http.fail = ERR_TOO_LARGE;
    a.ops->flush(a.self, 5000);
    CU_ASSERT_EQUAL(http.n, 1);
    http.fail = ERR_OK;
    give(&a, 1);
    a.ops->flush(a.self, 5000);
    CU_ASSERT_TRUE(http.n == 2 && rows_of(1) == 1);
    a.ops->close(a.self);
    forget();
}

/* 200 ms are too few for a slow answer; that is no reason to give rows up. */
static void haste_gives_no_row_up(void)
{
    struct analytics a = open_analytics();
    give(&a, 2);
    http.fail = ERR_TIMEOUT;
    a.ops->flush(a.self, 200);
    CU_ASSERT_TRUE_FATAL(http.n == 1);
    CU_ASSERT_TRUE(http.given_us[0] > 0 && http.given_us[0] <= 200000);
    a.ops->flush(a.self, 200); /* nobody is held up twice within a second */
    CU_ASSERT_EQUAL(http.n, 1);
    CU_ASSERT_EQUAL(context_left_us(), INT64_MAX);
    http.fail = ERR_OK;
    a.ops->close(a.self);
    CU_ASSERT_TRUE(http.n == 2 && rows_of(1) == 2);
    CU_ASSERT_TRUE(http.given_us[1] > 4000000);
    forget();
}

static const struct test_case tests[] = {
    TEST(one_bad_row_does_not_keep_the_others_out),
    TEST(request_that_is_too_large_goes_in_halves),
    TEST(row_that_is_too_large_goes_alone),
    TEST(haste_gives_no_row_up),
    TEST(rows_are_lost_after_six_rounds_and_counted_and_the_other_table_is_not),
    TEST(numbers_are_streamed_in_bigquerys_digits),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("BigQuery", tests);
}
