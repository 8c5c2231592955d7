/* Signed links, requests, feedback: the pure parts of the core. */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "core/extraction_request.h"
#include "core/feedback.h"
#include "core/signed_url.h"
#include "formats/format.h"
#include "tests/unit/suite.h"

static const struct config limits = {.max_regions = 3};

/* --- signed links --- */

static void signed_link_holds_for_itself_only(void)
{
    unsigned char key[SIGNING_KEY_BYTES] = {1}, other[SIGNING_KEY_BYTES] = {2};
    struct buffer url = BUFFER_INIT;
    struct error e;
    signed_url_make(key, "https://h", "PUT", "/a/b c", 1000, &url);
    CU_ASSERT_EQUAL(strncmp(url.data, "https://h/a/b%20c?expires=1000&signature=", 41), 0);
    const char *sig = url.data + 41;
    CU_ASSERT_EQUAL(signed_url_check(key, "PUT", "/a/b c", "1000", sig, 999, &e), ERR_OK);
    CU_ASSERT_EQUAL(signed_url_check(key, "PUT", "/a/b c", "1000", sig, 1000, &e), ERR_GONE);
    CU_ASSERT_EQUAL(signed_url_check(key, "GET", "/a/b c", "1000", sig, 999, &e), ERR_FORBIDDEN);
    CU_ASSERT_EQUAL(signed_url_check(key, "PUT", "/a/b d", "1000", sig, 999, &e), ERR_FORBIDDEN);
    CU_ASSERT_EQUAL(signed_url_check(key, "PUT", "/a/b c", "1001", sig, 999, &e), ERR_FORBIDDEN);
    CU_ASSERT_EQUAL(signed_url_check(other, "PUT", "/a/b c", "1000", sig, 999, &e), ERR_FORBIDDEN);
    static const char *const bad[] = {"", "!", "AAAA", "-1", "1e9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(signed_url_check(key, "PUT", "/a/b c", "1000", bad[i], 9, &e),
                        ERR_FORBIDDEN);
        CU_ASSERT_EQUAL(signed_url_check(key, "PUT", "/a/b c", bad[i], sig, 9, &e), ERR_FORBIDDEN);
    }
    buffer_free(&url);
}

/* --- requests --- */

#define PDF "\"pdf_id\":\"11111111-2222-4333-8444-555555555555\""

static enum err read_request(const char *text, bool agentic, struct extraction_request *r,
                             struct error *e)
{
    json_t *tree = NULL;
    enum err err = json_parse(text, strlen(text), &tree, e);
    if (err == ERR_OK)
        err = extraction_request_read(tree, agentic, &limits, r, e);
    json_decref(tree);
    return err;
}

static void request_survives_being_written_and_read(void)
{
    struct extraction_request a, b;
    struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(
        read_request(
            "{" PDF ",\"regions\":[{\"page\":2,\"x\":0.1,\"y\":0.2,\"width\":0.3,"
            "\"height\":0.8000001,\"region_type\":\"form\"},{\"page\":1,\"bbox\":{\"x\":0,"
            "\"y\":0,\"w\":1,\"h\":1},\"region_id\":\"\\\"q\"}],\"output_format\":\"tsv\","
            "\"engine\":\"text\",\"pages\":\"1-3,7,9-\",\"escape_formulas\":false,\"join_"
            "pages\":true,"
            "\"also_formats\":[\"json\",\"csv\"],\"languages\":[\"eng\",\"chi_sim\"],\"other\":1,"
            "\"tables\":\"merged\",\"source_columns\":true,\"bom\":true}",
            true, &a, &e),
        ERR_OK);
    CU_ASSERT_EQUAL(a.n_pages, 3);
    CU_ASSERT_EQUAL(a.pages[2].last, 0);
    CU_ASSERT_TRUE(a.join_pages);
    CU_ASSERT_TRUE(a.sheets.tables == TABLES_MERGED && a.sheets.source_columns && a.sheets.bom);
    CU_ASSERT_STRING_EQUAL(a.languages, "eng+chi_sim");
    CU_ASSERT_TRUE(a.also[format_index("csv")] && a.also[format_index("json")] &&
                   !a.also[format_index("tsv")]);
    extraction_request_write(&a, &first);
    CU_ASSERT_EQUAL_FATAL(extraction_request_parse(first.data, first.len, &limits, &b, &e), ERR_OK);
    extraction_request_write(&b, &second);
    CU_ASSERT_STRING_EQUAL(first.data, second.data);
    CU_ASSERT_STRING_EQUAL(b.regions[1].id, "\"q");
    buffer_free(&first);
    buffer_free(&second);
    extraction_request_free(&a);
    extraction_request_free(&b);
}

/* As many as fit into what is sent fit into what is written, which the task reads. */
static void the_longest_list_of_pages_survives(void)
{
    static const char *const items[] = {"1,", "12,", "3-,", "4-4,", "5-6,", "123456,"};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        struct extraction_request a, b;
        struct buffer text = BUFFER_INIT, written = BUFFER_INIT;
        struct error e;
        size_t n = 512 / strlen(items[i]);
        buffer_puts(&text, "{" PDF ",\"pages\":\"");
        for (size_t k = 0; k < n; k++)
            buffer_puts(&text, items[i]);
        text.len--; /* the last comma */
        buffer_puts(&text, "\"}");
        CU_ASSERT_EQUAL_FATAL(read_request(text.data, true, &a, &e), ERR_OK);
        extraction_request_write(&a, &written);
        CU_ASSERT_EQUAL_FATAL(extraction_request_parse(written.data, written.len, &limits, &b, &e),
                              ERR_OK);
        CU_ASSERT_EQUAL_FATAL(b.n_pages, n);
        CU_ASSERT_EQUAL(memcmp(a.pages, b.pages, n * sizeof a.pages[0]), 0);
        buffer_free(&text);
        buffer_free(&written);
        extraction_request_free(&a);
        extraction_request_free(&b);
    }
}

/* The tolerance at the edges must not let an empty region through: a task could not read it. */
static void empty_regions_are_refused(void)
{
    static const char *const boxes[] = {
        "\"x\":1,\"y\":0.5,\"width\":1e-7,\"height\":0.1",
        "\"x\":0.5,\"y\":1,\"width\":0.1,\"height\":1e-7",
    };
    struct extraction_request r;
    struct error e;
    for (size_t i = 0; i < 2; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "{" PDF ",\"regions\":[{\"page\":1,%s}]}", boxes[i]);
        CU_ASSERT_EQUAL(read_request(text, false, &r, &e), ERR_UNPROCESSABLE);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "the region is empty"));
    }
}

static void what_is_for_sheets_names_its_member_when_it_does_not_fit(void)
{
    static const struct {
        const char *members, *told;
    } bad[] = {
        {"\"output_format\":\"json\",\"tables\":\"all\"", "/tables: is for csv and tsv"},
        {"\"output_format\":\"xlsx\",\"also_formats\":[\"json\"],\"table\":1", "/table: is for"},
        {"\"output_format\":\"html\",\"source_columns\":true", "/source_columns: is for"},
        {"\"output_format\":\"markdown\",\"bom\":false", "/bom: is for"},
        {"\"tables\":\"each\"", "/tables: "},
        {"\"table\":0", "/table: "},
        {"\"table\":1.5", "/table: "},
        {"\"table\":1,\"tables\":\"zip\"", "/table: cannot be given with tables \"zip\""},
        {"\"bom\":1", "/bom: "},
    };
    struct extraction_request r;
    struct error e;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "{" PDF ",%s}", bad[i].members);
        CU_ASSERT_EQUAL(read_request(text, true, &r, &e), ERR_UNPROCESSABLE);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, bad[i].told));
    }
    static const char good[] = "{" PDF ",\"output_format\":\"json\",\"also_formats\":[\"tsv\"],"
                               "\"tables\":\"all\",\"table\":7}";
    CU_ASSERT_EQUAL(read_request(good, true, &r, &e), ERR_OK);
    CU_ASSERT_TRUE(r.sheets.table == 7 && r.sheets.tables == TABLES_ALL && !r.sheets.bom);
    extraction_request_free(&r);
}

static void wrong_page_lists_are_refused(void)
{
    static const char *const bad[] = {"0", "3-1", "1,", ",1", "a", "1-2-3", "1 2", "-3", "1;2"};
    struct extraction_request r;
    struct error e;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "{" PDF ",\"pages\":\"%s\"}", bad[i]);
        CU_ASSERT_EQUAL(read_request(text, true, &r, &e), ERR_UNPROCESSABLE);
    }
}

static void feedback_needs_what_its_action_needs(void)
{
    static const struct {
        const char *text;
        enum err want;
    } cases[] = {
        {"{\"action\":\"delete\",\"region_id\":\"r\"}", ERR_OK},
        {"{\"action\":\"resize\",\"region_id\":\"r\"}", ERR_UNPROCESSABLE},
        {"{\"action\":\"retype\",\"region_id\":\"r\",\"new_region_type\":\"table\"}", ERR_OK},
        {"{\"action\":\"retype\",\"region_id\":\"r\",\"new_region_type\":\"x\"}",
         ERR_UNPROCESSABLE},
        {"{\"action\":\"burn\",\"region_id\":\"r\"}", ERR_UNPROCESSABLE},
        {"{\"action\":\"delete\"}", ERR_UNPROCESSABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct feedback f;
        struct error e;
        json_t *tree = NULL;
        (void)snprintf(text, sizeof text,
                       "{\"job_id\":\"11111111-2222-4333-8444-555555555555\",\"corrections\":[%s]}",
                       cases[i].text);
        CU_ASSERT_EQUAL_FATAL(json_parse(text, strlen(text), &tree, &e), ERR_OK);
        CU_ASSERT_EQUAL(feedback_read(tree, &system_clock, &f, &e), cases[i].want);
        feedback_clear(&f);
        json_decref(tree);
    }
}

static void number_that_is_too_large_is_refused(void)
{
    static const char *const too_much[] = {"99999999999999999999", "1099511627777"};
    struct config c;
    struct error e;
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(setenv("MAX_UPLOAD_BYTES", too_much[i], 1), 0);
        CU_ASSERT_EQUAL(config_load(&c, config_own, &e), ERR_UNPROCESSABLE);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "to 1099511627776"));
    }
    CU_ASSERT_EQUAL(unsetenv("MAX_UPLOAD_BYTES"), 0);
}

static void wrong_setting_is_named(void)
{
    struct config c;
    struct error e;
    CU_ASSERT_EQUAL(setenv("API_WORKERS", "many", 1), 0);
    CU_ASSERT_EQUAL(config_load(&c, config_own, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "API_WORKERS is \"many\""));
    CU_ASSERT_EQUAL(setenv("API_WORKERS", "3", 1), 0);
    CU_ASSERT_EQUAL(setenv("API_KEY", "s3cret-s3cret-s3cret", 1), 0);
    CU_ASSERT_EQUAL_FATAL(config_load(&c, config_own, &e), ERR_OK);
    CU_ASSERT_EQUAL(c.api_workers, 3);
    struct buffer told = BUFFER_INIT;
    config_describe(&c, &told);
    json_t *tree = json_loadb(told.data, told.len, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL(tree);
    CU_ASSERT_PTR_NULL(strstr(told.data, "s3cret"));
    json_decref(tree);
    buffer_free(&told);
    config_free(&c);
}

/* --- a part's own table --- */

struct shop {
    char *secret, *url;
    int64_t shelves;
    bool open;
};

static const struct setting shop_rows[] = {
    SECRET_SETTING("SHOP_SECRET", offsetof(struct shop, secret), 3, 8, "s"),
    TEXT_SETTING(BASE_URL, "SHOP_URL", offsetof(struct shop, url), "http://a/b//", "u"),
    INTEGER_SETTING("SHOP_SHELVES", offsetof(struct shop, shelves), "4", 1, 9, "n"),
    BOOL_SETTING("SHOP_OPEN", offsetof(struct shop, open), "false", "o"),
};

static const struct setting_table shop = SETTING_TABLE(shop_rows, sizeof(struct shop));
static const struct setting_table *const with_shop[] = {&config_service, &shop, &config_log, NULL};

static void a_table_fills_a_struct_of_its_own(void)
{
    struct config c;
    struct error e;
    CU_ASSERT_EQUAL(setenv("SHOP_SECRET", "hidden", 1), 0);
    CU_ASSERT_EQUAL(setenv("SHOP_OPEN", "true", 1), 0);
    CU_ASSERT_EQUAL_FATAL(config_load(&c, with_shop, &e), ERR_OK);
    const struct shop *s = config_values(&c, &shop);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_STRING_EQUAL(s->secret, "hidden");
    CU_ASSERT_STRING_EQUAL(s->url, "http://a/b");
    CU_ASSERT_EQUAL(s->shelves, 4);
    CU_ASSERT_TRUE(s->open);
    CU_ASSERT_PTR_NULL(config_values(&c, &config_ocr));
    struct buffer told = BUFFER_INIT;
    config_describe(&c, &told);
    CU_ASSERT_PTR_NOT_NULL(strstr(told.data,
                                  "\"SHOP_SECRET\":\"set\",\"SHOP_URL\":\"http://a/b\","
                                  "\"SHOP_SHELVES\":4,\"SHOP_OPEN\":true,\"LOG_LEVEL\""));
    CU_ASSERT_PTR_NULL(strstr(told.data, "hidden"));
    buffer_free(&told);
    config_free(&c);
    CU_ASSERT_EQUAL(unsetenv("SHOP_OPEN"), 0);
    CU_ASSERT_EQUAL(unsetenv("SHOP_SECRET"), 0);
}

static void what_a_table_does_not_take_is_named_without_secrets(void)
{
    static const char *const cases[][3] = {
        {"SHOP_SHELVES", "10", "SHOP_SHELVES is \"10\"; expected a whole number from 1 to 9."},
        {"SHOP_OPEN", "yes", "SHOP_OPEN is \"yes\"; expected true or false."},
        {"SHOP_URL", "shop", "SHOP_URL is \"shop\"; expected an http:// or https:// URL."},
        {"SHOP_SECRET", "too long a secret",
         "SHOP_SECRET is wrong; expected 3 to 8 printable characters without spaces."},
    };
    struct config c;
    struct error e;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(setenv(cases[i][0], cases[i][1], 1), 0);
        CU_ASSERT_EQUAL(config_load(&c, with_shop, &e), ERR_UNPROCESSABLE);
        CU_ASSERT_STRING_EQUAL(e.detail, cases[i][2]);
        CU_ASSERT_EQUAL(unsetenv(cases[i][0]), 0);
    }
}

static const struct test_case tests[] = {
    TEST(signed_link_holds_for_itself_only),
    TEST(request_survives_being_written_and_read),
    TEST(the_longest_list_of_pages_survives),
    TEST(empty_regions_are_refused),
    TEST(wrong_page_lists_are_refused),
    TEST(feedback_needs_what_its_action_needs),
    TEST(number_that_is_too_large_is_refused),
    TEST(wrong_setting_is_named),
    TEST(what_is_for_sheets_names_its_member_when_it_does_not_fit),
    TEST(a_table_fills_a_struct_of_its_own),
    TEST(what_a_table_does_not_take_is_named_without_secrets),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("core", tests);
}
