/* What of S3 can be judged without a server: links, answers, addresses, keys. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "s3/client.h"
#include "s3/presign.h"
#include "s3/reply.h"
#include "tests/unit/suite.h"

/* The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
static char vector_access[] = "AKIAIOSFODNN7EXAMPLE";
static char vector_secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
#define VECTOR_S INT64_C(1369353600) /* 2013-05-24T00:00:00Z */

static void published_link_is_made(void)
{
    const struct s3_keys keys = {vector_access, vector_secret, NULL, 0};
    const struct presign p = {.base = "https://examplebucket.s3.amazonaws.com",
                              .method = "GET",
                              .name = "test.txt",
                              .region = "us-east-1",
                              .keys = &keys,
                              .signed_s = VECTOR_S,
                              .life_s = 86400};
    struct buffer url = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(presign_url(&p, &url, &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(
        url.data,
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    buffer_free(&url);
}

static void link_carries_the_token_and_the_type(void)
{
    char token[] = "a+b/c==";
    const struct s3_keys keys = {vector_access, vector_secret, token, 0};
    const struct presign p = {.base = "http://127.0.0.1:9000/bucket",
                              .method = "PUT",
                              .name = "pdfs/1/a b+c.pdf",
                              .content_type = "application/pdf",
                              .region = "us-east-1",
                              .keys = &keys,
                              .signed_s = VECTOR_S,
                              .life_s = 60};
    struct buffer url = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(presign_url(&p, &url, &e), ERR_OK);
    CU_ASSERT_EQUAL(strncmp(url.data, "http://127.0.0.1:9000/bucket/pdfs/1/a%20b%2Bc.pdf?", 50), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(url.data, "&X-Amz-Security-Token=a%2Bb%2Fc%3D%3D&"));
    CU_ASSERT_PTR_NOT_NULL(strstr(url.data, "&X-Amz-SignedHeaders=content-type%3Bhost&"));
    CU_ASSERT_PTR_NULL(strstr(url.data, vector_secret));
    buffer_free(&url);
}

static void answers_are_judged(void)
{
    static const struct {
        long status;
        const char *code;
        enum err kind;
        enum verdict verdict;
    } known[] = {
        {404, "NoSuchKey", ERR_NOT_FOUND, VERDICT_FINAL},
        {404, "NoSuchBucket", ERR_UNAVAILABLE, VERDICT_OPERATOR},
        {404, "NoSuchUpload", ERR_GONE, VERDICT_FINAL},
        {403, "AccessDenied", ERR_UNAVAILABLE, VERDICT_OPERATOR},
        {403, "SignatureDoesNotMatch", ERR_UNAVAILABLE, VERDICT_OPERATOR},
        {403, "InvalidAccessKeyId", ERR_UNAVAILABLE, VERDICT_KEYS},
        {400, "ExpiredToken", ERR_UNAVAILABLE, VERDICT_KEYS},
        {400, "InvalidRequest", ERR_UNAVAILABLE, VERDICT_OPERATOR},
        {400, "RequestTimeout", ERR_TIMEOUT, VERDICT_AGAIN},
        {409, "ConditionalRequestConflict", ERR_UNAVAILABLE, VERDICT_AGAIN},
        {412, "PreconditionFailed", ERR_CONFLICT, VERDICT_FINAL},
        {429, "TooManyRequests", ERR_RATE_LIMITED, VERDICT_AGAIN},
        {500, "InternalError", ERR_UNAVAILABLE, VERDICT_AGAIN},
        {503, "SlowDown", ERR_UNAVAILABLE, VERDICT_AGAIN},
        {507, "XMinioStorageFull", ERR_STORAGE_FULL, VERDICT_FINAL},
        {200, "InternalError", ERR_UNAVAILABLE, VERDICT_AGAIN},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct buffer body = BUFFER_INIT;
        struct error e;
        enum verdict verdict;
        buffer_printf(&body,
                      "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>why</Message>"
                      "<StringToSign>secret</StringToSign></Error>",
                      known[i].code);
        CU_ASSERT_EQUAL(reply_judge(known[i].status, body.data, body.len, &verdict, &e),
                        known[i].kind);
        CU_ASSERT_EQUAL(verdict, known[i].verdict);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.cause, known[i].code));
        CU_ASSERT_PTR_NULL(strstr(e.cause, "secret"));
        CU_ASSERT_TRUE(reply_is_error(body.data, body.len));
        buffer_free(&body);
    }
}

static void answers_without_a_body_are_judged(void)
{
    enum verdict verdict;
    struct error e;
    CU_ASSERT_EQUAL(reply_judge(404, NULL, 0, &verdict, &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(reply_judge(502, "<html>", 6, &verdict, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(verdict, VERDICT_AGAIN);
    CU_ASSERT_FALSE(reply_is_error(NULL, 0));
    CU_ASSERT_FALSE(reply_is_error("{\"Error\":1}", 11));
}

static enum err note(void *self, const char *name, const struct blob_info *info, bool *enough,
                     struct error *e)
{
    (void)enough;
    (void)e;
    buffer_printf(self, "%s:%llu:%lld ", name, (unsigned long long)info->size,
                  (long long)(info->updated_us / US_PER_S));
    return ERR_OK;
}

static enum err read_list(const char *xml, struct buffer *seen, struct buffer *next)
{
    struct error e;
    bool enough = false;
    return reply_list(xml, strlen(xml), note, seen, &enough, next, &e);
}

static void list_is_read(void)
{
    static const char page[] =
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
        "<IsTruncated>true</IsTruncated><NextContinuationToken>1/x&amp;y=</NextContinuationToken>"
        "<Contents><Key>a/b &amp; c.csv</Key><LastModified>2013-05-24T00:00:00.000Z</LastModified>"
        "<ETag>\"x\"</ETag><Size>12</Size></Contents><Contents><Key>a/d</Key><Size>0</Size>"
        "</Contents></ListBucketResult>";
    struct buffer seen = BUFFER_INIT, next = BUFFER_INIT;
    CU_ASSERT_EQUAL_FATAL(read_list(page, &seen, &next), ERR_OK);
    CU_ASSERT_STRING_EQUAL(seen.data, "a/b & c.csv:12:1369353600 a/d:0:0 ");
    CU_ASSERT_STRING_EQUAL(next.data, "1/x&y=");
    CU_ASSERT_EQUAL(read_list("<html><body/></html>", &seen, &next), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(read_list("<ListBucketResult><Contents/></ListBucketResult>", &seen, &next),
                    ERR_UNAVAILABLE);
    buffer_free(&seen);
    buffer_free(&next);
}

/* A server is not trusted with files of this machine, nor with its memory. */
static void entities_are_not_read(void)
{
    static const char xml[] = "<!DOCTYPE r [<!ENTITY f SYSTEM \"file:///etc/hostname\">]>"
                              "<r><UploadId>&f;</UploadId></r>";
    struct buffer out = BUFFER_INIT;
    struct error e;
    CU_ASSERT_EQUAL(reply_text(xml, sizeof xml - 1, "UploadId", &out, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(out.len, 0);
    buffer_free(&out);
}

/* --- settings --- */

static const struct setting_table *const tables[] = {&config_service, &s3_settings, NULL};

static void load(struct config *c, const char *const settings[][2])
{
    struct error e;
    for (size_t i = 0; settings[i][0] != NULL; i++)
        CU_ASSERT_EQUAL(setenv(settings[i][0], settings[i][1], 1), 0);
    CU_ASSERT_EQUAL_FATAL(config_load(c, tables, &e), ERR_OK);
    for (size_t i = 0; settings[i][0] != NULL; i++)
        CU_ASSERT_EQUAL(unsetenv(settings[i][0]), 0);
}

static void has_urls(const char *const settings[][2], const char *requests, const char *links)
{
    struct config c;
    struct buffer url = BUFFER_INIT;
    load(&c, settings);
    s3_base_url(s3_settings_of(&c), false, &url);
    CU_ASSERT_STRING_EQUAL(url.data, requests);
    buffer_reset(&url);
    s3_base_url(s3_settings_of(&c), true, &url);
    CU_ASSERT_STRING_EQUAL(url.data, links);
    buffer_free(&url);
    config_free(&c);
}

static void bucket_is_in_the_host_or_in_the_path(void)
{
    has_urls((const char *const[][2]){{"S3_BUCKET_NAME", "b"},
                                      {"AWS_REGION", "eu-central-1"},
                                      {NULL, NULL}},
             "https://b.s3.eu-central-1.amazonaws.com", "https://b.s3.eu-central-1.amazonaws.com");
    has_urls((const char *const[][2]){{"S3_BUCKET_NAME", "b"},
                                      {"S3_ENDPOINT", "http://s3:8333/"},
                                      {"S3_LINK_ENDPOINT", "https://files.example/"},
                                      {"S3_PATH_STYLE", "true"},
                                      {NULL, NULL}},
             "http://s3:8333/b", "https://files.example/b");
}

static void are_refused(const char *const settings[][2], const char *detail)
{
    struct config c;
    struct error e = {0};
    load(&c, settings);
    CU_ASSERT_EQUAL(s3_keyring_check(s3_settings_of(&c), &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, detail));
    config_free(&c);
}

static void keys_that_cannot_be_had_are_refused(void)
{
    are_refused((const char *const[][2]){{"AWS_ACCESS_KEY_ID", "AKIA"}, {NULL, NULL}},
                "AWS_SECRET_ACCESS_KEY is not set");
    are_refused((const char *const[][2]){{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://h/keys"},
                                         {NULL, NULL}},
                "expected https://, or http:// on this machine");
    are_refused(
        (const char *const[][2]){
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.example/keys"}, {NULL, NULL}},
        "expected https://, or http:// on this machine");
    are_refused(
        (const char *const[][2]){{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "keys"}, {NULL, NULL}},
        "expected a path");
}

static const struct test_case tests[] = {
    TEST(published_link_is_made),
    TEST(link_carries_the_token_and_the_type),
    TEST(answers_are_judged),
    TEST(answers_without_a_body_are_judged),
    TEST(list_is_read),
    TEST(entities_are_not_read),
    TEST(bucket_is_in_the_host_or_in_the_path),
    TEST(keys_that_cannot_be_had_are_refused),
};

int main(void)
{
    return RUN_SUITE("S3", tests);
}
