/* The pure parts of Google's adapters: values, signatures. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "google/client.h"
#include "google/firestore_value.h"
#include "google/google.h"
#include "google/service_account.h"
#include "google/signed_url_v4.h"
#include "tests/unit/google_vectors.h"
#include "tests/unit/suite.h"

/* --- Firestore's values --- */

static void json_goes_to_values_and_back(void)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "null",
        "9223372036854775807",
        "-9223372036854775808",
        "[9007199254740993,0.1,1e300,-0.0,3.0]",
        "{\"a\":[1,[2,[3,null]],{}],\"b\":{\"c\":{\"d\":[]}}}",
        "\"gr\\u00f6\\u00dfe \\ud83d\\ude00 \\u0000 end\"",
        "[true,false,null,\"\",{\"\":0}]",
        "{\"__a__\":1,\"____\":[[\"\\u0000\"]],\"__b\":2,\"___\":3}",
        "{\"json_text\":\"[1]\"}",
        "{\"json_text\":{\"json_text\":\"{\\\"json_text\\\":1}\"}}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[1.5]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
        "\"a\":"
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}}}}}}}}}}}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *plain = json_loads(texts[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(plain);
        json_t *value = fs_from_json(plain), *back = fs_to_json(value);
        CU_ASSERT_TRUE(json_equal(plain, back));
        json_decref(plain);
        json_decref(value);
        json_decref(back);
    }
}

static json_t *parsed(const char *text)
{
    json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    return j;
}

static void every_type_of_value_is_read(void)
{
    json_t *v = parsed("{\"mapValue\":{\"fields\":{\"i\":{\"integerValue\":\"9007199254740993\"},"
                       "\"t\":{\"timestampValue\":\"2026-01-02T03:04:05.123456789Z\"},"
                       "\"b\":{\"bytesValue\":\"AAEC\"},\"r\":{\"referenceValue\":\"projects/p\"},"
                       "\"g\":{\"geoPointValue\":{\"latitude\":1.5,\"longitude\":-2}},"
                       "\"d\":{\"doubleValue\":3},\"nan\":{\"doubleValue\":\"NaN\"},"
                       "\"n\":{\"nullValue\":null},\"m\":{\"mapValue\":{}},"
                       "\"a\":{\"arrayValue\":{}}}}}");
    json_t *plain = fs_to_json(v);
    json_t *want = parsed("{\"i\":9007199254740993,\"t\":\"2026-01-02T03:04:05.123456789Z\","
                          "\"b\":\"AAEC\",\"r\":\"projects/p\",\"g\":{\"latitude\":1.5,"
                          "\"longitude\":-2},\"d\":3.0,\"nan\":\"NaN\",\"n\":null,\"m\":{},"
                          "\"a\":[]}");
    const json_t *fields = json_object_get(json_object_get(v, "mapValue"), "fields");
    CU_ASSERT_TRUE(json_equal(plain, want));
    CU_ASSERT_EQUAL(fs_get_integer(fields, "i"), INT64_C(9007199254740993));
    CU_ASSERT_EQUAL(fs_get_time(fields, "t"), INT64_C(1767323045123456));
    CU_ASSERT_EQUAL(fs_get_integer(fields, "t"), 0);
    CU_ASSERT_PTR_NULL(fs_get_string(fields, "none"));
    json_decref(v);
    json_decref(plain);
    json_decref(want);
}

/* Of every type that JSON has as well; the others are only read. */
static void values_go_to_json_and_back(void)
{
    static const char *const texts[] = {
        "{\"nullValue\":null}",
        "{\"booleanValue\":false}",
        "{\"integerValue\":\"-9007199254740993\"}",
        "{\"doubleValue\":3.0}",
        "{\"doubleValue\":-1.7976931348623157e308}",
        "{\"stringValue\":\"gr\\u00f6\\u00dfe \\ud83d\\ude00\"}",
        "{\"arrayValue\":{\"values\":[{\"mapValue\":{\"fields\":{\"a\":{\"arrayValue\":{\"values\":"
        "[{\"nullValue\":null}]}},\"m\":{\"mapValue\":{\"fields\":{}}}}}}]}}",
        "{\"arrayValue\":{\"values\":[{\"mapValue\":{\"fields\":{\"json_text\":{\"stringValue\":"
        "\"[1,[2]]\"}}}}]}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *v = parsed(texts[i]), *plain = fs_to_json(v), *back = fs_from_json(plain);
        CU_ASSERT_TRUE(json_equal(v, back));
        json_decref(v);
        json_decref(plain);
        json_decref(back);
    }
}

static void text_that_is_not_utf8_is_stored_all_the_same(void)
{
    json_t *v = fs_string("caf\xC3\xA9 \xC3 \xFF\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(v, "stringValue")),
                           "caf\xC3\xA9 \xEF\xBF\xBD \xEF\xBF\xBD\"");
    json_decref(v);
}

/* --- V4 signed URLs: vectors published in googleapis/conformance-tests --- */

static void signed_urls_are_as_published(void)
{
    struct service_account *account = NULL;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(service_account_open(vector_private_key, "f", vector_email, &account, &e),
                          ERR_OK);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct buffer text = BUFFER_INIT, signature = BUFFER_INIT, url = BUFFER_INIT;
        struct signed_url_v4 u = vectors[i].url;
        if (u.base == NULL)
            u.base = "https://storage.googleapis.com";
        u.email = vector_email;
        CU_ASSERT_EQUAL(signed_url_v4_string_to_sign(&u, &text, &e), ERR_OK);
        CU_ASSERT_EQUAL(service_account_sign(account, text.data, text.len, &signature, &e), ERR_OK);
        CU_ASSERT_EQUAL(signed_url_v4_finish(&u, (const unsigned char *)signature.data,
                                             signature.len, &url, &e),
                        ERR_OK);
        CU_ASSERT_STRING_EQUAL(url.data, vectors[i].expected);
        buffer_free(&text);
        buffer_free(&signature);
        buffer_free(&url);
    }
    service_account_close(account);
}

static void what_is_no_key_is_refused(void)
{
    struct service_account *account = NULL;
    struct error e;
    CU_ASSERT_EQUAL(service_account_open("no key", NULL, "a@b", &account, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NULL(account);
}

/* --- the circuit --- */

/* Pauses drawn from zeros are none. */
static const char *zeros_name(void)
{
    return "zeros";
}

static uint32_t zero(void)
{
    return 0;
}

static void zeros(void *out, size_t n)
{
    memset(out, 0, n);
}

static struct randombytes_implementation no_pauses = {
    .implementation_name = zeros_name, .random = zero, .buf = zeros};

static int tried, refused;

static void count(enum google_api api, enum call_event event, long status, int64_t us)
{
    (void)status;
    (void)us;
    CU_ASSERT_EQUAL(api, GOOGLE_STORAGE);
    tried += event == CALL_TRIED;
    refused += event == CALL_REFUSED;
}

/* Nobody listens there, and the pauses are none. The attempts at a download are one call. */
static void broken_download_is_one_failed_call(void)
{
    const struct google_client_options o = {.base_url[GOOGLE_STORAGE] = "http://127.0.0.1:1",
                                            .observe = count};
    const struct cloud_storage_options storage = {.clock = &system_clock,
                                                  .bucket = "b",
                                                  .temp_dir = "/tmp",
                                                  .link_base = "http://127.0.0.1:1"};
    struct google_client *client = NULL;
    struct blob_store blobs;
    struct error e;
    int fd;
    CU_ASSERT_EQUAL_FATAL(google_client_open(&o, &client, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(cloud_storage_open(client, &storage, &blobs, &e), ERR_OK);
    for (int downloads = 1; downloads <= 5; downloads++) {
        CU_ASSERT_EQUAL(blobs.ops->open(blobs.self, "pdfs/a.pdf", "", &fd, &e), ERR_UNAVAILABLE);
        CU_ASSERT_TRUE(tried == 5 * downloads && refused == 0);
    }
    CU_ASSERT_EQUAL(blobs.ops->open(blobs.self, "pdfs/a.pdf", "", &fd, &e), ERR_UNAVAILABLE);
    CU_ASSERT_TRUE(tried == 25 && refused > 0);
    blobs.ops->close(blobs.self);
    google_client_close(client);
}

static const struct test_case tests[] = {
    TEST(json_goes_to_values_and_back),       TEST(every_type_of_value_is_read),
    TEST(values_go_to_json_and_back),         TEST(text_that_is_not_utf8_is_stored_all_the_same),
    TEST(signed_urls_are_as_published),       TEST(what_is_no_key_is_refused),
    TEST(broken_download_is_one_failed_call),
};

int main(void)
{
    if (randombytes_set_implementation(&no_pauses) != 0 || sodium_init() < 0)
        return 99;
    return RUN_SUITE("google", tests);
}
