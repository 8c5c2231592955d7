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
#include "google/stats_cache.h"
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

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void statistics_are_asked_for_one_owner(void)
{
    struct analytics a = open_analytics();
    struct feedback_stats stats;
    struct error e;
    http.answer = "{\"jobComplete\":true,\"rows\":[{\"f\":[{\"v\":\"1\"},{\"v\":\"2\"},{\"v\":"
                  "\"3\"},{\"v\":\"4\"},{\"v\":\"5\"},{\"v\":\"6\"},{\"v\":\"7\"}]}]}";
    CU_ASSERT_EQUAL(a.ops->feedback_stats(a.self, "me", &stats, &e), ERR_OK);
    CU_ASSERT_TRUE(stats.feedback_count == 1 && stats.jobs_with_feedback == 2 &&
                   stats.corrections_count == 3);
    CU_ASSERT_TRUE(stats.by_action[0] == 4 && stats.by_action[3] == 7);
    CU_ASSERT_EQUAL(a.ops->feedback_stats(a.self, NULL, &stats, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(http.n, 2);
    memset(&stats, 0, sizeof stats); /* asked for again, they are not scanned for again */
    CU_ASSERT_EQUAL(a.ops->feedback_stats(a.self, "me", &stats, &e), ERR_OK);
    CU_ASSERT_TRUE(stats.feedback_count == 1 && stats.by_action[3] == 7 && http.n == 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *body = http.bodies[i];
        const json_t *parameter = json_array_get(json_object_get(body, "queryParameters"), 0);
        const json_t *value = json_object_get(parameter, "parameterValue");
        CU_ASSERT_PTR_NOT_NULL(strstr(text_at(body, "query"), "`p.d.feedback_latest`"));
        CU_ASSERT_PTR_NOT_NULL(strstr(text_at(body, "query"), "owner = @owner"));
        CU_ASSERT_STRING_EQUAL(text_at(body, "parameterMode"), "NAMED");
        CU_ASSERT_TRUE(json_is_false(json_object_get(body, "useLegacySql")));
        CU_ASSERT_STRING_EQUAL(text_at(parameter, "name"), "owner");
        CU_ASSERT_STRING_EQUAL(text_at(value, "value"), i == 0 ? "me" : "");
    }
    a.ops->close(a.self);
    forget();
}

static void statistics_are_kept_for_a_minute_and_a_few_owners(void)
{
    struct stats_cache c = {0};
    struct feedback_stats one = {.feedback_count = 1}, out;
    char owner[16];
    stats_cache_put(&c, "me", 1, &one);
    CU_ASSERT_TRUE(stats_cache_get(&c, "me", STATS_KEPT_US, &out) && out.feedback_count == 1);
    CU_ASSERT_FALSE(stats_cache_get(&c, "me", STATS_KEPT_US + 1, &out));
    CU_ASSERT_FALSE(stats_cache_get(&c, NULL, 1, &out));
    stats_cache_put(&c, NULL, 2, &one);
    stats_cache_put(&c, "you", 3, &one);
    stats_cache_drop(&c, "me"); /* and everybody's */
    CU_ASSERT_FALSE(stats_cache_get(&c, "me", 4, &out) || stats_cache_get(&c, NULL, 4, &out));
    CU_ASSERT_TRUE(stats_cache_get(&c, "you", 4, &out));
    for (int i = 0; i < STATS_KEPT_MOST; i++) {
        (void)snprintf(owner, sizeof owner, "o%d", i);
        stats_cache_put(&c, owner, 10 + i, &one);
    }
    CU_ASSERT_FALSE(stats_cache_get(&c, "you", 40, &out)); /* the oldest */
    CU_ASSERT_TRUE(stats_cache_get(&c, "o0", 40, &out));
    one.feedback_count = 2;
    stats_cache_put(&c, "o1", 50, &one);
    CU_ASSERT_TRUE(stats_cache_get(&c, "o1", 60, &out) && out.feedback_count == 2);
}

static const struct test_case tests[] = {
    TEST(one_bad_row_does_not_keep_the_others_out),
    TEST(request_that_is_too_large_goes_in_halves),
    TEST(row_that_is_too_large_goes_alone),
    TEST(haste_gives_no_row_up),
    TEST(statistics_are_asked_for_one_owner),
    TEST(statistics_are_kept_for_a_minute_and_a_few_owners),
    TEST(rows_are_lost_after_six_rounds_and_counted_and_the_other_table_is_not),
    TEST(numbers_are_streamed_in_bigquerys_digits),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("BigQuery", tests);
}
