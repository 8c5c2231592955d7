/* The rules of the port blob_store, run against whatever adapter is given. */
#include "tests/unit/blob_store_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum err (*open_blobs)(struct blob_store *out, struct error *e);
static const char *folder;
static struct blob_store b;

void blob_store_suite_use(enum err (*open)(struct blob_store *out, struct error *e),
                          const char *own_folder)
{
    open_blobs = open;
    folder = own_folder;
}

static void open_store(void)
{
    struct error e;
    CU_ASSERT_EQUAL_FATAL(open_blobs(&b, &e), ERR_OK);
}

static void close_store(void)
{
    b.ops->close(b.self);
}

static void put(const char *name, const char *text)
{
    struct error e;
    CU_ASSERT_EQUAL(b.ops->put_bytes(b.self, name, text, strlen(text), "text/csv", &e), ERR_OK);
}

/* A file of n bytes whose content depends on its place. */
static void make_file(char path[128], size_t n)
{
    (void)snprintf(path, 128, "%s/upload", folder);
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    for (size_t i = 0; i < n; i++)
        (void)fputc((int)((i * 31 + i / 4096) & 0xFF), f);
    CU_ASSERT_EQUAL(fclose(f), 0);
}

static bool has_content(int fd, size_t n)
{
    unsigned char *bytes = malloc(n + 1);
    bool same = bytes != NULL && read(fd, bytes, n + 1) == (ssize_t)n;
    for (size_t i = 0; same && i < n; i++)
        same = bytes[i] == ((i * 31 + i / 4096) & 0xFF);
    free(bytes);
    return same;
}

static void bytes_come_back_and_are_replaced(void)
{
    char bytes[8] = "";
    struct error e;
    int fd = -1;
    open_store();
    put("results/j/r.csv", "a,b");
    put("results/j/r.csv", "a,c");
    CU_ASSERT_EQUAL_FATAL(b.ops->open(b.self, "results/j/r.csv", "", &fd, &e), ERR_OK);
    CU_ASSERT_EQUAL(read(fd, bytes, 4), 3);
    CU_ASSERT_STRING_EQUAL(bytes, "a,c");
    (void)close(fd);
    put("results/j/empty.csv", "");
    CU_ASSERT_EQUAL_FATAL(b.ops->open(b.self, "results/j/empty.csv", "", &fd, &e), ERR_OK);
    CU_ASSERT_EQUAL(read(fd, bytes, 4), 0);
    (void)close(fd);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/j/", &e), ERR_OK);
    close_store();
}

static void version_that_was_replaced_is_gone(void)
{
    char name[BLOB_NAME_MAX + 1];
    struct blob_info info, listed;
    struct error e;
    int fd = -1;
    open_store();
    put("pdfs/v/a.pdf", "old");
    CU_ASSERT_EQUAL(b.ops->stat(b.self, "pdfs/v/a.pdf", &info, &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->find(b.self, "pdfs/v/", name, &listed, &e), ERR_OK);
    CU_ASSERT_STRING_NOT_EQUAL(info.version, "");
    CU_ASSERT_STRING_EQUAL(listed.version, info.version);
    CU_ASSERT_EQUAL_FATAL(b.ops->open(b.self, "pdfs/v/a.pdf", info.version, &fd, &e), ERR_OK);
    (void)close(fd);
    put("pdfs/v/a.pdf", "new");
    CU_ASSERT_EQUAL(b.ops->open(b.self, "pdfs/v/a.pdf", info.version, &fd, &e), ERR_GONE);
    CU_ASSERT_EQUAL(b.ops->stat(b.self, "pdfs/v/a.pdf", &listed, &e), ERR_OK);
    CU_ASSERT_STRING_NOT_EQUAL(listed.version, info.version);
    CU_ASSERT_EQUAL_FATAL(b.ops->open(b.self, "pdfs/v/a.pdf", listed.version, &fd, &e), ERR_OK);
    (void)close(fd);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "pdfs/v/", &e), ERR_OK);
    close_store();
}

static void check_file(size_t n)
{
    char path[128];
    struct error e;
    struct blob_info info;
    int fd = -1;
    make_file(path, n);
    CU_ASSERT_EQUAL(b.ops->put_file(b.self, "pdfs/1/x y.pdf", path, "application/pdf", false, &e),
                    ERR_OK);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    CU_ASSERT_EQUAL(b.ops->stat(b.self, "pdfs/1/x y.pdf", &info, &e), ERR_OK);
    CU_ASSERT_EQUAL(info.size, n);
    CU_ASSERT_EQUAL_FATAL(b.ops->open(b.self, "pdfs/1/x y.pdf", "", &fd, &e), ERR_OK);
    CU_ASSERT_TRUE(has_content(fd, n));
    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    (void)close(fd);
}

static void files_of_every_size_come_back(void)
{
    struct error e;
    open_store();
    check_file(4);
    check_file(300000);
    check_file((8U << 20) + 1);
    check_file((20U << 20) + 12345);
    CU_ASSERT_EQUAL(b.ops->put_file(b.self, "pdfs/2/x.pdf", "/proc/no-such-file", "", false, &e),
                    ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "pdfs/1/", &e), ERR_OK);
    close_store();
}

static void open_files_are_stored_whole_and_replaced(void)
{
    static const size_t sizes[] = {300000, 0, (8U << 20) + 1};
    char path[128];
    struct error e;
    open_store();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        make_file(path, sizes[i]);
        int fd = open(path, O_RDONLY), stored = -1;
        CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_END), (off_t)sizes[i]);
        CU_ASSERT_EQUAL(b.ops->put_fd(b.self, "results/f/x y.csv", fd, "text/csv", &e), ERR_OK);
        CU_ASSERT_EQUAL(b.ops->put_fd(b.self, "../x.csv", fd, "text/csv", &e), ERR_BAD_REQUEST);
        CU_ASSERT_EQUAL(close(fd), 0);
        CU_ASSERT_EQUAL_FATAL(b.ops->open(b.self, "results/f/x y.csv", "", &stored, &e), ERR_OK);
        CU_ASSERT_TRUE(has_content(stored, sizes[i]));
        (void)close(stored);
    }
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/f/", &e), ERR_OK);
    close_store();
}

static void file_kept_under_its_digest_is_stored_once(void)
{
    char path[128];
    struct error e;
    open_store();
    for (int i = 0; i < 2; i++) {
        make_file(path, 1000);
        CU_ASSERT_EQUAL(
            b.ops->put_file(b.self, "documents/abc.pdf", path, "application/pdf", true, &e),
            ERR_OK);
        CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    }
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "documents/", &e), ERR_OK);
    close_store();
}

static void blobs_are_found_and_erased_by_prefix(void)
{
    char name[BLOB_NAME_MAX + 1];
    struct blob_info info;
    struct error e;
    open_store();
    put("results/k/a b.csv", "1");
    put("results/k/debug/c.json", "2");
    put("results/kk/d.csv", "3");
    CU_ASSERT_EQUAL(b.ops->find(b.self, "results/kk/", name, &info, &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(name, "results/kk/d.csv");
    CU_ASSERT_EQUAL(info.size, 1);
    CU_ASSERT_EQUAL(b.ops->find(b.self, "results/none/", name, &info, &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/k/", &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/k/", &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->stat(b.self, "results/k/a b.csv", &info, &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(b.ops->stat(b.self, "results/k/debug/c.json", &info, &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(b.ops->stat(b.self, "results/kk/d.csv", &info, &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/kk/", &e), ERR_OK);
    close_store();
}

#define LISTED 7

/* Whether the list has these names of the sorted ones, and knows of each. */
static bool lists(const char *after, size_t max, const char *const *names, size_t n)
{
    struct blob_list l = {0};
    struct error e;
    CU_ASSERT_EQUAL(b.ops->list(b.self, "owners/l/", after, max, &l, &e), ERR_OK);
    bool same = l.n == n;
    for (size_t i = 0; same && i < n; i++)
        same = strcmp(l.items[i].name, names[i]) == 0 && l.items[i].info.size == 2 &&
               l.items[i].info.updated_us > 0 && l.items[i].info.version[0] != '\0';
    blob_list_free(&l);
    return same;
}

static void blobs_are_listed_in_order_and_after_a_name(void)
{
    static const char *const names[LISTED] = {
        "owners/l/1/a b.pdf", "owners/l/1/a.pdf",  "owners/l/1/b.pdf",       "owners/l/2/x.pdf",
        "owners/l/22/x.pdf",  "owners/l/3/sub/~z", "owners/l/4/\xC3\xA4.pdf"};
    static const int order[LISTED] = {4, 1, 6, 0, 5, 3, 2};
    struct blob_list l = {0};
    struct error e;
    open_store();
    for (size_t i = 0; i < LISTED; i++)
        put(names[order[i]], "ab");
    put("owners/ll/1/a.pdf", "no");
    CU_ASSERT_TRUE(lists("", 100, names, LISTED));
    CU_ASSERT_TRUE(lists("", LISTED, names, LISTED));
    CU_ASSERT_TRUE(lists("", 2, names, 2));
    for (size_t i = 0; i < LISTED; i++) {
        CU_ASSERT_TRUE(lists(names[i], 100, names + i + 1, LISTED - i - 1));
        CU_ASSERT_TRUE(lists(names[i], 1, names + i + 1, i + 1 < LISTED));
    }
    CU_ASSERT_TRUE(lists("owners/l/10", 2, names + 3, 2)); /* 0 comes after the slash */
    CU_ASSERT_TRUE(lists("owners/l/5", 100, names, 0));
    CU_ASSERT_EQUAL(b.ops->list(b.self, "owners/none/", "", 5, &l, &e), ERR_OK);
    CU_ASSERT_EQUAL(l.n, 0);
    CU_ASSERT_EQUAL(b.ops->list(b.self, "owners", "", 5, &l, &e), ERR_BAD_REQUEST);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "owners/l/", &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "owners/ll/", &e), ERR_OK);
    close_store();
}

static void names_that_lead_out_are_refused(void)
{
    static const char *const names[] = {"../db", "a//b", "/etc/passwd", "a/./b", "a/../b", ""};
    struct error e;
    int fd = -1;
    open_store();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CU_ASSERT_EQUAL(b.ops->open(b.self, names[i], "", &fd, &e), ERR_BAD_REQUEST);
        CU_ASSERT_EQUAL(b.ops->put_bytes(b.self, names[i], "x", 1, "text/csv", &e),
                        ERR_BAD_REQUEST);
    }
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "", &e), ERR_BAD_REQUEST);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "/", &e), ERR_BAD_REQUEST);
    CU_ASSERT_EQUAL(b.ops->open(b.self, "results/none/r.csv", "", &fd, &e), ERR_NOT_FOUND);
    close_store();
}

const struct test_case blob_store_tests[BLOB_STORE_TESTS] = {
    TEST(version_that_was_replaced_is_gone),    TEST(bytes_come_back_and_are_replaced),
    TEST(files_of_every_size_come_back),        TEST(file_kept_under_its_digest_is_stored_once),
    TEST(blobs_are_found_and_erased_by_prefix), TEST(blobs_are_listed_in_order_and_after_a_name),
    TEST(names_that_lead_out_are_refused),      TEST(open_files_are_stored_whole_and_replaced),
};
