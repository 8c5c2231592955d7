/* The framing and the statuses of gRPC, and Firestore's messages, which the generated code makes
 * and reads. */
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/firestore.pb-c.h"
#include "google/firestore_message.h"
#include "google/grpc.h"
#include "tests/unit/suite.h"

#define PREFIX        5
#define MOST          1000
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef Google__Firestore__V1__Value Value;
typedef Google__Firestore__V1__Field Field;
typedef Google__Firestore__V1__MapValue MapValue;
typedef Google__Firestore__V1__ArrayValue ArrayValue;
typedef Google__Firestore__V1__Timestamp Timestamp;
typedef Google__Firestore__V1__LatLng LatLng;
typedef Google__Firestore__V1__Document Document;
typedef Google__Firestore__V1__RunQueryRequest Request;
typedef Google__Firestore__V1__RunQueryResponse Response;
typedef Google__Firestore__V1__StructuredQuery Query;
typedef ProtobufCBinaryData Bytes;

/* --- framing --- */

/* Keeps all messages in their framed form. */
struct taker {
    struct buffer seen;
    size_t n, fail_at, enough_at; /* counted from 1 */
};

static enum err take(void *self, const void *message, size_t n, bool *enough, struct error *e)
{
    struct taker *t = self;
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    grpc_put(&t->seen, message, n);
    t->n++;
    *enough = t->n == t->enough_at;
    return t->n == t->fail_at ? error_set(e, ERR_STORAGE_FULL, "full") : ERR_OK;
}

/* In memory of its own, so that AddressSanitizer sees what is read beyond it. */
static char *alone(const void *bytes, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

static enum err give(struct buffer *kept, const char *bytes, size_t n, struct taker *t,
                     bool *enough, struct error *e)
{
    char *chunk = alone(bytes, n);
    enum err err = grpc_take(kept, chunk, n, MOST, take, t, enough, e);
    free(chunk);
    return err;
}

/* What comes of the stream when it is cut into pieces of a size. */
static enum err give_pieces(const struct buffer *stream, size_t piece, struct taker *t,
                            size_t *left, struct error *e)
{
    struct buffer kept = BUFFER_INIT;
    bool enough = false;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < stream->len; i += piece)
        err = give(&kept, stream->data + i, i + piece < stream->len ? piece : stream->len - i, t,
                   &enough, e);
    *left = kept.len;
    buffer_free(&kept);
    return err;
}

static bool same(const struct buffer *a, const struct buffer *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void put_text(struct buffer *out, const char *text)
{
    grpc_put(out, text, strlen(text));
}

static struct buffer some_messages(void)
{
    struct buffer stream = BUFFER_INIT;
    char big[260];
    memset(big, 'x', sizeof big);
    grpc_put(&stream, NULL, 0);
    put_text(&stream, "first");
    grpc_put(&stream, big, sizeof big);
    grpc_put(&stream, NULL, 0);
    grpc_put(&stream, NULL, 0);
    grpc_put(&stream, "\0\0\0", 3);
    put_text(&stream, "l");
    CU_ASSERT_FALSE_FATAL(buffer_failed(&stream));
    return stream;
}

static void a_prefix_has_the_length(void)
{
    struct buffer out = BUFFER_INIT;
    char *big = calloc(1, 0x10203);
    buffer_puts(&out, "?");
    grpc_put(&out, "abc", 3);
    grpc_put(&out, big, 0x10203);
    CU_ASSERT_FALSE_FATAL(buffer_failed(&out));
    CU_ASSERT_EQUAL(out.len, 1 + PREFIX + 3 + PREFIX + 0x10203);
    CU_ASSERT_EQUAL(memcmp(out.data, "?\0\0\0\0\3abc\0\0\1\2\3\0", 15), 0);
    buffer_free(&out);
    free(big);
}

static void messages_in_one_chunk(void)
{
    struct buffer stream = some_messages();
    struct taker t = {0};
    struct error e;
    size_t left;
    CU_ASSERT_EQUAL(give_pieces(&stream, stream.len, &t, &left, &e), ERR_OK);
    CU_ASSERT_EQUAL(t.n, 7);
    CU_ASSERT_EQUAL(left, 0);
    CU_ASSERT_TRUE(same(&t.seen, &stream));
    buffer_free(&t.seen);
    buffer_free(&stream);
}

static void messages_in_pieces_of_any_size(void)
{
    struct buffer stream = some_messages();
    for (size_t piece = 1; piece < stream.len; piece++) {
        struct taker t = {0};
        struct error e;
        size_t left;
        CU_ASSERT_EQUAL(give_pieces(&stream, piece, &t, &left, &e), ERR_OK);
        CU_ASSERT_EQUAL(left, 0);
        CU_ASSERT_TRUE(same(&t.seen, &stream));
        buffer_free(&t.seen);
    }
    buffer_free(&stream);
}

/* In three parts, of which any may be empty. */
static void messages_split_at_every_byte(void)
{
    struct buffer stream = some_messages();
    size_t wrong = 0;
    for (size_t i = 0; i <= stream.len; i++) {
        for (size_t k = i; k <= stream.len; k++) {
            struct buffer kept = BUFFER_INIT;
            struct taker t = {0};
            struct error e;
            bool enough = false;
            if (give(&kept, stream.data, i, &t, &enough, &e) != ERR_OK ||
                give(&kept, stream.data + i, k - i, &t, &enough, &e) != ERR_OK ||
                give(&kept, stream.data + k, stream.len - k, &t, &enough, &e) != ERR_OK ||
                kept.len != 0 || !same(&t.seen, &stream))
                wrong++;
            buffer_free(&kept);
            buffer_free(&t.seen);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    buffer_free(&stream);
}

static void half_a_message_is_kept(void)
{
    struct buffer stream = BUFFER_INIT;
    put_text(&stream, "one");
    size_t first = stream.len;
    put_text(&stream, "two");
    for (size_t n = 0; n <= stream.len; n++) {
        struct buffer kept = BUFFER_INIT;
        struct taker t = {0};
        struct error e;
        bool enough = false;
        CU_ASSERT_EQUAL(give(&kept, stream.data, n, &t, &enough, &e), ERR_OK);
        CU_ASSERT_EQUAL(t.n, n / first);
        CU_ASSERT_EQUAL(kept.len, n % first);
        buffer_free(&kept);
        buffer_free(&t.seen);
    }
    buffer_free(&stream);
}

/* Gives the same whole and byte by byte; what was before the fault is taken. */
static void check_refused(const struct buffer *stream, size_t taken, enum err want)
{
    const size_t pieces[] = {stream->len, 1, PREFIX};
    for (size_t i = 0; i < LENGTH(pieces); i++) {
        struct taker t = {0};
        struct error e = {0};
        size_t left;
        CU_ASSERT_EQUAL(give_pieces(stream, pieces[i], &t, &left, &e), want);
        CU_ASSERT_EQUAL(t.n, taken);
        CU_ASSERT_EQUAL(e.kind, want);
        buffer_free(&t.seen);
    }
}

static void a_message_may_be_too_large(void)
{
    struct buffer stream = BUFFER_INIT;
    char bytes[MOST + 1] = "";
    grpc_put(&stream, bytes, MOST);
    check_refused(&stream, 1, ERR_OK);
    grpc_put(&stream, bytes, MOST + 1);
    check_refused(&stream, 1, ERR_UNAVAILABLE);
    buffer_reset(&stream);
    /* Its prefix is enough to tell. */
    buffer_append(&stream, "\0\0\0\3\xE9", PREFIX);
    check_refused(&stream, 0, ERR_UNAVAILABLE);
    buffer_reset(&stream);
    buffer_append(&stream, "\0\xFF\xFF\xFF\xFF", PREFIX);
    check_refused(&stream, 0, ERR_UNAVAILABLE);
    buffer_free(&stream);
}

static void a_compressed_message_is_refused(void)
{
    struct buffer stream = BUFFER_INIT;
    put_text(&stream, "one");
    buffer_append(&stream, "\1\0\0\0\1x", PREFIX + 1);
    put_text(&stream, "two");
    check_refused(&stream, 1, ERR_UNAVAILABLE);
    buffer_reset(&stream);
    buffer_append(&stream, "\1", 1);
    check_refused(&stream, 0, ERR_UNAVAILABLE);
    buffer_reset(&stream);
    buffer_puts(&stream, "<html>");
    check_refused(&stream, 0, ERR_UNAVAILABLE);
    buffer_free(&stream);
}

static void an_error_of_the_taker_is_passed_on(void)
{
    struct buffer stream = some_messages();
    const size_t pieces[] = {stream.len, 1};
    for (size_t at = 1; at <= 7; at++) {
        for (size_t i = 0; i < LENGTH(pieces); i++) {
            struct taker t = {.fail_at = at};
            struct error e = {0};
            size_t left;
            CU_ASSERT_EQUAL(give_pieces(&stream, pieces[i], &t, &left, &e), ERR_STORAGE_FULL);
            CU_ASSERT_EQUAL(t.n, at);
            CU_ASSERT_STRING_EQUAL(e.detail, "full");
            buffer_free(&t.seen);
        }
    }
    buffer_free(&stream);
}

static void enough_ends_it(void)
{
    struct buffer stream = some_messages();
    const size_t pieces[] = {stream.len, 1, 3};
    for (size_t at = 1; at <= 7; at++) {
        for (size_t i = 0; i < LENGTH(pieces); i++) {
            struct taker t = {.enough_at = at};
            struct error e = {0};
            size_t left;
            CU_ASSERT_EQUAL(give_pieces(&stream, pieces[i], &t, &left, &e), ERR_OK);
            CU_ASSERT_EQUAL(t.n, at);
            CU_ASSERT_EQUAL(left, 0);
            buffer_free(&t.seen);
        }
    }
    buffer_free(&stream);
}

/* --- statuses --- */

/* https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
static void statuses_are_those_of_google(void)
{
    static const struct {
        long status, http;
        const char *name;
    } want[] = {
        {0, 200, "OK"},
        {1, 499, "CANCELLED"},
        {2, 500, "UNKNOWN"},
        {3, 400, "INVALID_ARGUMENT"},
        {4, 504, "DEADLINE_EXCEEDED"},
        {5, 404, "NOT_FOUND"},
        {6, 409, "ALREADY_EXISTS"},
        {7, 403, "PERMISSION_DENIED"},
        {16, 401, "UNAUTHENTICATED"},
        {8, 429, "RESOURCE_EXHAUSTED"},
        {9, 400, "FAILED_PRECONDITION"},
        {10, 409, "ABORTED"},
        {11, 400, "OUT_OF_RANGE"},
        {12, 501, "UNIMPLEMENTED"},
        {13, 500, "INTERNAL"},
        {14, 503, "UNAVAILABLE"},
        {15, 500, "DATA_LOSS"},
        {-1, 500, "UNKNOWN"},
        {17, 500, "UNKNOWN"},
        {LONG_MIN, 500, "UNKNOWN"},
        {LONG_MAX, 500, "UNKNOWN"},
    };
    for (size_t i = 0; i < LENGTH(want); i++) {
        CU_ASSERT_EQUAL(grpc_http_status(want[i].status), want[i].http);
        CU_ASSERT_STRING_EQUAL(grpc_status_name(want[i].status), want[i].name);
    }
}

/* --- the query --- */

#define AFTER "projects/p-1/databases/(default)/documents/jobs/a\xC3\xA4"

static const char *const two_fields[] = {"job_id", "created_at"};

static struct firestore_query a_query(void)
{
    return (struct firestore_query){.parent = "projects/p-1/databases/(default)/documents",
                                    .collection = "jobs",
                                    .fields = two_fields,
                                    .n_fields = 2,
                                    .limit = 4000};
}

static Request *pack_and_read(const struct firestore_query *q)
{
    struct buffer out = BUFFER_INIT;
    struct error e;
    buffer_puts(&out, "before");
    CU_ASSERT_EQUAL_FATAL(firestore_pack_query(q, &out, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(memcmp(out.data, "before", 6), 0);
    Request *request = google__firestore__v1__run_query_request__unpack(
        NULL, out.len - 6, (const uint8_t *)out.data + 6);
    CU_ASSERT_PTR_NOT_NULL_FATAL(request);
    CU_ASSERT_PTR_NOT_NULL_FATAL(request->structured_query);
    CU_ASSERT_EQUAL(request->base.n_unknown_fields, 0);
    CU_ASSERT_EQUAL(request->structured_query->base.n_unknown_fields, 0);
    buffer_free(&out);
    return request;
}

/* All of it but where it starts. */
static void check_query(const Request *request)
{
    const Query *q = request->structured_query;
    CU_ASSERT_STRING_EQUAL(request->parent, "projects/p-1/databases/(default)/documents");
    CU_ASSERT_PTR_NOT_NULL_FATAL(q->select);
    CU_ASSERT_EQUAL_FATAL(q->select->n_fields, 2);
    CU_ASSERT_STRING_EQUAL(q->select->fields[0]->field_path, "job_id");
    CU_ASSERT_STRING_EQUAL(q->select->fields[1]->field_path, "created_at");
    CU_ASSERT_EQUAL_FATAL(q->n_from, 1);
    CU_ASSERT_STRING_EQUAL(q->from[0]->collection_id, "jobs");
    CU_ASSERT_EQUAL_FATAL(q->n_order_by, 1);
    CU_ASSERT_STRING_EQUAL(q->order_by[0]->field->field_path, "__name__");
    CU_ASSERT_EQUAL(q->order_by[0]->direction,
                    GOOGLE__FIRESTORE__V1__STRUCTURED_QUERY__DIRECTION__ASCENDING);
    CU_ASSERT_PTR_NOT_NULL_FATAL(q->limit);
    CU_ASSERT_EQUAL(q->limit->value, 4000);
}

static void a_query_from_the_first(void)
{
    struct firestore_query q = a_query();
    Request *request = pack_and_read(&q);
    check_query(request);
    CU_ASSERT_PTR_NULL(request->structured_query->start_at);
    google__firestore__v1__run_query_request__free_unpacked(request, NULL);
}

static void a_query_after_a_document(void)
{
    struct firestore_query q = a_query();
    q.after = AFTER;
    Request *request = pack_and_read(&q);
    check_query(request);
    CU_ASSERT_PTR_NOT_NULL_FATAL(request->structured_query->start_at);
    CU_ASSERT_FALSE(request->structured_query->start_at->before);
    CU_ASSERT_EQUAL_FATAL(request->structured_query->start_at->n_values, 1);
    const Value *place = request->structured_query->start_at->values[0];
    CU_ASSERT_EQUAL_FATAL(place->value_type_case,
                          GOOGLE__FIRESTORE__V1__VALUE__VALUE_TYPE_REFERENCE_VALUE);
    CU_ASSERT_EQUAL_FATAL(place->reference_value.len, strlen(AFTER));
    CU_ASSERT_EQUAL(memcmp(place->reference_value.data, AFTER, strlen(AFTER)), 0);
    google__firestore__v1__run_query_request__free_unpacked(request, NULL);
}

static void a_query_has_so_many_fields(void)
{
    const char *fields[33];
    struct firestore_query q = a_query();
    struct buffer out = BUFFER_INIT;
    struct error e;
    for (size_t i = 0; i < LENGTH(fields); i++)
        fields[i] = "f";
    q.fields = fields;
    for (q.n_fields = 0; q.n_fields <= 32; q.n_fields += 16) {
        Request *request = pack_and_read(&q);
        CU_ASSERT_PTR_NOT_NULL_FATAL(request->structured_query->select);
        CU_ASSERT_EQUAL(request->structured_query->select->n_fields, q.n_fields);
        google__firestore__v1__run_query_request__free_unpacked(request, NULL);
    }
    q.n_fields = 33;
    CU_ASSERT_EQUAL(firestore_pack_query(&q, &out, &e), ERR_INTERNAL);
    CU_ASSERT_EQUAL(out.len, 0);
    buffer_free(&out);
}

/* --- documents: to make them --- */

#define NAME "projects/p/databases/d/documents/jobs/1"
#define HEAD "{\"name\":\"" NAME "\",\"createTime\":\"2024-02-29T12:00:00.000001Z\",\"fields\":"

#define BASE(message) PROTOBUF_C_MESSAGE_INIT(&google__firestore__v1__##message##__descriptor)
#define TEXT(literal)                                                                              \
    (Bytes)                                                                                        \
    {                                                                                              \
        sizeof(literal) - 1, (uint8_t *)(literal)                                                  \
    }
#define VALUE(type, member, ...)                                                                   \
    &(Value)                                                                                       \
    {                                                                                              \
        .base = BASE(value), .value_type_case = GOOGLE__FIRESTORE__V1__VALUE__VALUE_TYPE_##type,   \
        .member = __VA_ARGS__                                                                      \
    }
#define FIELD(name, of)                                                                            \
    &(Field)                                                                                       \
    {                                                                                              \
        .base = BASE(field), .key = TEXT(name), .value = (of)                                      \
    }
#define TIME(s, ns)                                                                                \
    VALUE(TIMESTAMP_VALUE, timestamp_value,                                                        \
          &(Timestamp){.base = BASE(timestamp), .seconds = (s), .nanos = (ns)})
#define POINT(lat, lng)                                                                            \
    VALUE(GEO_POINT_VALUE, geo_point_value,                                                        \
          &(LatLng){.base = BASE(lat_lng), .latitude = (lat), .longitude = (lng)})
#define STRING(literal) VALUE(STRING_VALUE, string_value, TEXT(literal))
#define REAL(number)    VALUE(DOUBLE_VALUE, double_value, (number))
#define WHOLE(number)   VALUE(INTEGER_VALUE, integer_value, (number))
#define NOTHING         VALUE(NULL_VALUE, null_value, GOOGLE__FIRESTORE__V1__NULL_VALUE__NULL_VALUE)

static struct buffer packed(const ProtobufCMessage *message)
{
    struct buffer out = BUFFER_INIT;
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    buffer_append(&out, bytes, protobuf_c_message_pack(message, bytes));
    CU_ASSERT_FALSE_FATAL(buffer_failed(&out));
    free(bytes);
    return out;
}

static Bytes bytes_of(const struct buffer *b)
{
    return (Bytes){b->len, (uint8_t *)b->data};
}

static struct buffer packed_map(Field **fields, size_t n)
{
    MapValue map = {.base = BASE(map_value), .n_fields = n, .fields = fields};
    return packed(&map.base);
}

static struct buffer packed_array(Value **values, size_t n)
{
    ArrayValue array = {.base = BASE(array_value), .n_values = n, .values = values};
    return packed(&array.base);
}

static struct buffer packed_document(Field **fields, size_t n)
{
    Timestamp created = {.base = BASE(timestamp), .seconds = 1709208000, .nanos = 1000};
    Document document = {.base = BASE(document),
                         .name = TEXT(NAME),
                         .n_fields = n,
                         .fields = fields,
                         .create_time = &created};
    return packed(&document.base);
}

/* Puts bytes in the place of a response's document, whatever they are. */
static struct buffer response_around(const char *document, size_t n)
{
    struct buffer out = BUFFER_INIT;
    unsigned char length[] = {(unsigned char)(0x80 | (n & 0x7F)),
                              (unsigned char)(0x80 | (n >> 7 & 0x7F)),
                              (unsigned char)(n >> 14 & 0x7F)};
    CU_ASSERT_TRUE_FATAL(n < 1U << 21);
    buffer_append(&out, "\x0A", 1);
    buffer_append(&out, length, sizeof length);
    buffer_append(&out, document, n);
    CU_ASSERT_FALSE_FATAL(buffer_failed(&out));
    return out;
}

static struct buffer response_of(Field **fields, size_t n)
{
    struct buffer document = packed_document(fields, n);
    struct buffer response = response_around(document.data, document.len);
    buffer_free(&document);
    return response;
}

/* --- documents: to read them --- */

static enum err unpack(const void *bytes, size_t n, json_t **document, struct error *e)
{
    char *message = alone(bytes, n);
    *document = NULL;
    enum err err = firestore_unpack_document(message, n, document, e);
    free(message);
    return err;
}

static enum err unpack_fields(Field **fields, size_t n, json_t **document, struct error *e)
{
    struct buffer response = response_of(fields, n);
    enum err err = unpack(response.data, response.len, document, e);
    buffer_free(&response);
    return err;
}

static const json_t *value_at(const json_t *document, const char *field, const char *type)
{
    return json_object_get(json_object_get(json_object_get(document, "fields"), field), type);
}

static void check_tree(const json_t *got, const char *want)
{
    json_error_t why;
    json_t *tree = json_loads(want, JSON_ALLOW_NUL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
    if (!json_equal(got, tree)) {
        char *text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
        printf("\n    got    %s\n    wanted %s\n", text != NULL ? text : "nothing", want);
        free(text);
        CU_FAIL("another tree");
    }
    json_decref(tree);
}

/* The fields come out as that JSON. */
static void check_fields(Field **fields, size_t n, const char *want)
{
    json_t *document;
    struct error e = {0};
    struct buffer whole = BUFFER_INIT;
    CU_ASSERT_EQUAL(unpack_fields(fields, n, &document, &e), ERR_OK);
    buffer_printf(&whole, HEAD "%s}", want);
    CU_ASSERT_FALSE_FATAL(buffer_failed(&whole));
    check_tree(document, whole.data);
    json_decref(document);
    buffer_free(&whole);
}

/* A document that cannot be had still has its name, and nothing else. */
static void check_unprocessable(Field **fields, size_t n, const char *why)
{
    json_t *document;
    struct error e = {0};
    CU_ASSERT_EQUAL(unpack_fields(fields, n, &document, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, why));
    check_tree(document, "{\"name\":\"" NAME "\"}");
    json_decref(document);
}

static void check_broken(Field **fields, size_t n)
{
    json_t *document;
    struct error e = {0};
    CU_ASSERT_EQUAL(unpack_fields(fields, n, &document, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(e.kind, ERR_UNAVAILABLE);
    json_decref(document);
}

/* --- values that are read --- */

static void null_booleans_and_integers(void)
{
    Field *fields[] = {FIELD("null", NOTHING),
                       FIELD("yes", VALUE(BOOLEAN_VALUE, boolean_value, true)),
                       FIELD("no", VALUE(BOOLEAN_VALUE, boolean_value, false)),
                       FIELD("zero", WHOLE(0)),
                       FIELD("minus", WHOLE(-1)),
                       FIELD("least", WHOLE(INT64_MIN)),
                       FIELD("most", WHOLE(INT64_MAX))};
    check_fields(fields, LENGTH(fields),
                 "{\"null\":{\"nullValue\":null},\"yes\":{\"booleanValue\":true},"
                 "\"no\":{\"booleanValue\":false},\"zero\":{\"integerValue\":\"0\"},"
                 "\"minus\":{\"integerValue\":\"-1\"},"
                 "\"least\":{\"integerValue\":\"-9223372036854775808\"},"
                 "\"most\":{\"integerValue\":\"9223372036854775807\"}}");
}

static void doubles(void)
{
    Field *fields[] = {FIELD("whole", REAL(5)),
                       FIELD("zero", REAL(0)),
                       FIELD("tenth", REAL(0.1)),
                       FIELD("tiny", REAL(0x1p-1074)),
                       FIELD("huge", REAL(0x1.FFFFFFFFFFFFFp1023)),
                       FIELD("nan", REAL(NAN)),
                       FIELD("up", REAL(INFINITY)),
                       FIELD("down", REAL(-INFINITY))};
    check_fields(fields, LENGTH(fields),
                 "{\"whole\":{\"doubleValue\":5.0},\"zero\":{\"doubleValue\":0.0},"
                 "\"tenth\":{\"doubleValue\":0.1},\"tiny\":{\"doubleValue\":5e-324},"
                 "\"huge\":{\"doubleValue\":1.7976931348623157e308},"
                 "\"nan\":{\"doubleValue\":\"NaN\"},\"up\":{\"doubleValue\":\"Infinity\"},"
                 "\"down\":{\"doubleValue\":\"-Infinity\"}}");
}

static void zero_keeps_its_sign(void)
{
    Field *fields[] = {FIELD("z", REAL(-0.0))};
    json_t *document;
    struct error e;
    CU_ASSERT_EQUAL(unpack_fields(fields, 1, &document, &e), ERR_OK);
    const json_t *zero = value_at(document, "z", "doubleValue");
    CU_ASSERT_TRUE(json_is_real(zero) && json_real_value(zero) == 0);
    CU_ASSERT_TRUE(signbit(json_real_value(zero)) != 0);
    json_decref(document);
}

static void timestamps(void)
{
    static const struct {
        int64_t seconds;
        int32_t nanos;
        const char *want;
    } times[] = {
        {0, 0, "1970-01-01T00:00:00Z"},
        {1709208000, 0, "2024-02-29T12:00:00Z"},
        {1709208000, 120000000, "2024-02-29T12:00:00.120Z"},
        {1709208000, 1000000, "2024-02-29T12:00:00.001Z"},
        {1709208000, 123456000, "2024-02-29T12:00:00.123456Z"},
        {1709208000, 1000, "2024-02-29T12:00:00.000001Z"},
        {1709208000, 123456789, "2024-02-29T12:00:00.123456789Z"},
        {1709208000, 1, "2024-02-29T12:00:00.000000001Z"},
        {1709208000, 999999999, "2024-02-29T12:00:00.999999999Z"},
        {-1, 0, "1969-12-31T23:59:59Z"},
        {-1, 500000000, "1969-12-31T23:59:59.500Z"},
        {-59011459200, 0, "0100-01-01T00:00:00Z"},
        {-62135596800, 0, "0001-01-01T00:00:00Z"},
        {-62135596800, 1, "0001-01-01T00:00:00.000000001Z"},
        {253402300799, 0, "9999-12-31T23:59:59Z"},
        {253402300799, 999999999, "9999-12-31T23:59:59.999999999Z"},
    };
    for (size_t i = 0; i < LENGTH(times); i++) {
        Field *fields[] = {FIELD("t", TIME(times[i].seconds, times[i].nanos))};
        char want[100];
        (void)snprintf(want, sizeof want, "{\"t\":{\"timestampValue\":\"%s\"}}", times[i].want);
        check_fields(fields, 1, want);
    }
}

static void strings_bytes_and_references(void)
{
    Field *fields[] = {FIELD("empty", STRING("")),
                       FIELD("nul", STRING("a\0b")),
                       FIELD("emoji", STRING("\xF0\x9F\x98\x80 \xC3\xA4\"\\\n")),
                       FIELD("no bytes", VALUE(BYTES_VALUE, bytes_value, TEXT(""))),
                       FIELD("one byte", VALUE(BYTES_VALUE, bytes_value, TEXT("\0"))),
                       FIELD("bytes", VALUE(BYTES_VALUE, bytes_value, TEXT("\xFB\xFF\xFE\0x"))),
                       FIELD("ref", VALUE(REFERENCE_VALUE, reference_value, TEXT(NAME)))};
    check_fields(fields, LENGTH(fields),
                 "{\"empty\":{\"stringValue\":\"\"},\"nul\":{\"stringValue\":\"a\\u0000b\"},"
                 "\"emoji\":{\"stringValue\":\"\\uD83D\\uDE00 \\u00E4\\\"\\\\\\n\"},"
                 "\"no bytes\":{\"bytesValue\":\"\"},\"one byte\":{\"bytesValue\":\"AA==\"},"
                 "\"bytes\":{\"bytesValue\":\"+//+AHg=\"},"
                 "\"ref\":{\"referenceValue\":\"" NAME "\"}}");
}

static void geo_points(void)
{
    Field *fields[] = {FIELD("zero", POINT(0, 0)), FIELD("far", POINT(-33.8675, 151.207))};
    check_fields(fields, LENGTH(fields),
                 "{\"zero\":{\"geoPointValue\":{\"latitude\":0.0,\"longitude\":0.0}},"
                 "\"far\":{\"geoPointValue\":{\"latitude\":-33.8675,\"longitude\":151.207}}}");
}

static void arrays_and_maps(void)
{
    struct buffer inner =
        packed_map((Field *[]){FIELD("", NOTHING), FIELD("\xC3\xA4", WHOLE(1))}, 2);
    struct buffer list = packed_array(
        (Value *[]){STRING("a"), VALUE(MAP_VALUE, map_value, bytes_of(&inner)), NOTHING}, 3);
    struct buffer outer =
        packed_map((Field *[]){FIELD("list", VALUE(ARRAY_VALUE, array_value, bytes_of(&list))),
                               FIELD("map", VALUE(MAP_VALUE, map_value, bytes_of(&inner)))},
                   2);
    Field *fields[] = {FIELD("no values", VALUE(ARRAY_VALUE, array_value, TEXT(""))),
                       FIELD("no fields", VALUE(MAP_VALUE, map_value, TEXT(""))),
                       FIELD("list", VALUE(ARRAY_VALUE, array_value, bytes_of(&list))),
                       FIELD("map", VALUE(MAP_VALUE, map_value, bytes_of(&outer)))};
#define INNER                                                                                      \
    "{\"mapValue\":{\"fields\":{\"\":{\"nullValue\":null},"                                        \
    "\"\xC3\xA4\":{\"integerValue\":\"1\"}}}}"
#define LIST                                                                                       \
    "{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"}," INNER ",{\"nullValue\":null}]}}"
    check_fields(fields, LENGTH(fields),
                 "{\"no values\":{\"arrayValue\":{\"values\":[]}},"
                 "\"no fields\":{\"mapValue\":{\"fields\":{}}},\"list\":" LIST
                 ",\"map\":{\"mapValue\":{\"fields\":{\"list\":" LIST ",\"map\":" INNER "}}}}");
    buffer_free(&inner);
    buffer_free(&list);
    buffer_free(&outer);
}

/* --- messages that are none, or all but none --- */

static void a_message_without_a_document(void)
{
    json_t *document;
    struct error e;
    CU_ASSERT_EQUAL(unpack("", 0, &document, &e), ERR_OK);
    CU_ASSERT_PTR_NULL(document);
    /* Only when it was read: what firestore.proto does not name. */
    CU_ASSERT_EQUAL(unpack("\x1A\x02\x08\x01", 4, &document, &e), ERR_OK);
    CU_ASSERT_PTR_NULL(document);
}

static void a_document_without_fields(void)
{
    check_fields(NULL, 0, "{}");
}

static void what_is_not_asked_for_is_passed_over(void)
{
    Field *fields[] = {FIELD("f", WHOLE(1))};
    struct buffer document = packed_document(fields, 1);
    buffer_append(&document, "\x22\x02\x08\x01", 4); /* updateTime */
    struct buffer response = response_around(document.data, document.len);
    buffer_append(&response, "\x1A\x02\x08\x01\x20\x07", 6); /* readTime and skippedResults */
    json_t *read;
    struct error e;
    CU_ASSERT_EQUAL(unpack(response.data, response.len, &read, &e), ERR_OK);
    check_tree(read, HEAD "{\"f\":{\"integerValue\":\"1\"}}}");
    json_decref(read);
    buffer_free(&document);
    buffer_free(&response);
}

static void a_document_has_a_name_and_a_create_time(void)
{
    Timestamp wrong = {.base = BASE(timestamp), .nanos = -1};
    Timestamp right = {.base = BASE(timestamp)};
    Document d[] = {{.base = BASE(document), .name = TEXT(NAME)},
                    {.base = BASE(document), .name = TEXT(NAME), .create_time = &wrong},
                    {.base = BASE(document), .name = TEXT("\xFF"), .create_time = &right}};
    for (size_t i = 0; i < LENGTH(d); i++) {
        Response r = {.base = BASE(run_query_response), .document = &d[i]};
        struct buffer response = packed(&r.base);
        json_t *read;
        struct error e;
        CU_ASSERT_EQUAL(unpack(response.data, response.len, &read, &e), ERR_UNAVAILABLE);
        json_decref(read);
        buffer_free(&response);
    }
}

static void a_name_of_a_field_with_nul(void)
{
    Field *fields[] = {FIELD("good", WHOLE(1)), FIELD("a\0b", WHOLE(2)), FIELD("more", WHOLE(3))};
    check_unprocessable(fields, LENGTH(fields), "NUL");
    struct buffer map = packed_map(fields, LENGTH(fields));
    struct buffer list =
        packed_array((Value *[]){NOTHING, VALUE(MAP_VALUE, map_value, bytes_of(&map))}, 2);
    Field *nested[] = {FIELD("good", WHOLE(1)),
                       FIELD("list", VALUE(ARRAY_VALUE, array_value, bytes_of(&list)))};
    check_unprocessable(nested, LENGTH(nested), "NUL");
    buffer_free(&map);
    buffer_free(&list);
}

static void a_type_that_is_not_known(void)
{
    uint8_t one = 1;
    ProtobufCMessageUnknownField unknown = {
        .tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = &one};
    Value of_tomorrow = GOOGLE__FIRESTORE__V1__VALUE__INIT, nothing = of_tomorrow;
    of_tomorrow.base.n_unknown_fields = 1;
    of_tomorrow.base.unknown_fields = &unknown;
    check_unprocessable((Field *[]){FIELD("f", &of_tomorrow), FIELD("g", WHOLE(1))}, 2, "type");
    check_unprocessable((Field *[]){FIELD("f", WHOLE(1)), FIELD("g", &nothing)}, 2, "type");
    struct buffer list = packed_array((Value *[]){WHOLE(1), &of_tomorrow}, 2);
    struct buffer map =
        packed_map((Field *[]){FIELD("f", VALUE(ARRAY_VALUE, array_value, bytes_of(&list)))}, 1);
    check_unprocessable((Field *[]){FIELD("f", VALUE(MAP_VALUE, map_value, bytes_of(&map)))}, 1,
                        "type");
    buffer_free(&list);
    buffer_free(&map);
}

/* A field whose value is so many maps and arrays, the one in the other, and a null. */
static enum err unpack_nested(int levels, bool maps, json_t **document, struct error *e)
{
    Value value = *NOTHING;
    struct buffer kept = BUFFER_INIT;
    for (int i = 0; i < levels; i++) {
        bool map = maps && i % 2 == 0;
        struct buffer outer = map ? packed_map((Field *[]){FIELD("m", &value)}, 1)
                                  : packed_array((Value *[]){&value}, 1);
        buffer_free(&kept);
        kept = outer;
        value = map ? *VALUE(MAP_VALUE, map_value, bytes_of(&kept))
                    : *VALUE(ARRAY_VALUE, array_value, bytes_of(&kept));
    }
    enum err err = unpack_fields((Field *[]){FIELD("f", &value)}, 1, document, e);
    buffer_free(&kept);
    return err;
}

static void values_nest_to_a_limit(void)
{
    for (int maps = 0; maps <= 1; maps++) {
        json_t *document;
        struct error e;
        CU_ASSERT_EQUAL(unpack_nested(20, maps != 0, &document, &e), ERR_OK);
        json_decref(document);
        CU_ASSERT_EQUAL(unpack_nested(99, maps != 0, &document, &e), ERR_OK);
        json_decref(document);
        for (int levels = 100; levels <= 5000; levels *= 7) {
            CU_ASSERT_EQUAL(unpack_nested(levels, maps != 0, &document, &e), ERR_UNPROCESSABLE);
            CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "nested"));
            check_tree(document, "{\"name\":\"" NAME "\"}");
            json_decref(document);
        }
    }
}

static void text_that_is_not_utf8(void)
{
    check_unprocessable((Field *[]){FIELD("f", STRING("a\xFF"))}, 1, "cannot be written as JSON");
    check_unprocessable((Field *[]){FIELD("f", STRING("\xED\xA0\x80"))}, 1,
                        "cannot be written as JSON"); /* half a surrogate pair */
    check_unprocessable((Field *[]){FIELD("f", STRING("\xC0\x80"))}, 1,
                        "cannot be written as JSON"); /* NUL, but too long */
    check_unprocessable(
        (Field *[]){FIELD("f", VALUE(REFERENCE_VALUE, reference_value, TEXT("\x80")))}, 1,
        "cannot be written as JSON");
    check_unprocessable((Field *[]){FIELD("\xC3", WHOLE(1))}, 1, "cannot be written as JSON");
}

static void times_that_are_none(void)
{
    static const struct {
        int64_t seconds;
        int32_t nanos;
    } times[] = {{0, -1},
                 {0, INT32_MIN},
                 {0, 1000000000},
                 {0, INT32_MAX},
                 {-62135596801, 999999999},
                 {253402300800, 0},
                 {67767976233532800, 0}, /* a year that an int only just holds */
                 {67768036191676799, 0},
                 {INT64_MIN, 0},
                 {INT64_MAX, 0}};
    for (size_t i = 0; i < LENGTH(times); i++)
        check_unprocessable((Field *[]){FIELD("t", TIME(times[i].seconds, times[i].nanos))}, 1,
                            "cannot be written as JSON");
}

static void a_field_without_a_value(void)
{
    check_unprocessable((Field *[]){FIELD("f", NULL)}, 1, "cannot be written as JSON");
}

static void maps_and_arrays_that_are_none(void)
{
    check_broken((Field *[]){FIELD("f", VALUE(MAP_VALUE, map_value, TEXT("\xFF")))}, 1);
    check_broken((Field *[]){FIELD("f", VALUE(ARRAY_VALUE, array_value, TEXT("\x0A\x7F")))}, 1);
}

/* --- bytes that came otherwise than they were sent --- */

/* Whatever they are: an answer that is allowed, and with it what it promises. */
static bool is_survived(const void *bytes, size_t n)
{
    json_t *document;
    struct error e = {0};
    enum err err = unpack(bytes, n, &document, &e);
    const json_t *name = json_object_get(document, "name");
    bool whole = json_is_object(json_object_get(document, "fields")) &&
                 json_is_string(json_object_get(document, "createTime"));
    bool good = err == ERR_UNAVAILABLE || (err == ERR_UNPROCESSABLE && json_is_string(name)) ||
                (err == ERR_OK && (document == NULL || (json_is_string(name) && whole)));
    json_decref(document);
    return good;
}

/* One of each type. */
static struct buffer document_with_all(void)
{
    struct buffer map = packed_map((Field *[]){FIELD("k", STRING("v")), FIELD("n", NOTHING)}, 2);
    struct buffer list =
        packed_array((Value *[]){WHOLE(-1), VALUE(MAP_VALUE, map_value, bytes_of(&map))}, 2);
    Field *fields[] = {FIELD("a", NOTHING),
                       FIELD("b", VALUE(BOOLEAN_VALUE, boolean_value, true)),
                       FIELD("c", WHOLE(INT64_MIN)),
                       FIELD("d", REAL(0.1)),
                       FIELD("e", TIME(1709208000, 123456789)),
                       FIELD("f", STRING("text \xF0\x9F\x98\x80")),
                       FIELD("g", VALUE(BYTES_VALUE, bytes_value, TEXT("\xFF\0"))),
                       FIELD("h", VALUE(REFERENCE_VALUE, reference_value, TEXT(NAME))),
                       FIELD("i", POINT(1, -1)),
                       FIELD("j", VALUE(ARRAY_VALUE, array_value, bytes_of(&list))),
                       FIELD("k", VALUE(MAP_VALUE, map_value, bytes_of(&map)))};
    struct buffer document = packed_document(fields, LENGTH(fields));
    buffer_free(&map);
    buffer_free(&list);
    return document;
}

static void messages_that_are_cut_off(void)
{
    struct buffer document = document_with_all();
    struct buffer response = response_around(document.data, document.len);
    for (size_t n = 0; n <= response.len; n++) {
        json_t *read;
        struct error e;
        bool all = n == 0 || n == response.len;
        CU_ASSERT_TRUE(is_survived(response.data, n));
        CU_ASSERT_EQUAL(unpack(response.data, n, &read, &e), all ? ERR_OK : ERR_UNAVAILABLE);
        json_decref(read);
    }
    /* Cut off in the document, in a message that is whole. */
    for (size_t n = 0; n < document.len; n++) {
        struct buffer around = response_around(document.data, n);
        CU_ASSERT_TRUE(is_survived(around.data, around.len));
        buffer_free(&around);
    }
    buffer_free(&document);
    buffer_free(&response);
}

static void maps_and_arrays_that_are_cut_off(void)
{
    struct buffer map = packed_map((Field *[]){FIELD("k", STRING("v")), FIELD("n", NOTHING)}, 2);
    for (size_t n = 0; n <= map.len; n++) {
        Bytes part = {n, (uint8_t *)map.data};
        Field *fields[] = {FIELD("m", VALUE(MAP_VALUE, map_value, part)),
                           FIELD("a", VALUE(ARRAY_VALUE, array_value, part))};
        struct buffer response = response_of(fields, LENGTH(fields));
        CU_ASSERT_TRUE(is_survived(response.data, response.len));
        buffer_free(&response);
    }
    buffer_free(&map);
}

static void messages_with_a_wrong_byte(void)
{
    struct buffer document = document_with_all();
    struct buffer response = response_around(document.data, document.len);
    size_t wrong = 0;
    for (size_t i = 0; i < response.len; i++) {
        char right = response.data[i];
        for (int byte = 0; byte < 256; byte++) {
            response.data[i] = (char)byte;
            wrong += !is_survived(response.data, response.len);
        }
        response.data[i] = right;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    buffer_free(&document);
    buffer_free(&response);
}

int main(void)
{
    static const struct test_case tests[] = {
        TEST(a_prefix_has_the_length),
        TEST(messages_in_one_chunk),
        TEST(messages_in_pieces_of_any_size),
        TEST(messages_split_at_every_byte),
        TEST(half_a_message_is_kept),
        TEST(a_message_may_be_too_large),
        TEST(a_compressed_message_is_refused),
        TEST(an_error_of_the_taker_is_passed_on),
        TEST(enough_ends_it),
        TEST(statuses_are_those_of_google),
        TEST(a_query_from_the_first),
        TEST(a_query_after_a_document),
        TEST(a_query_has_so_many_fields),
        TEST(null_booleans_and_integers),
        TEST(doubles),
        TEST(zero_keeps_its_sign),
        TEST(timestamps),
        TEST(strings_bytes_and_references),
        TEST(geo_points),
        TEST(arrays_and_maps),
        TEST(a_message_without_a_document),
        TEST(a_document_without_fields),
        TEST(what_is_not_asked_for_is_passed_over),
        TEST(a_document_has_a_name_and_a_create_time),
        TEST(a_name_of_a_field_with_nul),
        TEST(a_type_that_is_not_known),
        TEST(values_nest_to_a_limit),
        TEST(text_that_is_not_utf8),
        TEST(times_that_are_none),
        TEST(a_field_without_a_value),
        TEST(maps_and_arrays_that_are_none),
        TEST(messages_that_are_cut_off),
        TEST(maps_and_arrays_that_are_cut_off),
        TEST(messages_with_a_wrong_byte),
    };
    return RUN_SUITE("grpc", tests);
}
