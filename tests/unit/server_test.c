/* Routes, queries, traces and keys. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/keys.h"
#include "http/request.h"
#include "tests/unit/suite.h"

static enum err handler(void *app, struct request *r, struct reply *p, struct error *e)
{
    (void)app;
    (void)r;
    (void)p;
    return error_set(e, ERR_INTERNAL, "never called");
}

static const struct route table[] = {
    ROUTE(GET, "/a/{x}", KEY, API, NONE, "", handler),
    ROUTE(DELETE, "/a/{x}", KEY, API, NONE, "", handler),
    ROUTE(POST, "/a/b/{y}/c", KEY, API, JSON, "", handler),
    {METHOD_GET, NULL, AUTH_NONE, POOL_API, BODY_NONE, NULL, NULL, NULL},
};

static enum err find(enum method method, const char *path, struct request *r, char allow[64])
{
    const struct route *found = NULL;
    struct error e;
    memset(r, 0, sizeof *r);
    r->method = method;
    r->path = path;
    return router_find(table, r, &found, allow, &e);
}

static void routes_are_found_with_their_parameters(void)
{
    struct request r;
    char allow[64], longest[600];
    CU_ASSERT_EQUAL(find(METHOD_GET, "/a/one", &r, allow), ERR_OK);
    CU_ASSERT_STRING_EQUAL(r.params[0], "one");
    CU_ASSERT_EQUAL(find(METHOD_HEAD, "/a/one", &r, allow), ERR_OK);
    CU_ASSERT_EQUAL(find(METHOD_POST, "/a/b/two/c", &r, allow), ERR_OK);
    CU_ASSERT_STRING_EQUAL(r.params[0], "two");
    CU_ASSERT_EQUAL(find(METHOD_GET, "/a", &r, allow), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(find(METHOD_GET, "/a/", &r, allow), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(find(METHOD_GET, "/a/x/y", &r, allow), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(find(METHOD_GET, "", &r, allow), ERR_NOT_FOUND);
    (void)snprintf(longest, sizeof longest, "/a/%0500d", 1);
    CU_ASSERT_EQUAL(find(METHOD_GET, longest, &r, allow), ERR_NOT_FOUND);
}

static void wrong_method_tells_the_right_ones(void)
{
    struct request r;
    char allow[64];
    CU_ASSERT_EQUAL(find(METHOD_PUT, "/a/one", &r, allow), ERR_METHOD_NOT_ALLOWED);
    CU_ASSERT_STRING_EQUAL(allow, "GET, HEAD, DELETE");
}

static enum err query(const char *text, const char *name, const char *want)
{
    struct request r = {.query = text};
    struct buffer out = BUFFER_INIT;
    struct error e;
    bool found;
    enum err err = request_query(&r, name, &out, &found, &e);
    if (want != NULL) {
        CU_ASSERT_TRUE(found);
        CU_ASSERT_STRING_EQUAL(out.data != NULL ? out.data : "", want);
    } else if (err == ERR_OK) {
        CU_ASSERT_FALSE(found);
    }
    buffer_free(&out);
    return err;
}

static void query_parameters_are_decoded(void)
{
    CU_ASSERT_EQUAL(query("a=1&file_name=x%20y+z%C3%A9.pdf", "file_name", "x y z\xC3\xA9.pdf"),
                    ERR_OK);
    CU_ASSERT_EQUAL(query("a=&b", "a", ""), ERR_OK);
    CU_ASSERT_EQUAL(query("a=1", "b", NULL), ERR_OK);
    CU_ASSERT_EQUAL(query("aa=1", "a", NULL), ERR_OK);
    CU_ASSERT_EQUAL(query("a=1&a=2", "a", "1"), ERR_BAD_REQUEST);
    CU_ASSERT_EQUAL(query("a=%FF", "a", ""), ERR_BAD_REQUEST);
    CU_ASSERT_EQUAL(query("a=%00", "a", ""), ERR_BAD_REQUEST);
}

static void googles_own_trace_header_is_understood(void)
{
    static const char *const cases[][2] = {
        {"0AF7651916cd43dd8448eb211c80319c/11;o=1",
         "00-0af7651916cd43dd8448eb211c80319c-000000000000000b-01"},
        {"0af7651916cd43dd8448eb211c80319c/18446744073709551615",
         "00-0af7651916cd43dd8448eb211c80319c-ffffffffffffffff-00"},
        {"0af7651916cd43dd8448eb211c80319c/1;o=0",
         "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-00"},
        {"", ""},
        {"0af7651916cd43dd8448eb211c80319c", ""},
        {"0af7651916cd43dd8448eb211c80319c/", ""},
        {"0af7651916cd43dd8448eb211c80319c/0", ""},
        {"0af7651916cd43dd8448eb211c80319c/-1", ""},
        {"0af7651916cd43dd8448eb211c80319c/1x", ""},
        {"0af7651916cd43dd8448eb211c80319c/18446744073709551616", ""},
        {"0af7651916cd43dd8448eb211c80319/1", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[TRACEPARENT_MAX] = "x";
        traceparent_of_cloud(cases[i][0], out);
        CU_ASSERT_STRING_EQUAL(out, cases[i][1]);
        CU_ASSERT_TRUE(out[0] == '\0' || traceparent_valid(out));
    }
}

static void only_a_w3c_traceparent_is_taken(void)
{
    CU_ASSERT_TRUE(traceparent_valid("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    CU_ASSERT_FALSE(traceparent_valid("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    CU_ASSERT_FALSE(traceparent_valid("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"));
    CU_ASSERT_FALSE(traceparent_valid(""));
}

static void keys_file_is_checked(void)
{
    static const char *const bad[] = {
        "{", "{}", "{\"keys\":[{}]}", "{\"keys\":[{\"id\":\"a\",\"hash\":\"zz\"}]}",
        "{\"keys\":[{\"id\":\"a\",\"hash\":"
        "\"00000000000000000000000000000000000000000000000000000000000000zz\",\"scopes\":[]}]}"};
    char path[] = "/tmp/pdf-ocr-keys-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    struct config cfg = {.api_keys_file = path};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct key_set *keys = NULL;
        struct error e;
        CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
        CU_ASSERT_EQUAL(pwrite(fd, bad[i], strlen(bad[i]), 0), (ssize_t)strlen(bad[i]));
        CU_ASSERT_EQUAL(keys_load(&cfg, NULL, &keys, &e), ERR_UNPROCESSABLE);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "API_KEYS_FILE"));
    }
    (void)close(fd);
    (void)unlink(path);
}

static void task_key_opens_tasks_only(void)
{
    char secret[] = "all-of-it";
    struct config cfg = {.api_key = secret};
    struct key_set *keys = NULL;
    struct auth_context who;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(keys_load(&cfg, "task-secret", &keys, &e), ERR_OK);
    CU_ASSERT_EQUAL(keys_check(keys, "task-secret", 1, &who, &e), ERR_OK);
    CU_ASSERT_EQUAL(who.scopes, SCOPE_TASK);
    CU_ASSERT_EQUAL(keys_check(keys, "all-of-it", 1, &who, &e), ERR_OK);
    CU_ASSERT_TRUE((who.scopes & SCOPE_CLIENT) != 0);
    CU_ASSERT_EQUAL(keys_check(keys, "all-of-i", 1, &who, &e), ERR_FORBIDDEN);
    CU_ASSERT_EQUAL(keys_check(keys, "", 1, &who, &e), ERR_FORBIDDEN);
    keys_free(keys);
}

static const struct test_case tests[] = {
    TEST(routes_are_found_with_their_parameters),
    TEST(wrong_method_tells_the_right_ones),
    TEST(query_parameters_are_decoded),
    TEST(only_a_w3c_traceparent_is_taken),
    TEST(googles_own_trace_header_is_understood),
    TEST(keys_file_is_checked),
    TEST(task_key_opens_tasks_only),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("server", tests);
}
