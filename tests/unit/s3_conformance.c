/* The rules of the port blob_store, run against the S3 server that the settings name, and what is
 * its adapter's own. */
#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "s3/s3.h"
#include "s3/settings.h"
#include "tests/unit/blob_store_suite.h"

#define OWN_TESTS 3
#define OBJECTS   230 /* more than two pages of a list */

static struct config cfg;
static const struct setting_table *const tables[] = {&config_service, &s3_settings, NULL};

static enum err open_blobs(struct blob_store *out, struct error *e)
{
    return s3_blob_store_open(&cfg, &system_clock, out, e);
}

static void open_store(struct blob_store *b)
{
    struct error e;
    CU_ASSERT_EQUAL_FATAL(open_blobs(b, &e), ERR_OK);
}

static enum err put(const struct blob_store *b, const char *name, const char *text)
{
    struct error e;
    enum err err = b->ops->put_bytes(b->self, name, text, strlen(text), "text/csv", &e);
    if (err != ERR_OK)
        (void)printf("%s: %s\n", e.detail, e.cause);
    return err;
}

static enum err put_file(const struct blob_store *b, const char *name, size_t n, char fill)
{
    char path[256];
    struct error e;
    (void)snprintf(path, sizeof path, "%s/own", cfg.data_dir);
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    for (size_t i = 0; i < n; i++)
        (void)fputc(fill, f);
    CU_ASSERT_EQUAL(fclose(f), 0);
    return b->ops->put_file(b->self, name, path, "application/pdf", true, &e);
}

static char first_byte(const struct blob_store *b, const char *name)
{
    char c = '\0';
    struct error e;
    int fd = -1;
    CU_ASSERT_EQUAL_FATAL(b->ops->open(b->self, name, "", &fd, &e), ERR_OK);
    CU_ASSERT_EQUAL(read(fd, &c, 1), 1);
    (void)close(fd);
    return c;
}

/* If-None-Match: in one request as well as in parts. */
static void what_is_kept_is_not_replaced(void)
{
    static const size_t sizes[] = {10, (9U << 20)};
    struct blob_store b;
    struct error e;
    open_store(&b);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CU_ASSERT_EQUAL(put_file(&b, "documents/k.pdf", sizes[i], 'a'), ERR_OK);
        CU_ASSERT_EQUAL(put_file(&b, "documents/k.pdf", sizes[i], 'b'), ERR_OK);
        CU_ASSERT_EQUAL(first_byte(&b, "documents/k.pdf"), 'a');
        CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "documents/", &e), ERR_OK);
    }
    b.ops->close(b.self);
}

static void more_than_a_page_is_erased(void)
{
    char name[BLOB_NAME_MAX + 1];
    struct blob_info info;
    struct blob_store b;
    struct error e;
    open_store(&b);
    for (int i = 0; i < OBJECTS; i++) {
        (void)snprintf(name, sizeof name, "results/many/%03d.csv", i);
        CU_ASSERT_EQUAL(put(&b, name, "x"), ERR_OK);
    }
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/many/", &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->find(b.self, "results/many/", name, &info, &e), ERR_NOT_FOUND);
    b.ops->close(b.self);
}

static void names_of_any_script_come_back(void)
{
    static const char *const names[] = {"results/s/\xC3\xA4 (1)+~,@-_.csv",
                                        "results/s/\xE6\x96\x87\xE6\x9B\xB8.csv"};
    char found[BLOB_NAME_MAX + 1];
    struct blob_info info;
    struct blob_store b;
    struct error e;
    open_store(&b);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CU_ASSERT_EQUAL(put(&b, names[i], "y"), ERR_OK);
        CU_ASSERT_EQUAL(first_byte(&b, names[i]), 'y');
        CU_ASSERT_EQUAL(b.ops->find(b.self, "results/s/", found, &info, &e), ERR_OK);
        CU_ASSERT_STRING_EQUAL(found, names[i]);
        CU_ASSERT_TRUE(info.updated_us > 0);
        CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/s/", &e), ERR_OK);
    }
    b.ops->close(b.self);
}

static const struct test_case own_tests[OWN_TESTS] = {
    TEST(what_is_kept_is_not_replaced),
    TEST(more_than_a_page_is_erased),
    TEST(names_of_any_script_come_back),
};

int main(void)
{
    struct test_case all[BLOB_STORE_TESTS + OWN_TESTS];
    struct error e;
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        config_load(&cfg, tables, &e) != ERR_OK || s3_part.check(&cfg, &e) != ERR_OK)
        return 99;
    blob_store_suite_use(open_blobs, cfg.data_dir);
    memcpy(all, blob_store_tests, sizeof blob_store_tests);
    memcpy(all + BLOB_STORE_TESTS, own_tests, sizeof own_tests);
    int failed = RUN_SUITE("S3: blobs", all);
    config_free(&cfg);
    curl_global_cleanup();
    return failed;
}
