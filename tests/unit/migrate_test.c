/* The pure parts of the migration: times, rows, statements; and its state. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "google/bigquery_json.h"
#include "migrate/row.h"
#include "migrate/sql.h"
#include "migrate/state.h"
#include "migrate/times.h"
#include "tests/unit/suite.h"

#define AT  INT64_C(1683356889123456) /* 2023-05-06T07:08:09.123456Z */
#define SAT INT64_C(1683356889000000)

static const struct bigquery_table *const jobs = &bigquery_tables[0];
static const struct bigquery_table *const feedback = &bigquery_tables[1];

static void times_are_read_in_every_form(void)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"2023-05-06T07:08:09.123456Z", AT},
        {"2023-05-06t07:08:09.123456z", AT},
        {"2023-05-06T07:08:09.123456789Z", AT},
        {"2023-05-06T09:08:09.123456+02:00", AT},
        {"2023-05-06T01:38:09.123456-0530", AT},
        {"2023-05-06T09:08:09+02", SAT},
        {"2023-05-06T07:08:09.123456", AT},
        {"2023-05-06 07:08:09.123456", AT},
        {"2023-05-06 07:08:09+00:00", SAT},
        {"2023-05-06T07:08", SAT - 9000000},
        {"2023-05-06 09:08+02:00", SAT - 9000000},
        {"2023-05-06T07:08Z", SAT - 9000000},
        {"2023-05-06T07:08:09.1234569Z", AT},
        {"1683356889.1234569", AT},
        {"1683356889123.4569", AT},
        {"2023-05-06", INT64_C(1683331200000000)},
        {"1683356889", SAT},
        {"1683356889123", SAT + 123000},
        {"1683356889123456", AT},
        {"1683356889.5", SAT + 500000},
        {"0001-01-01T00:00:00Z", INT64_C(-62135596800000000)},
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
        {"1969-12-31T23:59:59.999999Z", -1},
    };
    static const char *const bad[] = {"",
                                      "soon",
                                      "2023-13-06T07:08:09Z",
                                      "2023-05-06T07",
                                      "2024-02-29T01:02:61Z",
                                      "2024-02-29T01:02:60Z",
                                      "2024-02-30T01:02:03Z",
                                      "2023-05-06T07:08:09+25:00",
                                      "2023-05-06T07:08:09+2:00",
                                      "2023-05-06T07:08:09 Z",
                                      "2023-05-06T07:08:09.Z",
                                      "0000-01-01T00:00:00Z",
                                      "0001-01-01T00:00:00+01:00",
                                      "1.2.3",
                                      "20230506",
                                      "2023-02-29",
                                      "2023-04-31T00:00:00Z",
                                      "2023-05-06T07:08:09.123456789012345678901234567890Z"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t us = 7;
        CU_ASSERT_TRUE(time_from_text(good[i].text, &us));
        CU_ASSERT_EQUAL(us, good[i].us);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t us;
        CU_ASSERT_FALSE(time_from_text(bad[i], &us));
    }
}

/* What Google's ZetaSQL gives for TO_JSON_STRING(PARSE_JSON(...)) of the same. */
static void json_is_written_as_bigquery_gives_it_back(void)
{
    static const char *const pairs[][2] = {
        {"{\"b\": 1.0, \"a\": [1e15, 1e14, 123456789012345678, 0.0001, 0.00001, 1e-7, 1e21, 0.1, "
         "-0.0, 5e-324, 1.7976931348623157e308, 100.5, 123456.789e3, 2.5e-5]}",
         "{\"a\":[1e+15,100000000000000.0,123456789012345678,0.0001,1e-05,1e-07,1e+21,0.1,-0.0,"
         "5e-324,1.7976931348623157e+308,100.5,123456789.0,2.5e-05],\"b\":1.0}"},
        {"\"a\\u0000\\u0001\\b\\f\\n\\u2028 <>&/\\u007f \\u00e9\"",
         "\"a\\u0000\\u0001\\b\\f\\n\xE2\x80\xA8 <>&/\x7F \xC3\xA9\""},
        {"{\"\\u00e9\": {}, \"z\": [], \"Z\": [true, false, null]}",
         "{\"Z\":[true,false,null],\"z\":[],\"\xC3\xA9\":{}}"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"-123.456", "-123.456"},
        {"12345678901234567890.0", "1.2345678901234567e+19"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buffer out = BUFFER_INIT;
        json_t *j = json_loads(pairs[i][0], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(j);
        bigquery_put_json(&out, j);
        CU_ASSERT_STRING_EQUAL(out.data, pairs[i][1]);
        json_decref(j);
        buffer_free(&out);
    }
}

/* A row of fields (JSON text), or NULL with the reason in e; owned by the caller. */
static json_t *converted(const struct bigquery_table *t, const char *fields, const char *bucket,
                         struct row *row, struct error *e)
{
    struct buffer text = BUFFER_INIT, line = BUFFER_INIT;
    buffer_printf(&text,
                  "{\"name\":\"projects/p/databases/d/documents/c/doc1\",\"createTime\":"
                  "\"2023-05-06T07:08:09.123456Z\",\"fields\":%s}",
                  fields);
    json_t *document = json_loads(text.data, JSON_ALLOW_NUL, NULL), *out = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    buffer_puts(&line, "before\n");
    enum err err = row_convert(t, document, bucket, &line, row, e);
    if (err == ERR_OK)
        out = json_loads(line.data + strlen("before\n"), JSON_ALLOW_NUL, NULL);
    else
        CU_ASSERT_EQUAL(err, ERR_UNPROCESSABLE);
    CU_ASSERT_TRUE(err == ERR_OK || line.len == strlen("before\n"));
    json_decref(document);
    buffer_free(&text);
    buffer_free(&line);
    return out;
}

static void check_row(const struct bigquery_table *t, const char *fields, const char *wanted)
{
    struct row row;
    struct error e = {0};
    json_t *got = converted(t, fields, "b", &row, &e), *want = json_loads(wanted, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL(got);
    CU_ASSERT_PTR_NOT_NULL(want);
    CU_ASSERT_TRUE(json_equal(got, want));
    json_decref(got);
    json_decref(want);
    free(row.id);
}

static void missing_fields_get_their_defaults(void)
{
    check_row(jobs, "{\"pdf_id\":{\"stringValue\":\"p\"}}",
              "{\"document\":\"doc1\",\"job_id\":\"doc1\",\"pdf_id\":\"p\",\"status\":\"unknown\","
              "\"regions_count\":0,\"output_format\":\"csv\",\"has_feedback\":false,"
              "\"feedback_count\":0,\"created_at\":\"2023-05-06T07:08:09.123456Z\","
              "\"updated_at\":\"2023-05-06T07:08:09.123456Z\"}");
    check_row(feedback, "{\"job_id\":{\"stringValue\":\"j\"},\"status\":{\"nullValue\":null}}",
              "{\"document\":\"doc1\",\"id\":\"doc1\",\"job_id\":\"j\",\"corrections\":\"[]\","
              "\"corrections_count\":0,\"timestamp\":\"2023-05-06T07:08:09.123456Z\","
              "\"status\":\"pending_analysis\",\"created_at\":\"2023-05-06T07:08:09.123456Z\"}");
}

static void every_type_that_loses_nothing_is_taken(void)
{
    check_row(jobs,
              "{\"job_id\":{\"integerValue\":\"7\"},\"pdf_id\":{\"doubleValue\":2},"
              "\"status\":{\"booleanValue\":true},\"output_format\":{\"referenceValue\":\"a/b\"},"
              "\"error_message\":{\"timestampValue\":\"2023-05-06T07:08:09Z\"},"
              "\"regions_count\":{\"stringValue\":\"-3\"},\"feedback_count\":{\"doubleValue\":4.0},"
              "\"has_feedback\":{\"stringValue\":\"TRUE\"},"
              "\"created_at\":{\"integerValue\":\"-62135596800\"},"
              "\"updated_at\":{\"stringValue\":\"2023-05-06 09:08:09+0200\"},"
              "\"request_data\":{\"arrayValue\":{\"values\":[{\"bytesValue\":\"AA==\"},"
              "{\"geoPointValue\":{\"latitude\":1.5,\"longitude\":2}}]}},"
              "\"result_name\":{\"stringValue\":\"results/r\"}}",
              "{\"document\":\"doc1\",\"job_id\":\"7\",\"pdf_id\":\"2.0\",\"status\":\"true\","
              "\"regions_count\":-3,\"output_format\":\"a/b\",\"result_url\":\"gs://b/results/r\","
              "\"error_message\":\"2023-05-06T07:08:09Z\",\"has_feedback\":true,"
              "\"feedback_count\":4,\"request_data\":"
              "\"[\\\"AA==\\\",{\\\"latitude\\\":1.5,\\\"longitude\\\":2}]\","
              "\"created_at\":\"0001-01-01T00:00:00.000000Z\","
              "\"updated_at\":\"2023-05-06T07:08:09.000000Z\"}");
}

static void what_cannot_be_a_row_is_refused_with_its_field(void)
{
    static const char *const fields[][2] = {
        {"{}", "pdf_id: is missing"},
        {"{\"pdf_id\":{\"arrayValue\":{}}}", "pdf_id: text expected, not arrayValue"},
        {"{\"pdf_id\":{\"bytesValue\":\"AA==\"}}", "pdf_id: text expected, not bytesValue"},
        {"{\"pdf_id\":{\"doubleValue\":\"NaN\"}}", NULL},
        {"{\"pdf_id\":{\"stringValue\":\"p\"},\"regions_count\":{\"doubleValue\":0.5}}",
         "regions_count: a whole number expected, not doubleValue"},
        {"{\"pdf_id\":{\"stringValue\":\"p\"},\"regions_count\":{\"stringValue\":\" 1\"}}",
         "regions_count: a whole number expected, not  1"},
        {"{\"pdf_id\":{\"stringValue\":\"p\"},\"has_feedback\":{\"integerValue\":\"2\"}}",
         "has_feedback: true or false expected, not 2"},
        {"{\"pdf_id\":{\"stringValue\":\"p\"},\"updated_at\":{\"stringValue\":\"soon\"}}",
         "updated_at: a time of the years 1 to 9999 expected, not soon"},
        {"{\"pdf_id\":{\"stringValue\":\"p\"},\"job_id\":{\"stringValue\":\"\"}}",
         "job_id: is empty or holds a NUL"},
        {"{\"pdf_id\":{\"stringValue\":\"p\"},\"job_id\":{\"stringValue\":\"a\\u0000b\"}}",
         "job_id: is empty or holds a NUL"},
        {"{\"pdf_id\":{\"stringValue\":\"p\"},\"result_name\":{\"stringValue\":\"r\"}}",
         "result_name: set GCS_BUCKET_NAME, the bucket of the object"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct row row;
        struct error e = {0};
        json_t *got = converted(jobs, fields[i][0], NULL, &row, &e);
        if (fields[i][1] != NULL) {
            CU_ASSERT_PTR_NULL(got);
            CU_ASSERT_STRING_EQUAL(e.detail, fields[i][1]);
        }
        json_decref(got);
        free(row.id);
    }
}

/* Fingerprints, each of a change to the one before. */
static void every_change_of_a_row_changes_its_fingerprint(void)
{
    static const char *const fields[] = {
        "{\"pdf_id\":{\"stringValue\":\"p\"}}",
        "{\"pdf_id\":{\"stringValue\":\"p\"},\"error_message\":{\"stringValue\":\"\"}}",
        "{\"pdf_id\":{\"stringValue\":\"p\"},\"error_message\":{\"stringValue\":\"-\"}}",
        "{\"pdf_id\":{\"stringValue\":\"p\"},\"debug_graph_url\":{\"stringValue\":\"-\"}}",
        "{\"pdf_id\":{\"stringValue\":\"p\"},\"owner\":{\"stringValue\":\"-\"}}",
        "{\"pdf_id\":{\"stringValue\":\"p\"},\"request_data\":{\"stringValue\":\"-\"}}",
        "{\"pdf_id\":{\"stringValue\":\"p\"},\"request_data\":{\"doubleValue\":1}}",
        "{\"pdf_id\":{\"stringValue\":\"p\"},\"request_data\":{\"integerValue\":\"1\"}}",
    };
    enum { N = sizeof fields / sizeof fields[0] };
    struct row rows[N];
    for (size_t i = 0; i < N; i++) {
        struct error e = {0};
        json_decref(converted(jobs, fields[i], NULL, &rows[i], &e));
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(memcmp(rows[i].fingerprint, rows[j].fingerprint, FINGERPRINT_LEN),
                                0);
    }
    for (size_t i = 0; i < N; i++)
        free(rows[i].id);
}

static void text_that_is_json_is_taken_as_json_unless_it_is_too_deep(void)
{
    struct buffer fields = BUFFER_INIT;
    struct row row;
    struct error e = {0};
    buffer_puts(&fields,
                "{\"pdf_id\":{\"stringValue\":\"p\"},\"request_data\":{\"stringValue\":\"");
    for (int i = 0; i < 300; i++)
        buffer_puts(&fields, "[");
    for (int i = 0; i < 300; i++)
        buffer_puts(&fields, "]");
    buffer_puts(&fields, "\"}}");
    json_t *got = converted(jobs, fields.data, NULL, &row, &e);
    const char *text = json_string_value(json_object_get(got, "request_data"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_EQUAL(text[0], '"');
    json_decref(got);
    free(row.id);
    buffer_free(&fields);
    got = converted(jobs,
                    "{\"pdf_id\":{\"stringValue\":\"p\"},\"request_data\":{\"stringValue\":"
                    "\"{\\\"b\\\":2.50,\\\"a\\\":1}\"}}",
                    NULL, &row, &e);
    text = json_string_value(json_object_get(got, "request_data"));
    CU_ASSERT_STRING_EQUAL(text, "{\"a\":1,\"b\":2.5}");
    json_decref(got);
    free(row.id);
}

static void merge_leaves_rows_alone_that_have_not_settled(void)
{
    const struct bigquery_dataset d = {"p", "d", "US"};
    struct buffer all = BUFFER_INIT, some = BUFFER_INIT;
    sql_merge(&d, jobs, "s", SQL_ALL_SETTLED, &all);
    sql_merge(&d, jobs, "s", 5, &some);
    CU_ASSERT_PTR_NULL(strstr(all.data, "TIMESTAMP_MICROS"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(some.data, "IF(h.version < TIMESTAMP_MICROS(5), h.version, NULL)"));
    buffer_free(&all);
    buffer_free(&some);
}

/* --- the state --- */

static struct row row_of(const char *id, int64_t version, unsigned char print)
{
    struct row r = {.id = (char *)id, .version_us = version};
    memset(r.fingerprint, print, sizeof r.fingerprint);
    return r;
}

static struct state *opened(const char *dir, const char *purpose, bool resume, enum err wanted)
{
    struct state *s = NULL;
    struct error e = {0};
    char *left = NULL;
    bool resumed;
    CU_ASSERT_EQUAL(state_open(dir, purpose, resume, &s, &left, &resumed, &e), wanted);
    free(left);
    return s;
}

static off_t batch_size(const struct state *s, int64_t batch)
{
    struct stat st;
    CU_ASSERT_EQUAL(fstat(state_batch_fd(s, batch), &st), 0);
    return st.st_size;
}

/* A page is there as a whole or not at all, whatever was written when the process ended. */
static void a_page_is_kept_as_a_whole(void)
{
    char dir[] = "/tmp/migrate-test-XXXXXX", *loser;
    struct error e = {0};
    struct row a = row_of("a", 1, 1), b = row_of("b", 1, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    struct state *s = opened(dir, "x", false, ERR_OK);
    CU_ASSERT_EQUAL(state_page_begin(s, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_row(s, 0, &a, "a", &loser, &e), ERR_OK);
    state_progress(s, 0)->read = 1;
    state_progress(s, 0)->cursor = strdup("c/a");
    CU_ASSERT_EQUAL(state_page_done(s, 0, "row a\n", 6, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_page_begin(s, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_row(s, 0, &b, "b", &loser, &e), ERR_OK);
    CU_ASSERT_EQUAL(write(state_batch_fd(s, 0), "row b\n", 6), 6);
    state_close(s, false); /* before the page was done */

    CU_ASSERT_PTR_NULL(opened(dir, "y", true, ERR_CONFLICT));
    s = opened(dir, "x", true, ERR_OK);
    CU_ASSERT_EQUAL(batch_size(s, 0), 6);
    CU_ASSERT_EQUAL(state_progress(s, 0)->read, 1);
    CU_ASSERT_STRING_EQUAL(state_progress(s, 0)->cursor, "c/a");
    CU_ASSERT_EQUAL(state_page_begin(s, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_row(s, 0, &b, "b", &loser, &e), ERR_OK);
    CU_ASSERT_PTR_NULL(loser);
    CU_ASSERT_EQUAL(state_page_done(s, 0, "row b\n", 6, &e), ERR_OK);
    CU_ASSERT_EQUAL(batch_size(s, 0), 12);
    CU_ASSERT_EQUAL(state_batch_close(s, 0, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_batch_clear(s, 0, 0, &e), ERR_OK);
    CU_ASSERT_EQUAL(batch_size(s, 0), 0);
    state_close(s, true);
    CU_ASSERT_NOT_EQUAL(access(dir, F_OK), 0);
}

/* One batch is loaded and the next one filled: both are there after a kill, as long as they were.
 */
static void two_batches_are_in_hand(void)
{
    char dir[] = "/tmp/migrate-test-XXXXXX";
    struct error e = {0};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    struct state *s = opened(dir, "x", false, ERR_OK);
    CU_ASSERT_EQUAL(state_page_begin(s, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_page_done(s, 0, "row a\n", 6, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_batch_close(s, 0, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_page_begin(s, &e), ERR_OK);
    CU_ASSERT_EQUAL(state_page_done(s, 0, "row bcd\n", 8, &e), ERR_OK);
    CU_ASSERT_EQUAL(write(state_batch_fd(s, 1), "half", 4), 4);
    state_close(s, false);

    s = opened(dir, "x", true, ERR_OK);
    const struct progress *p = state_progress(s, 0);
    CU_ASSERT_TRUE(batch_size(s, 0) == 6 && batch_size(s, 1) == 8);
    CU_ASSERT_TRUE(p->batch == 1 && p->batch_bytes == 8);
    CU_ASSERT_TRUE(p->loading[0].number == 0 && p->loading[0].bytes == 6);
    CU_ASSERT_EQUAL(p->loading[1].bytes, 0);
    CU_ASSERT_EQUAL(state_batch_close(s, 0, &e), ERR_OK);
    CU_ASSERT_TRUE(p->loading[1].number == 1 && p->loading[1].bytes == 8);
    CU_ASSERT_EQUAL(state_batch_clear(s, 0, 0, &e), ERR_OK);
    CU_ASSERT_TRUE(batch_size(s, 0) == 0 && batch_size(s, 1) == 8);
    state_close(s, true);
    CU_ASSERT_NOT_EQUAL(access(dir, F_OK), 0);
}

static void of_two_documents_with_one_id_the_newer_stays(void)
{
    char dir[] = "/tmp/migrate-test-XXXXXX", *loser;
    struct error e = {0};
    static const struct {
        const char *document, *loser;
        int64_t version;
    } steps[] = {{"m", NULL, 5}, {"n", "m", 6}, {"o", "o", 6}, {"a", "n", 6}, {"p", "p", 1}};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    struct state *s = opened(dir, "x", false, ERR_OK);
    CU_ASSERT_EQUAL(state_page_begin(s, &e), ERR_OK);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct row r = row_of("same", steps[i].version, 1);
        CU_ASSERT_EQUAL(state_row(s, 0, &r, steps[i].document, &loser, &e), ERR_OK);
        CU_ASSERT_EQUAL(loser == NULL, steps[i].loser == NULL);
        if (loser != NULL && steps[i].loser != NULL)
            CU_ASSERT_STRING_EQUAL(loser, steps[i].loser);
        free(loser);
    }
    state_page_undo(s);
    state_close(s, true);
}

static void comparison_tells_the_kinds_apart_and_can_start_over(void)
{
    char dir[] = "/tmp/migrate-test-XXXXXX", *loser;
    struct error e = {0};
    int64_t counts[DIFF__MAX], same;
    static const char *const ids[] = {"same", "gone", "other", "ahead"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    struct state *s = opened(dir, "x", false, ERR_OK);
    CU_ASSERT_EQUAL(state_page_begin(s, &e), ERR_OK);
    for (size_t i = 0; i < 4; i++) {
        struct row r = row_of(ids[i], 10, 1);
        CU_ASSERT_EQUAL(state_row(s, 1, &r, ids[i], &loser, &e), ERR_OK);
    }
    CU_ASSERT_EQUAL(state_page_done(s, 1, NULL, 0, &e), ERR_OK);
    for (int round = 0; round < 2; round++) {
        struct row one = row_of("", 10, 1), two = row_of("", 10, 2);
        CU_ASSERT_EQUAL(state_compare_begin(s, 1, &e), ERR_OK);
        CU_ASSERT_EQUAL(state_compare(s, 1, "same", 10, one.fingerprint, &e), ERR_OK);
        CU_ASSERT_EQUAL(state_compare(s, 1, "other", 10, two.fingerprint, &e), ERR_OK);
        CU_ASSERT_EQUAL(state_compare(s, 1, "ahead", 11, two.fingerprint, &e), ERR_OK);
        CU_ASSERT_EQUAL(state_compare(s, 1, "more", 10, one.fingerprint, &e), ERR_OK);
        CU_ASSERT_EQUAL(state_compare_end(s, 1, counts, &same, &e), ERR_OK);
        for (int d = 0; d < DIFF__MAX; d++)
            CU_ASSERT_EQUAL(counts[d], 1);
        CU_ASSERT_EQUAL(same, 1);
    }
    state_close(s, true);
}

int main(void)
{
    static const struct test_case tests[] = {
        TEST(times_are_read_in_every_form),
        TEST(json_is_written_as_bigquery_gives_it_back),
        TEST(missing_fields_get_their_defaults),
        TEST(every_type_that_loses_nothing_is_taken),
        TEST(what_cannot_be_a_row_is_refused_with_its_field),
        TEST(every_change_of_a_row_changes_its_fingerprint),
        TEST(text_that_is_json_is_taken_as_json_unless_it_is_too_deep),
        TEST(merge_leaves_rows_alone_that_have_not_settled),
        TEST(a_page_is_kept_as_a_whole),
        TEST(two_batches_are_in_hand),
        TEST(of_two_documents_with_one_id_the_newer_stays),
        TEST(comparison_tells_the_kinds_apart_and_can_start_over),
    };
    return sodium_init() < 0 ? 99 : RUN_SUITE("migrate", tests);
}
