/* What Document AI and Gemini are sent, and what becomes of their answers; the HTTP client is a
 * stand-in. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "google/documentai.h"
#include "google/gemini.h"
#include "google/image_call.h"
#include "tests/unit/suite.h"

#define CALLS_MAX 8

const char *const google_api_names[GOOGLE_API__MAX] = {
    [GOOGLE_DOCUMENTAI] = "Document AI", [GOOGLE_GEMINI] = "Gemini"};

static struct {
    size_t n;
    char path[200];
    enum google_api api;
    json_t *bodies[CALLS_MAX];
    const char *answer;
    enum err fail;
} http;

void google_reply_clear(struct google_reply *r)
{
    json_decref(r->json);
    memset(r, 0, sizeof *r);
}

enum err google_call(struct google_client *c, const struct google_request *q,
                     struct google_reply *r, struct error *e)
{
    struct error own = {0};
    return google_call_many(c, q, 1, NULL, r, &own, e);
}

enum err google_call_many(struct google_client *c, const struct google_request *q, size_t n,
                          const struct checkpoint *checkpoint, struct google_reply *r,
                          struct error *errors, struct error *e)
{
    struct error why;
    (void)c;
    (void)checkpoint;
    (void)errors;
    CU_ASSERT_TRUE_FATAL(http.n + n <= CALLS_MAX);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_STRING_EQUAL(q[i].method, "POST");
        CU_ASSERT_TRUE(q[i].body_len < 20000000 && q[i].idempotent);
        CU_ASSERT_EQUAL(json_parse(q[i].body, q[i].body_len, &http.bodies[http.n++], &why), ERR_OK);
        CU_ASSERT_EQUAL(json_parse(http.answer, strlen(http.answer), &r[i].json, &why), ERR_OK);
        (void)strncpy(http.path, q[i].path, sizeof http.path - 1);
        http.api = q[i].api;
    }
    return http.fail == ERR_OK ? ERR_OK : error_set(e, http.fail, "No such thing.");
}

enum err google_may_call(const struct google_client *c, enum google_api api, struct error *e)
{
    (void)c;
    CU_ASSERT_EQUAL(api, GOOGLE_DOCUMENTAI);
    return http.fail == ERR_OK ? ERR_OK : error_set(e, http.fail, "Not now.");
}

static void forget(void)
{
    for (size_t i = 0; i < http.n; i++)
        json_decref(http.bodies[i]);
    memset(&http, 0, sizeof http);
}

static struct raster paper(int width, int height)
{
    struct raster r = {width, height, 200, malloc((size_t)width * (size_t)height)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.pixels);
    memset(r.pixels, 255, (size_t)width * (size_t)height);
    return r;
}

static unsigned number_at(const unsigned char *p)
{
    return (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3];
}

/* The size of a PNG in base64, from its header (PNG specification, 11.2.2). */
static void expect_png(const json_t *base64, int width, int *height)
{
    unsigned char head[24];
    size_t n = 0;
    CU_ASSERT_TRUE_FATAL(json_string_length(base64) > 32);
    CU_ASSERT_EQUAL(json_string_length(base64) % 4, 0);
    CU_ASSERT_EQUAL_FATAL(sodium_base642bin(head, sizeof head, json_string_value(base64), 32, NULL,
                                            &n, NULL, sodium_base64_VARIANT_ORIGINAL),
                          0);
    CU_ASSERT_EQUAL(memcmp(head, "\x89PNG\r\n\x1a\n", 8), 0);
    CU_ASSERT_EQUAL(number_at(head + 16), (unsigned)width);
    *height = (int)number_at(head + 20);
}

static const json_t *image_of(const json_t *body)
{
    const json_t *raw = json_object_get(body, "rawDocument");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(raw, "mimeType")), "image/png");
    return json_object_get(raw, "content");
}

static const char word[] =
    "{\"document\":{\"text\":\"word\",\"pages\":[{\"tokens\":[{\"layout\":{\"textAnchor\":{"
    "\"textSegments\":[{\"endIndex\":\"4\"}]},\"boundingPoly\":{\"normalizedVertices\":[{\"x\":0.5,"
    "\"y\":0.5},{\"x\":1,\"y\":1}]}}}],\"formFields\":[{\"fieldName\":{\"textAnchor\":{"
    "\"textSegments\":[{\"endIndex\":\"4\"}]},\"boundingPoly\":{\"normalizedVertices\":[{}]}}}]}]}"
    "}";

static struct ocr_engine document_ai(void)
{
    struct ocr_engine engine;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(documentai_engine_open(NULL, "p", "eu", "abc", 4, &engine, &e), ERR_OK);
    return engine;
}

static void images_go_to_the_processor(void)
{
    struct ocr_engine engine = document_ai();
    struct raster images[2] = {paper(30, 20), paper(40, 10)};
    struct ocr_result out[2];
    struct error e;
    int height = 0;
    http.answer = word;
    CU_ASSERT_TRUE(engine.ops->batch == 4 && engine.ops->engine == ENGINE_DOCUMENTAI);
    CU_ASSERT_EQUAL(engine.ops->recognize(engine.self, images, 2, "", NULL, out, &e), ERR_OK);
    CU_ASSERT_TRUE_FATAL(http.n == 2 && http.api == GOOGLE_DOCUMENTAI);
    CU_ASSERT_STRING_EQUAL(http.path, "/v1/projects/p/locations/eu/processors/abc:process");
    CU_ASSERT_TRUE(json_is_true(json_object_get(http.bodies[0], "skipHumanReview")));
    expect_png(image_of(http.bodies[1]), 40, &height);
    CU_ASSERT_EQUAL(height, 10);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_TRUE(out[i].words.n == 1 && out[i].n_fields == 1);
        ocr_result_free(&out[i]);
        raster_free(&images[i]);
    }
    engine.ops->close(engine.self);
    forget();
}

/* Noise does not compress; a white row not far from the middle is where it may be cut. */
static void large_images_go_in_bands(void)
{
    struct ocr_engine engine = document_ai();
    struct raster image = paper(4000, 4000);
    struct ocr_result out;
    struct error e;
    int heights[2] = {0, 0};
    randombytes_buf(image.pixels, 16000000);
    memset(image.pixels + 1900 * 4000, 255, 4000);
    http.answer = word;
    CU_ASSERT_EQUAL(engine.ops->recognize(engine.self, &image, 1, "", NULL, &out, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(http.n, 2);
    for (size_t i = 0; i < 2; i++)
        expect_png(image_of(http.bodies[i]), 4000, &heights[i]);
    CU_ASSERT_TRUE(heights[0] == 1900 && heights[1] == 2100);
    CU_ASSERT_TRUE_FATAL(out.words.n == 2 && out.n_fields == 0);
    CU_ASSERT_DOUBLE_EQUAL(out.words.items[0].box.y, 0.5 * 0.475, 0.0001);
    CU_ASSERT_DOUBLE_EQUAL(out.words.items[1].box.y, 0.475 + 0.5 * 0.525, 0.0001);
    CU_ASSERT_DOUBLE_EQUAL(out.words.items[1].box.h, 0.5 * 0.525, 0.0001);
    ocr_result_free(&out);
    raster_free(&image);
    engine.ops->close(engine.self);
    forget();
}

static void it_tells_whether_it_may_be_asked(void)
{
    struct ocr_engine engine = document_ai();
    struct error e;
    CU_ASSERT_EQUAL(engine.ops->check(engine.self, &e), ERR_OK);
    http.fail = ERR_UNAVAILABLE;
    CU_ASSERT_EQUAL(engine.ops->check(engine.self, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(http.n, 0);
    engine.ops->close(engine.self);
    forget();
}

static void one_bad_answer_leaves_nothing(void)
{
    struct ocr_engine engine = document_ai();
    struct raster image = paper(30, 20);
    struct ocr_result out;
    struct error e;
    http.answer = "{\"document\":[]}";
    CU_ASSERT_EQUAL(engine.ops->recognize(engine.self, &image, 1, "", NULL, &out, &e),
                    ERR_UNAVAILABLE);
    CU_ASSERT_PTR_NULL(out.words.items);
    http.answer = word;
    http.fail = ERR_NOT_FOUND;
    CU_ASSERT_EQUAL(engine.ops->recognize(engine.self, &image, 1, "", NULL, &out, &e),
                    ERR_UNAVAILABLE);
    CU_ASSERT_STRING_EQUAL(e.detail, "Document AI is not set up; tell the operator.");
    CU_ASSERT_STRING_EQUAL(e.cause, "No such thing.");
    raster_free(&image);
    engine.ops->close(engine.self);
    forget();
}

static const json_t *part_of(const json_t *body, size_t i)
{
    const json_t *contents = json_array_get(json_object_get(body, "contents"), 0);
    return json_array_get(json_object_get(contents, "parts"), i);
}

static void model_gets_prompt_image_and_schema(void)
{
    struct structurer s;
    struct raster image = paper(30, 20);
    struct table_proposal out;
    struct error e;
    int height = 0;
    http.answer = "{\"candidates\":[{\"finishReason\":\"STOP\",\"content\":{\"parts\":[{\"text\":"
                  "\"{\\\"rows\\\":[[\\\"a\\\"]]}\"}]}}]}";
    CU_ASSERT_EQUAL_FATAL(gemini_structurer_open(NULL, "gemini-x", &s, &e), ERR_OK);
    CU_ASSERT_EQUAL(s.ops->propose(s.self, &image, 1, NULL, &out, &e), ERR_OK);
    CU_ASSERT_TRUE_FATAL(http.n == 1 && http.api == GOOGLE_GEMINI);
    CU_ASSERT_STRING_EQUAL(http.path, "/v1beta/models/gemini-x:generateContent");
    CU_ASSERT_TRUE(json_is_string(json_object_get(part_of(http.bodies[0], 0), "text")));
    expect_png(json_object_get(json_object_get(part_of(http.bodies[0], 1), "inlineData"), "data"),
               30, &height);
    CU_ASSERT_EQUAL(height, 20);
    const json_t *config = json_object_get(http.bodies[0], "generationConfig");
    CU_ASSERT_TRUE(json_is_object(json_object_get(config, "responseSchema")));
    CU_ASSERT_TRUE(out.n_rows == 1 && out.n_texts == 1);
    table_proposal_free(&out);
    raster_free(&image);
    s.ops->close(s.self);
    forget();
}

static void image_too_large_is_made_smaller(void)
{
    struct raster image = paper(400, 300);
    struct buffer text = BUFFER_INIT;
    struct error e;
    int height = 0;
    randombytes_buf(image.pixels, 120000);
    CU_ASSERT_EQUAL_FATAL(image_base64_within(&image, 50000, &text, &e), ERR_OK);
    CU_ASSERT_TRUE(text.len <= 50000);
    json_t *base64 = json_stringn(text.data, text.len);
    expect_png(base64, 200, &height);
    CU_ASSERT_EQUAL(height, 150);
    json_decref(base64);
    buffer_free(&text);
    raster_free(&image);
}

static const struct test_case tests[] = {
    TEST(images_go_to_the_processor),         TEST(large_images_go_in_bands),
    TEST(it_tells_whether_it_may_be_asked),   TEST(one_bad_answer_leaves_nothing),
    TEST(model_gets_prompt_image_and_schema), TEST(image_too_large_is_made_smaller),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("google engines", tests);
}
