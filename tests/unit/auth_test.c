/* Tokens, key sets, limits, origins. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/jwks.h"
#include "auth/jwt.h"
#include "auth/limits.h"
#include "base/clock.h"
#include "core/origins.h"
#include "tests/unit/jwt_vectors.h"
#include "tests/unit/suite.h"

static const struct jwt_expected wanted = {"https://issuer.example", "pdf-ocr", NULL};

static enum err verify(const char *token, const struct jwt_expected *w, int64_t now_s,
                       char cause[64])
{
    struct jwt_keys *k = NULL;
    struct jwt_claims c;
    struct error e = {0};
    CU_ASSERT_EQUAL_FATAL(jwt_keys_read(JWKS_TEXT, strlen(JWKS_TEXT), &k, &e), ERR_OK);
    enum err err = jwt_verify(k, token, w, now_s, &c, &e);
    if (err == ERR_OK)
        CU_ASSERT_STRING_EQUAL(c.subject, "alice");
    (void)snprintf(cause, 64, "%.63s", e.cause);
    jwt_keys_free(k);
    return err;
}

static void tokens_of_another_library_are_taken(void)
{
    char cause[64];
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &wanted, 1000300, cause), ERR_OK);
    CU_ASSERT_EQUAL(verify(TOKEN_ES256, &wanted, 1000300, cause), ERR_OK);
}

static void times_have_a_minute_of_leeway(void)
{
    char cause[64];
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &wanted, 1000659, cause), ERR_OK);
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &wanted, 1000660, cause), ERR_UNAUTHORIZED);
    CU_ASSERT_STRING_EQUAL(cause, "bearer token: expired");
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &wanted, 999940, cause), ERR_OK);
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &wanted, 999939, cause), ERR_UNAUTHORIZED);
}

static void claims_must_be_the_wanted_ones(void)
{
    const struct jwt_expected issuer = {"https://issuer.example/", "pdf-ocr", NULL};
    const struct jwt_expected audience = {"https://issuer.example", "pdf", NULL};
    const struct jwt_expected email = {"https://issuer.example", "pdf-ocr", "t@example.com"};
    const struct jwt_expected other = {"https://issuer.example", "pdf-ocr", "u@example.com"};
    char cause[64];
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &issuer, 1000300, cause), ERR_UNAUTHORIZED);
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &audience, 1000300, cause), ERR_UNAUTHORIZED);
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &email, 1000300, cause), ERR_OK);
    CU_ASSERT_EQUAL(verify(TOKEN_RS256, &other, 1000300, cause), ERR_UNAUTHORIZED);
}

static void keys_are_found_by_kid_only(void)
{
    char cause[64];
    CU_ASSERT_EQUAL(verify(TOKEN_UNKNOWN_KID, &wanted, 1000300, cause), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(verify(TOKEN_WITHOUT_KID, &wanted, 1000300, cause), ERR_UNAUTHORIZED);
    CU_ASSERT_EQUAL(verify(TOKEN_B64, &wanted, 1000300, cause), ERR_UNAUTHORIZED);
    CU_ASSERT_STRING_EQUAL(cause, "bearer token: it has critical headers");
}

static void any_changed_byte_is_noticed(void)
{
    char token[sizeof TOKEN_ES256], cause[64];
    for (size_t i = 0; i < strlen(TOKEN_ES256); i++) {
        (void)strcpy(token, TOKEN_ES256);
        token[i] = token[i] == 'A' ? 'B' : 'A';
        CU_ASSERT_NOT_EQUAL(verify(token, &wanted, 1000300, cause), ERR_OK);
        token[i] = '\0';
        CU_ASSERT_NOT_EQUAL(verify(token, &wanted, 1000300, cause), ERR_OK);
    }
}

/* At some of these cjose's decoder would end the process. */
static void text_that_is_no_base64url_is_refused(void)
{
    static const char *const parts[] = {"A", "AAAAA", "AQ==A", "A===", "=", "AQ=", "A+/A", "A A"};
    char cause[64], token[64];
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (int at = 0; at < 3; at++) {
            (void)snprintf(token, sizeof token, "%s.%s.%s", at == 0 ? parts[i] : "e30",
                           at == 1 ? parts[i] : "e30", at == 2 ? parts[i] : "e30");
            CU_ASSERT_EQUAL(verify(token, &wanted, 1000300, cause), ERR_UNAUTHORIZED);
        }
    }
}

static void useless_key_sets_are_refused(void)
{
    static const char *const sets[] = {
        "",
        "[]",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[1,null,{}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"c2VjcmV0\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"A\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ==A\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":1,\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\"}]}"};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        struct jwt_keys *k = NULL;
        struct error e;
        CU_ASSERT_EQUAL(jwt_keys_read(sets[i], strlen(sets[i]), &k, &e), ERR_UNPROCESSABLE);
        CU_ASSERT_PTR_NULL(k);
    }
}

static void write_set(const char *path, const char *text, const char *kid)
{
    char copy[sizeof JWKS_TEXT];
    (void)snprintf(copy, sizeof copy, "%s", text);
    char *at = strstr(copy, "\"kid\": \"r1\"");
    if (at != NULL)
        memcpy(at + 8, kid, 2);
    FILE *f = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_TRUE(fputs(copy, f) >= 0 && fclose(f) == 0);
}

static enum err ask(struct jwks *j, const char *token, int64_t mono_s)
{
    struct jwt_claims c;
    struct error e = {0};
    return jwks_verify(j, token, &wanted, 1000300, mono_s * US_PER_S, &c, &e);
}

/* Five minutes for a file; what is then broken takes nothing away. */
static void key_sets_are_read_again_when_they_are_old(void)
{
    char path[] = "/tmp/pdf-ocr-jwks-XXXXXX";
    struct jwks *j = NULL;
    struct error e;
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && close(fd) == 0);
    CU_ASSERT_EQUAL_FATAL(jwks_open(path, NULL, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(ask(j, TOKEN_RS256, 1000), ERR_UNAVAILABLE);
    write_set(path, JWKS_TEXT, "r1");
    CU_ASSERT_EQUAL(ask(j, TOKEN_RS256, 1029), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(ask(j, TOKEN_RS256, 1030), ERR_OK);
    write_set(path, "{", "");
    CU_ASSERT_EQUAL(ask(j, TOKEN_RS256, 1329), ERR_OK);
    CU_ASSERT_EQUAL(ask(j, TOKEN_RS256, 1330), ERR_OK);
    write_set(path, JWKS_TEXT, "r3");
    CU_ASSERT_EQUAL(ask(j, TOKEN_RS256, 1359), ERR_OK);
    CU_ASSERT_EQUAL(ask(j, TOKEN_RS256, 1360), ERR_UNAUTHORIZED);
    CU_ASSERT_EQUAL(ask(j, TOKEN_ES256, 1360), ERR_OK);
    jwks_close(j);
    (void)unlink(path);
}

static void unknown_kid_is_looked_for_once_in_a_while(void)
{
    char path[] = "/tmp/pdf-ocr-jwks-XXXXXX";
    struct jwks *j = NULL;
    struct error e;
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && close(fd) == 0);
    write_set(path, JWKS_TEXT, "r1");
    CU_ASSERT_EQUAL_FATAL(jwks_open(path, NULL, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(ask(j, TOKEN_RS256, 1000), ERR_OK);
    CU_ASSERT_EQUAL(ask(j, TOKEN_UNKNOWN_KID, 1001), ERR_UNAUTHORIZED);
    write_set(path, JWKS_TEXT, "r2");
    CU_ASSERT_EQUAL(ask(j, TOKEN_UNKNOWN_KID, 1030), ERR_UNAUTHORIZED);
    CU_ASSERT_EQUAL(ask(j, TOKEN_UNKNOWN_KID, 1031), ERR_OK);
    jwks_close(j);
    (void)unlink(path);
}

static void limit_gives_back_with_time(void)
{
    const struct limit l = {US_PER_S / 10, 3};
    int64_t t = 1000 * US_PER_S;
    for (int i = 2; i >= 0; i--) {
        struct limit_state s = limits_take(&l, "a", t);
        CU_ASSERT_TRUE(s.allowed);
        CU_ASSERT_EQUAL(s.remaining, i);
    }
    struct limit_state s = limits_take(&l, "a", t);
    CU_ASSERT_FALSE(s.allowed);
    CU_ASSERT_EQUAL(s.retry_after_s, 1);
    CU_ASSERT_EQUAL(s.reset_s, 1);
    CU_ASSERT_TRUE(limits_take(&l, "b", t).allowed);
    CU_ASSERT_FALSE(limits_look(&l, "a", t + US_PER_S / 10 - 1).allowed);
    CU_ASSERT_TRUE(limits_look(&l, "a", t + US_PER_S / 10).allowed);
    CU_ASSERT_EQUAL(limits_look(&l, "a", t + US_PER_S / 10).remaining, 1);
    CU_ASSERT_EQUAL(limits_look(&l, "a", t + US_PER_S).remaining, 3);
}

static void limit_is_shared_by_processes(void)
{
    const struct limit l = {US_PER_S, 1000};
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        CU_ASSERT_TRUE_FATAL(pid >= 0);
        if (pid == 0) {
            for (int k = 0; k < 200; k++)
                (void)limits_take(&l, "shared", 5000 * US_PER_S);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        continue;
    CU_ASSERT_EQUAL(limits_look(&l, "shared", 5000 * US_PER_S).remaining, 200);
}

/* More names than places: each still gets its burst and no more than a few are forgotten. */
static void table_forgets_the_idle_first(void)
{
    const struct limit l = {US_PER_S, 1};
    char name[32];
    int again = 0;
    CU_ASSERT_TRUE(limits_take(&l, "guesser", 9000 * US_PER_S + US_PER_S).allowed);
    for (int i = 0; i < 30000; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        CU_ASSERT_TRUE(limits_take(&l, name, 9000 * US_PER_S).allowed);
    }
    for (int i = 0; i < 30000; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        again += limits_take(&l, name, 9000 * US_PER_S).allowed;
    }
    CU_ASSERT_TRUE(again < 3000);
    CU_ASSERT_FALSE(limits_look(&l, "guesser", 9000 * US_PER_S + US_PER_S).allowed);
}

static void address_stands_for_a_subscriber(void)
{
    static const char *const pairs[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"2001:db8::1", "2001:db8::/64"},
        {"::ffff:192.0.2.7", "::ffff:192.0.2.7"},
        {"unix:", "unix:"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char out[64];
        limits_address(pairs[i][0], out, sizeof out);
        CU_ASSERT_STRING_EQUAL(out, pairs[i][1]);
    }
}

static enum err read_origins(const char *text)
{
    struct origins o;
    struct error e;
    enum err err = origins_read(text, &o, &e);
    if (err == ERR_OK)
        origins_free(&o);
    return err;
}

static void origins_are_written_as_browsers_send_them(void)
{
    static const char *const bad[] = {"https://a.example/",
                                      "https://a.example/x",
                                      "https://a.example:443",
                                      "a.example",
                                      "null",
                                      "ftp://a.example",
                                      "https://A.example",
                                      "https://",
                                      "https://a b",
                                      "https://u@a.example",
                                      "https://a.example?x",
                                      "[1]",
                                      "[\"https://a",
                                      "https://*.example;x{}",
                                      "javascript:alert(1)"};
    CU_ASSERT_EQUAL(read_origins(NULL), ERR_OK);
    CU_ASSERT_EQUAL(read_origins("https://a.example"), ERR_OK);
    CU_ASSERT_EQUAL(read_origins(" https://a.example , http://localhost:3000,"), ERR_OK);
    CU_ASSERT_EQUAL(read_origins("[\"https://a.example\",\"http://[::1]:8080\"]"), ERR_OK);
    CU_ASSERT_EQUAL(read_origins("*"), ERR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(read_origins(bad[i]), ERR_UNPROCESSABLE);
}

static void only_the_listed_origin_is_allowed(void)
{
    struct origins o;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(origins_read("https://a.example,https://b.example", &o, &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(origins_allowed(&o, "https://b.example"), "https://b.example");
    CU_ASSERT_PTR_NULL(origins_allowed(&o, "https://b.example.evil.example"));
    CU_ASSERT_PTR_NULL(origins_allowed(&o, "http://a.example"));
    CU_ASSERT_PTR_NULL(origins_allowed(&o, "null"));
    CU_ASSERT_PTR_NULL(origins_allowed(&o, ""));
    CU_ASSERT_PTR_NULL(origins_allowed(&o, NULL));
    origins_free(&o);
}

static const struct test_case tests[] = {
    TEST(tokens_of_another_library_are_taken),
    TEST(times_have_a_minute_of_leeway),
    TEST(claims_must_be_the_wanted_ones),
    TEST(keys_are_found_by_kid_only),
    TEST(any_changed_byte_is_noticed),
    TEST(text_that_is_no_base64url_is_refused),
    TEST(useless_key_sets_are_refused),
    TEST(key_sets_are_read_again_when_they_are_old),
    TEST(unknown_kid_is_looked_for_once_in_a_while),
    TEST(limit_gives_back_with_time),
    TEST(limit_is_shared_by_processes),
    TEST(table_forgets_the_idle_first),
    TEST(address_stands_for_a_subscriber),
    TEST(origins_are_written_as_browsers_send_them),
    TEST(only_the_listed_origin_is_allowed),
};

int main(void)
{
    struct error e;
    return sodium_init() < 0 || limits_setup(&e) != ERR_OK ? 99 : RUN_SUITE("auth", tests);
}
