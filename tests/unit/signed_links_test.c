/* How long links to objects live; IAM, the credentials and the clock are stand-ins. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "google/signed_links.h"
#include "tests/unit/suite.h"

#define HOUR_US (3600 * US_PER_S)
#define DAY_US  (24 * HOUR_US)

static int64_t now_us;
static bool own_key;
static int signatures;

static int64_t now(void *self)
{
    (void)self;
    return now_us;
}

static const struct clock clock_source = {.now_us = now};

enum err google_credentials_email(struct google_credentials *c, const char **email, struct error *e)
{
    (void)c;
    (void)e;
    *email = "signer@p.iam.gserviceaccount.com";
    return ERR_OK;
}

bool google_credentials_can_sign(const struct google_credentials *c)
{
    (void)c;
    return own_key;
}

enum err google_credentials_sign(const struct google_credentials *c, const void *bytes, size_t n,
                                 struct buffer *out, struct error *e)
{
    (void)c;
    (void)bytes;
    (void)n;
    (void)e;
    signatures++;
    buffer_puts(out, "signed");
    return ERR_OK;
}

void google_reply_clear(struct google_reply *r)
{
    json_decref(r->json);
    memset(r, 0, sizeof *r);
}

enum err google_call(struct google_client *c, const struct google_request *q,
                     struct google_reply *r, struct error *e)
{
    static const char answer[] = "{\"signedBlob\":\"c2lnbmVk\"}";
    (void)c;
    CU_ASSERT_EQUAL(q->api, GOOGLE_IAM);
    signatures++;
    return json_parse(answer, strlen(answer), &r->json, e);
}

static struct signed_links *open_links(bool with_key)
{
    const struct cloud_storage_options o = {
        .clock = &clock_source, .bucket = "b", .link_base = "https://storage.googleapis.com"};
    struct signed_links *l = NULL;
    struct error e;
    now_us = 1000 * DAY_US;
    own_key = with_key;
    signatures = 0;
    CU_ASSERT_EQUAL_FATAL(signed_links_open(NULL, &o, &l, &e), ERR_OK);
    return l;
}

/* The link to an object that goes at expires_us: its life in the URL, and until when it is told to
 * hold. */
static int64_t get(struct signed_links *l, int64_t expires_us, int64_t *until_us)
{
    struct buffer url = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(signed_links_get(l, "results/1/r.csv", expires_us, &url, until_us, &e),
                          ERR_OK);
    const char *at = strstr(url.data, "X-Goog-Expires=");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    int64_t life_s = strtoll(at + strlen("X-Goog-Expires="), NULL, 10);
    buffer_free(&url);
    return life_s;
}

/* Google promises to keep the key of signBlob for 12 hours, and no more. */
static void links_signed_by_iam_live_for_12_hours_and_are_renewed_after_6(void)
{
    struct signed_links *l = open_links(false);
    int64_t start = now_us, expires_us = start + 7 * DAY_US, until_us;
    CU_ASSERT_EQUAL(get(l, expires_us, &until_us), 12 * 3600);
    CU_ASSERT_EQUAL(until_us, start + 12 * HOUR_US);
    now_us = start + 6 * HOUR_US - 1;
    (void)get(l, expires_us, &until_us);
    CU_ASSERT_TRUE(signatures == 1 && until_us == start + 12 * HOUR_US);
    now_us = start + 6 * HOUR_US;
    (void)get(l, expires_us, &until_us);
    CU_ASSERT_TRUE(signatures == 2 && until_us == start + 18 * HOUR_US);
    now_us = expires_us - 2 * HOUR_US; /* the last one ends with the result */
    CU_ASSERT_EQUAL(get(l, expires_us, &until_us), 2 * 3600);
    CU_ASSERT_TRUE(signatures == 3 && until_us == expires_us);
    now_us = expires_us - US_PER_S;
    (void)get(l, expires_us, &until_us);
    CU_ASSERT_TRUE(signatures == 3 && until_us == expires_us);
    signed_links_close(l);
}

static void links_signed_by_a_key_of_ones_own_live_for_7_days(void)
{
    struct signed_links *l = open_links(true);
    int64_t start = now_us, until_us;
    CU_ASSERT_EQUAL(get(l, start + 30 * DAY_US, &until_us), 7 * 24 * 3600);
    CU_ASSERT_EQUAL(until_us, start + 7 * DAY_US);
    now_us += 3 * DAY_US;
    (void)get(l, start + 30 * DAY_US, &until_us);
    CU_ASSERT_EQUAL(signatures, 1);
    signed_links_close(l);
}

static void upload_links_live_no_longer_than_their_signature(void)
{
    static const struct {
        bool own_key;
        const char *life;
    } cases[] = {{false, "X-Goog-Expires=43200&"}, {true, "X-Goog-Expires=604800&"}};
    for (size_t i = 0; i < 2; i++) {
        struct signed_links *l = open_links(cases[i].own_key);
        struct buffer url = BUFFER_INIT;
        struct error e;
        CU_ASSERT_EQUAL(signed_links_put(l, "pdfs/1/a.pdf", "application/pdf", 604800, 0, &url, &e),
                        ERR_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(url.data, cases[i].life));
        buffer_free(&url);
        signed_links_close(l);
    }
}

static void result_that_has_expired_has_no_link(void)
{
    struct signed_links *l = open_links(false);
    struct buffer url = BUFFER_INIT;
    struct error e;
    int64_t until_us;
    CU_ASSERT_EQUAL(signed_links_get(l, "results/1/r.csv", now_us, &url, &until_us, &e), ERR_GONE);
    CU_ASSERT_EQUAL(url.len, 0);
    signed_links_close(l);
}

static const struct test_case tests[] = {
    TEST(links_signed_by_iam_live_for_12_hours_and_are_renewed_after_6),
    TEST(links_signed_by_a_key_of_ones_own_live_for_7_days),
    TEST(upload_links_live_no_longer_than_their_signature),
    TEST(result_that_has_expired_has_no_link),
};

int main(void)
{
    return RUN_SUITE("signed links", tests);
}
