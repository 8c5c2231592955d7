#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/cpu_yield.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/media_type.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "base/sort.h"
#include "base/text.h"
#include "ports/blob_store.h"
#include "tests/unit/suite.h"

static void long_error_is_cut_between_characters(void)
{
    char text[ERROR_TEXT_MAX + 10];
    memset(text, 'a', sizeof text);
    memcpy(text + ERROR_TEXT_MAX - 3, "\xE2\x82\xAC\xE2\x82\xAC", 7);
    struct error e;
    error_set(&e, ERR_NOT_FOUND, "%s", text);
    CU_ASSERT_EQUAL(strlen(e.detail), ERROR_TEXT_MAX - 3);
    CU_ASSERT_EQUAL(err_http_status(e.kind), 404);
    CU_ASSERT_FALSE(err_is_transient(e.kind));
    CU_ASSERT_TRUE(err_is_transient(ERR_UNAVAILABLE));
}

static void lack_of_memory_is_internal(void)
{
    struct error e = {.retry_after_s = 3, .cause = "before"};
    CU_ASSERT_EQUAL(error_no_memory(&e), ERR_EXHAUSTED);
    CU_ASSERT_TRUE(e.kind == ERR_EXHAUSTED && e.retry_after_s == 0 && e.cause[0] == '\0');
    CU_ASSERT_STRING_EQUAL(e.detail, "Out of memory.");
    CU_ASSERT_EQUAL(error_no_memory(NULL), ERR_EXHAUSTED);
}

static void text_that_is_missing_is_copied_as_missing(void)
{
    bool ok = true;
    char *copy = text_dup("abc", &ok);
    CU_ASSERT_PTR_NULL(text_dup(NULL, &ok));
    CU_ASSERT_TRUE(ok);
    CU_ASSERT_STRING_EQUAL(copy, "abc");
    free(copy);
    ok = false;
    CU_ASSERT_PTR_NULL(text_dup(NULL, &ok));
    CU_ASSERT_FALSE(ok);
}

struct drained {
    size_t bytes, most, room;
};

static bool take_away(void *self, const char *bytes, size_t n)
{
    struct drained *d = self;
    (void)bytes;
    d->bytes += n;
    d->most = n > d->most ? n : d->most;
    return d->bytes <= d->room;
}

static void buffer_with_a_drain_holds_a_part_only(void)
{
    struct drained d = {.room = 1 << 20}, none = {0};
    struct buffer b = {.max = 300000, .drain = take_away, .drain_self = &d};
    for (int i = 0; i < 30000; i++)
        buffer_printf(&b, "%010d", i);
    CU_ASSERT_FALSE(buffer_failed(&b) || buffer_is_empty(&b));
    buffer_flush(&b);
    CU_ASSERT_TRUE(d.bytes == 300000 && d.most < BUFFER_HELD && b.cap <= 2 * BUFFER_HELD);
    buffer_puts(&b, "x");
    CU_ASSERT_TRUE(b.full && d.bytes == 300000);
    buffer_free(&b);
    b = (struct buffer){.drain = take_away, .drain_self = &none};
    buffer_puts(&b, "x");
    buffer_flush(&b);
    CU_ASSERT_TRUE(buffer_failed(&b) && !b.full);
    buffer_free(&b);
}

static void text_of_any_size_is_cut_between_characters(void)
{
    char out[6];
    text_format(out, sizeof out, "abc%s", "\xC3\xA9\xC3\xA9");
    CU_ASSERT_STRING_EQUAL(out, "abc\xC3\xA9");
    text_format(out, sizeof out, "abcd%s", "\xC3\xA9");
    CU_ASSERT_STRING_EQUAL(out, "abcd");
    text_format(out, sizeof out, "%s", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80");
    CU_ASSERT_STRING_EQUAL(out, "\xF0\x9F\x98\x80");
    text_format(out, sizeof out, "%d", 12345);
    CU_ASSERT_STRING_EQUAL(out, "12345");
}

static void buffer_grows_and_keeps_nul_bytes(void)
{
    struct buffer b = BUFFER_INIT;
    buffer_append(&b, "a\0b", 3);
    for (int i = 0; i < 1000; i++)
        buffer_printf(&b, "%04d", i);
    CU_ASSERT_EQUAL(b.len, 4003);
    CU_ASSERT_EQUAL(memcmp(b.data, "a\0b0000", 7), 0);
    CU_ASSERT_STRING_EQUAL(b.data + 3 + 3996, "0999");
    buffer_free(&b);
    char *empty = buffer_take(&b);
    CU_ASSERT_STRING_EQUAL(empty, "");
    free(empty);
}

static void any_bytes_become_valid_json_strings(void)
{
    for (unsigned seed = 0; seed < 2000; seed++) {
        char text[40];
        srand(seed);
        for (size_t i = 0; i < sizeof text - 1; i++)
            text[i] = (char)(1 + rand() % 255);
        text[sizeof text - 1] = '\0';
        struct buffer b = BUFFER_INIT;
        buffer_json_string(&b, text);
        json_t *value = json_loadb(b.data, b.len, JSON_DECODE_ANY, NULL);
        CU_ASSERT_TRUE(json_is_string(value));
        json_decref(value);
        buffer_free(&b);
    }
    struct buffer b = BUFFER_INIT;
    buffer_json_string(&b, "\"\\\n\x01\xC3\xA9\xED\xA0\x80");
    CU_ASSERT_STRING_EQUAL(b.data,
                           "\"\\\"\\\\\\n\\u0001\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    buffer_free(&b);
}

static void times_round_trip_and_bad_ones_are_refused(void)
{
    char text[RFC3339_LEN + 1];
    int64_t us = 0;
    rfc3339_format(INT64_C(1767323045678901), text);
    CU_ASSERT_STRING_EQUAL(text, "2026-01-02T03:04:05.678901Z");
    CU_ASSERT_EQUAL(rfc3339_parse(text, &us), 0);
    CU_ASSERT_EQUAL(us, INT64_C(1767323045678901));
    CU_ASSERT_EQUAL(rfc3339_parse("2026-01-02T05:04:05.678901+02:00", &us), 0);
    CU_ASSERT_EQUAL(us, INT64_C(1767323045678901));
    CU_ASSERT_EQUAL(rfc3339_parse("0140-11-06T19:25:54Z", &us), 0);
    rfc3339_format(us, text);
    CU_ASSERT_STRING_EQUAL(text, "0140-11-06T19:25:54.000000Z");
    static const char *const bad[] = {"",
                                      "2026-01-02",
                                      "2026-01-02T03:04:05",
                                      "2026-01-02T03:04:05.Z",
                                      "2026-01-02T03:04:05Zx",
                                      "2026-01-02T03:04:05+2:00",
                                      "2026-01-02 03:04:05Z",
                                      "2026-02-30T03:04:05Z",
                                      "2026-01-02T03:04:61Z",
                                      "2026-13-02T03:04:05Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(rfc3339_parse(bad[i], &us), -1);
}

static void jitter_stays_within_half_and_whole(void)
{
    for (int i = 0; i < 1000; i++) {
        int64_t us = random_jitter_us(1000);
        CU_ASSERT_TRUE(us >= 500 && us <= 1000);
    }
    CU_ASSERT_EQUAL(random_jitter_us(0), 0);
}

static void uuid_is_version_4(void)
{
    char id[UUID_LEN + 1];
    random_uuid(id);
    CU_ASSERT_EQUAL(strlen(id), UUID_LEN);
    CU_ASSERT_EQUAL(id[14], '4');
    CU_ASSERT_PTR_NOT_NULL(strchr("89ab", id[19]));
}

static enum err parse_kind(const char *text)
{
    struct error e;
    json_t *value = NULL;
    enum err err = json_parse(text, strlen(text), &value, &e);
    json_decref(value);
    return err;
}

static void json_refuses_what_is_not_strict(void)
{
    CU_ASSERT_EQUAL(parse_kind("{\"a\":1}"), ERR_OK);
    CU_ASSERT_EQUAL(parse_kind("{\"a\":1,\"a\":2}"), ERR_BAD_REQUEST);
    CU_ASSERT_EQUAL(parse_kind("{\"a\":"), ERR_BAD_REQUEST);
    CU_ASSERT_EQUAL(parse_kind("{\"a\":NaN}"), ERR_BAD_REQUEST);
    CU_ASSERT_EQUAL(parse_kind("{\"a\":\"\xFF\"}"), ERR_BAD_REQUEST);
    char deep[10001];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    CU_ASSERT_EQUAL(parse_kind(deep), ERR_BAD_REQUEST);
}

static void json_errors_point_at_the_place(void)
{
    static const char text[] = "{\"regions\":[{\"width\":-1,\"name\":\"a\\u0062\"}]}";
    struct error e;
    json_t *tree = NULL;
    CU_ASSERT_EQUAL_FATAL(json_parse(text, strlen(text), &tree, &e), ERR_OK);
    struct json_at root = json_root(tree), regions = json_member(&root, "regions");
    struct json_at region = json_item(&regions, 0), width = json_member(&region, "width");
    struct json_at name = json_member(&region, "name"), absent = json_member(&region, "x");
    double number;
    const char *string;
    CU_ASSERT_EQUAL(json_read_number(&width, 0, 1, &number, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_STRING_EQUAL(e.detail, "/regions/0/width: must be 0 to 1");
    CU_ASSERT_EQUAL(json_read_number(&absent, 0, 1, &number, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_STRING_EQUAL(e.detail, "/regions/0/x: is missing (a number expected)");
    CU_ASSERT_EQUAL(json_read_string(&name, 1, 2, &string, &e), ERR_OK);
    CU_ASSERT_EQUAL(json_read_string(&name, 3, 9, &string, &e), ERR_UNPROCESSABLE);
    json_decref(tree);
}

static void blob_names_cannot_leave_the_store(void)
{
    CU_ASSERT_TRUE(blob_name_valid("results/1/result.csv"));
    CU_ASSERT_TRUE(blob_name_valid("pdfs/1/a b (2) \xC3\xA9.pdf"));
    static const char *const bad[] = {"",     "/a",    "a/",     "a//b", ".",    "..",
                                      "a/..", "../a",  "a/./b",  "a\nb", "a\\b", "a%2e",
                                      "a:b",  "a\x7f", "a/../b", "a\"b", "a;b",  "a<b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(blob_name_valid(bad[i]));
    char longest[BLOB_NAME_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[BLOB_NAME_MAX + 1] = '\0';
    CU_ASSERT_FALSE(blob_name_valid(longest));
    longest[BLOB_NAME_MAX] = '\0';
    CU_ASSERT_TRUE(blob_name_valid(longest));
}

static long yields_every_us(void)
{
    struct itimerval t = {0};
    return getitimer(ITIMER_REAL, &t) == 0 ? (long)t.it_interval.tv_usec : -1;
}

/* A process that reads from a pipe that has nothing for some milliseconds. */
static int read_patiently(int nice_by)
{
    int fds[2], wrong = 0;
    char byte = 0;
    if (setpriority(PRIO_PROCESS, 0, nice_by) != 0 || pipe(fds) != 0)
        return 100;
    cpu_yield_begin();
    wrong |= yields_every_us() == (nice_by > 0 ? 500 : 0) ? 0 : 1;
    if (fork() == 0) {
        (void)usleep(50000);
        _exit(write(fds[1], "x", 1) == 1 ? 0 : 1);
    }
    wrong |= read(fds[0], &byte, 1) == 1 && byte == 'x' ? 0 : 2;
    cpu_yield_end();
    wrong |= yields_every_us() == 0 ? 0 : 4;
    return wrong;
}

static void only_nice_processes_yield_and_their_reads_go_on(void)
{
    for (int nice_by = 0; nice_by <= 5; nice_by += 5) {
        int status = -1;
        pid_t pid = fork();
        if (pid == 0)
            _exit(read_patiently(nice_by));
        CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
        CU_ASSERT_EQUAL(status, 0);
    }
}

static void delays_double_up_to_a_limit(void)
{
    CU_ASSERT_EQUAL(backoff_us(60, 0, 3600), 60);
    CU_ASSERT_EQUAL(backoff_us(60, 3, 3600), 480);
    CU_ASSERT_EQUAL(backoff_us(60, INT64_MAX, 3600), 3600);
    CU_ASSERT_EQUAL(backoff_us(60, 0, 30), 30);
}

static void files_are_read_up_to_a_limit(void)
{
    char path[] = "/tmp/pdf-ocr-test-XXXXXX";
    struct buffer b = BUFFER_INIT;
    int fd = mkstemp(path);
    CU_ASSERT_EQUAL_FATAL(write(fd, "12345", 5), 5);
    (void)close(fd);
    CU_ASSERT_EQUAL(file_read(path, 5, &b), 0);
    CU_ASSERT_TRUE(b.len == 5 && memcmp(b.data, "12345", 5) == 0);
    CU_ASSERT_EQUAL(file_read(path, 4, &b), EFBIG);
    (void)unlink(path);
    CU_ASSERT_EQUAL(file_read(path, 5, &b), ENOENT);
    buffer_free(&b);
}

static void numbers_are_sorted(void)
{
    double v[] = {3, -1, 2, 2};
    sort_doubles(v, 4);
    CU_ASSERT_TRUE(v[0] == -1 && v[1] == 2 && v[2] == 2 && v[3] == 3);
    sort_doubles(NULL, 0);
}

static bool kind_is(const char *bytes, size_t n, const char *type)
{
    const char *found = media_type_of_bytes(bytes, n);
    return type == NULL ? found == NULL : found != NULL && strcmp(found, type) == 0;
}

static void documents_are_known_by_their_first_bytes(void)
{
    char late[MEDIA_TYPE_WINDOW + 8] = {0};
    CU_ASSERT_TRUE(kind_is("\x89PNG\r\n\x1a\n", 8, "image/png"));
    CU_ASSERT_TRUE(kind_is("\xFF\xD8\xFF\xE0", 4, "image/jpeg"));
    CU_ASSERT_TRUE(kind_is("II*\0", 4, "image/tiff") && kind_is("MM\0*", 4, "image/tiff"));
    CU_ASSERT_TRUE(kind_is(" II*\0", 5, NULL) && kind_is("II*", 3, NULL) && kind_is("", 0, NULL));
    memcpy(late + MEDIA_TYPE_WINDOW - 1, "%PDF-", 5);
    CU_ASSERT_TRUE(kind_is(late, sizeof late, "application/pdf"));
    memcpy(late + MEDIA_TYPE_WINDOW - 1, "\0%PDF-", 6);
    CU_ASSERT_TRUE(kind_is(late, sizeof late, NULL));
    CU_ASSERT_STRING_EQUAL(media_type_of_name("a.b.TIF"), "image/tiff");
    CU_ASSERT_STRING_EQUAL(media_type_of_name("a.jpeg"), "image/jpeg");
    CU_ASSERT_STRING_EQUAL(media_type_of_name("png"), "application/pdf");
    CU_ASSERT_TRUE(media_type_is_document("Image/PNG") && !media_type_is_document("image/gif"));
}

static const struct test_case tests[] = {
    TEST(delays_double_up_to_a_limit),
    TEST(files_are_read_up_to_a_limit),
    TEST(numbers_are_sorted),
    TEST(documents_are_known_by_their_first_bytes),
    TEST(long_error_is_cut_between_characters),
    TEST(lack_of_memory_is_internal),
    TEST(text_that_is_missing_is_copied_as_missing),
    TEST(buffer_grows_and_keeps_nul_bytes),
    TEST(buffer_with_a_drain_holds_a_part_only),
    TEST(text_of_any_size_is_cut_between_characters),
    TEST(any_bytes_become_valid_json_strings),
    TEST(times_round_trip_and_bad_ones_are_refused),
    TEST(jitter_stays_within_half_and_whole),
    TEST(uuid_is_version_4),
    TEST(json_refuses_what_is_not_strict),
    TEST(json_errors_point_at_the_place),
    TEST(blob_names_cannot_leave_the_store),
    TEST(only_nice_processes_yield_and_their_reads_go_on),
};

int main(void)
{
    return RUN_SUITE("base", tests);
}
