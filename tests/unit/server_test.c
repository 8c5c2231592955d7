/* Routes, queries, preferences, traces, keys, turns and answers that come later. */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/keys.h"
#include "http/negotiation.h"
#include "http/request.h"
#include "process/deferred.h"
#include "process/turns.h"
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

/* A process that takes a's turn, tells so, and keeps it until it is killed. */
static pid_t holder(const char *path)
{
    int told[2];
    char byte;
    CU_ASSERT_EQUAL_FATAL(pipe(told), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct error e;
        int fd = -1;
        if (turns_open(path, &fd, &e) == ERR_OK && turn_take(fd, "a"))
            (void)!write(told[1], "", 1);
        (void)close(told[1]);
        (void)pause();
        _exit(0);
    }
    (void)close(told[1]);
    CU_ASSERT_EQUAL(read(told[0], &byte, 1), 1);
    (void)close(told[0]);
    return pid;
}

static void turn_is_taken_by_one_process_and_given_back_by_its_death(void)
{
    char path[] = "/tmp/pdf-ocr-turns-XXXXXX";
    int made = mkstemp(path), fd = -1;
    struct error e;
    CU_ASSERT_TRUE_FATAL(made >= 0);
    (void)close(made);
    CU_ASSERT_EQUAL_FATAL(turns_open(path, &fd, &e), ERR_OK);
    pid_t pid = holder(path);
    CU_ASSERT_FALSE(turn_take(fd, "a"));
    CU_ASSERT_TRUE(turn_take(fd, "b"));
    turn_give(fd, "b");
    CU_ASSERT_EQUAL(kill(pid, SIGKILL), 0);
    CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), pid);
    CU_ASSERT_TRUE(turn_take(fd, "a"));
    turn_give(fd, "a");
    pid = holder(path); /* finds it given back */
    CU_ASSERT_EQUAL(kill(pid, SIGKILL), 0);
    CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), pid);
    (void)close(fd);
    (void)unlink(path);
    CU_ASSERT_EQUAL(turns_open("/nowhere/turns", &fd, &e), ERR_UNAVAILABLE);
}

static void most_exact_range_tells_how_much_a_type_is_wanted(void)
{
    static const struct {
        const char *accept, *type;
        int quality;
    } cases[] = {
        {NULL, "text/csv", 1000},
        {" ", "text/csv", 1000},
        {"text/csv", "text/csv; charset=utf-8", 1000},
        {"Text/CSV;charset=utf-8 ; Q=0.25", "text/csv", 250},
        {"text/csv;q=0.1234", "text/csv", 123},
        {"*/*;q=0.1, text/*;q=0.2, text/csv;q=0.3", "text/csv", 300},
        {"text/csv;q=0,*/*", "text/csv", 0},
        {"text/*;q=0.5", "text/html", 500},
        {"text/*", "application/json", 0},
        {"*/*;q=1.000", "application/json", 1000},
        {"text", "text/csv", 0},
        {"*", "text/csv", 0},
        {"text/csvx, text/cs", "text/csv", 0},
        {",,;q=1,", "text/csv", 0},
        {"text/csv;q=", "text/csv", 1000},
        {"text/csv;q=9", "text/csv", 1000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(accept_quality(cases[i].accept, cases[i].type), cases[i].quality);
}

/* -1: none that is understood. */
static int64_t preferred_wait(const char *prefer)
{
    int64_t seconds = -1;
    return prefer_wait(prefer, &seconds) ? seconds : -1;
}

static void first_wait_that_is_understood_is_preferred(void)
{
    CU_ASSERT_EQUAL(preferred_wait(NULL), -1);
    CU_ASSERT_EQUAL(preferred_wait(""), -1);
    CU_ASSERT_EQUAL(preferred_wait("wait=10"), 10);
    CU_ASSERT_EQUAL(preferred_wait("respond-async, WAIT = \"10\" ;x=y, wait=20"), 10);
    CU_ASSERT_EQUAL(preferred_wait("wait=x, wait=0"), 0);
    CU_ASSERT_EQUAL(preferred_wait("wait"), -1);
    CU_ASSERT_EQUAL(preferred_wait("wait="), -1);
    CU_ASSERT_EQUAL(preferred_wait("wait=-1"), -1);
    CU_ASSERT_EQUAL(preferred_wait("wait=1.5"), -1);
    CU_ASSERT_EQUAL(preferred_wait("wait=1234567890"), -1);
    CU_ASSERT_EQUAL(preferred_wait("waiting=10"), -1);
    CU_ASSERT_EQUAL(preferred_wait("await=10"), -1);
}

/* FastCGI 1.0, sections 3.3 and 5.5: STDOUT, the empty STDOUT, END_REQUEST of request 258. */
static void later_answer_is_written_as_records(void)
{
    static const unsigned char want[] = {1, 6, 1, 2, 0, 2, 0, 0, 'o', 'k', 1, 6, 1, 2, 0, 0, 0,
                                         0, 1, 3, 1, 2, 0, 8, 0, 0,   0,   0, 0, 0, 0, 0, 0, 0};
    unsigned char got[sizeof want + 1];
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct deferred d = {ends[0], 258};
    CU_ASSERT_TRUE(deferred_send(&d, "o", 1, false));
    CU_ASSERT_EQUAL(read(ends[1], got, sizeof got), 9);
    CU_ASSERT_TRUE(deferred_send(&d, "ok", 2, true));
    CU_ASSERT_EQUAL(read(ends[1], got, sizeof got), (ssize_t)sizeof want);
    CU_ASSERT_EQUAL(memcmp(got, want, sizeof want), 0);
    (void)close(ends[1]);
    CU_ASSERT_FALSE(deferred_send(&d, "ok", 2, true));
    deferred_close(&d);
    CU_ASSERT_EQUAL(d.fd, -1);
}

static void later_answer_waits_for_nobody(void)
{
    static char text[DEFERRED_TEXT_MAX];
    int ends[2], sent = 0;
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct deferred d = {ends[0], 1};
    while (sent < 1000 && deferred_send(&d, text, sizeof text, false))
        sent++;
    CU_ASSERT_TRUE(sent > 0 && sent < 1000);
    deferred_close(&d);
    (void)close(ends[1]);
}

static const struct test_case tests[] = {
    TEST(routes_are_found_with_their_parameters),
    TEST(wrong_method_tells_the_right_ones),
    TEST(query_parameters_are_decoded),
    TEST(only_a_w3c_traceparent_is_taken),
    TEST(googles_own_trace_header_is_understood),
    TEST(keys_file_is_checked),
    TEST(task_key_opens_tasks_only),
    TEST(turn_is_taken_by_one_process_and_given_back_by_its_death),
    TEST(most_exact_range_tells_how_much_a_type_is_wanted),
    TEST(first_wait_that_is_understood_is_preferred),
    TEST(later_answer_is_written_as_records),
    TEST(later_answer_waits_for_nobody),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("server", tests);
}
