/* When a token is renewed; clock, randomness and HTTP client are held still. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "google/client.h"
#include "google/credentials.h"
#include "tests/unit/suite.h"

const char *const google_api_names[GOOGLE_API__MAX] = {[GOOGLE_TOKENS] = "Tokens"};

static int64_t clock_us;
static int fetched;
static enum err fail;

static int64_t read_clock(void *self)
{
    (void)self;
    return clock_us;
}

static const struct clock still = {.now_us = read_clock};

void google_reply_clear(struct google_reply *r)
{
    json_decref(r->json);
    memset(r, 0, sizeof *r);
}

enum err google_json_body(const json_t *tree, struct buffer *out, struct error *e)
{
    (void)tree;
    (void)out;
    return error_set(e, ERR_INTERNAL, "Not needed here.");
}

enum err google_call(struct google_client *c, const struct google_request *q,
                     struct google_reply *r, struct error *e)
{
    char token[24];
    (void)c;
    memset(r, 0, sizeof *r);
    CU_ASSERT_TRUE(q->no_auth && q->api == GOOGLE_TOKENS);
    (void)snprintf(token, sizeof token, "token-%d", ++fetched);
    if (fail != ERR_OK)
        return error_set(e, fail, "Not now.");
    r->json = json_pack("{s:s,s:i}", "access_token", token, "expires_in", 3600);
    return ERR_OK;
}

static struct google_credentials *open_user(void)
{
    static const char user[] = "{\"type\":\"authorized_user\",\"client_id\":\"i\","
                               "\"client_secret\":\"s\",\"refresh_token\":\"r\"}";
    char path[] = "/tmp/pdf-ocr-token-XXXXXX";
    struct google_credentials *c = NULL;
    struct error e;
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && write(fd, user, sizeof user - 1) == sizeof user - 1);
    const struct google_credentials_options o = {
        .clock = &still, .file = path, .metadata_host = "metadata.invalid"};
    CU_ASSERT_EQUAL_FATAL(google_credentials_open(&o, &c, &e), ERR_OK);
    (void)close(fd);
    (void)unlink(path);
    clock_us = 1000000 * US_PER_S;
    fetched = 0;
    fail = ERR_OK;
    return c;
}

static void expect(struct google_credentials *c, int64_t at_s, const char *want)
{
    const char *token = NULL;
    unsigned number;
    struct error e;
    clock_us = (1000000 + at_s) * US_PER_S;
    CU_ASSERT_EQUAL(google_credentials_token(c, &token, &number, &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(token != NULL ? token : "none", want);
}

static void token_is_kept_until_five_minutes_before_its_end(void)
{
    struct google_credentials *c = open_user();
    expect(c, 0, "token-1");
    expect(c, 3299, "token-1");
    expect(c, 3301, "token-2");
    expect(c, 3301 + 3299, "token-2");
    CU_ASSERT_EQUAL(fetched, 2);
    google_credentials_close(c);
}

static void token_that_holds_is_used_while_the_service_fails(void)
{
    struct google_credentials *c = open_user();
    const char *token;
    unsigned number;
    struct error e;
    expect(c, 0, "token-1");
    fail = ERR_UNAVAILABLE;
    expect(c, 3500, "token-1");
    clock_us = (1000000 + 3599) * US_PER_S;
    CU_ASSERT_NOT_EQUAL(google_credentials_token(c, &token, &number, &e), ERR_OK);
    google_credentials_close(c);
}

static const struct test_case tests[] = {
    TEST(token_is_kept_until_five_minutes_before_its_end),
    TEST(token_that_holds_is_used_while_the_service_fails),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("tokens", tests);
}
