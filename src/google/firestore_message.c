#include "google/firestore_message.h"

#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "google/firestore.pb-c.h"

#define DEPTH_MAX 100                   /* Firestore's maps and arrays have 20 levels */
#define FIRST_S   INT64_C(-62135596800) /* 0001-01-01T00:00:00Z; a Timestamp has four digit years */
#define LAST_S    INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Names that can be read. */
typedef Google__Firestore__V1__Value Value;
typedef Google__Firestore__V1__Field Field;
typedef Google__Firestore__V1__Timestamp Timestamp;
typedef Google__Firestore__V1__StructuredQuery Query;
typedef Google__Firestore__V1__StructuredQuery__FieldReference FieldReference;
#define QUERY(part) GOOGLE__FIRESTORE__V1__STRUCTURED_QUERY__##part##__INIT
#define TYPE(name)  GOOGLE__FIRESTORE__V1__VALUE__VALUE_TYPE_##name

/* --- the query --- */

static enum err pack(const ProtobufCMessage *message, struct buffer *out, struct error *e)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(n + 1);
    if (bytes == NULL)
        return error_no_memory(e);
    buffer_append(out, bytes, protobuf_c_message_pack(message, bytes));
    free(bytes);
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

enum err firestore_pack_query(const struct firestore_query *q, struct buffer *out, struct error *e)
{
    FieldReference fields[FIRESTORE_FIELDS_MAX], *field_list[FIRESTORE_FIELDS_MAX],
        by_name = QUERY(FIELD_REFERENCE);
    Google__Firestore__V1__StructuredQuery__Projection select = QUERY(PROJECTION);
    Google__Firestore__V1__StructuredQuery__CollectionSelector from = QUERY(COLLECTION_SELECTOR),
                                                               *froms[] = {&from};
    Google__Firestore__V1__StructuredQuery__Order order = QUERY(ORDER), *orders[] = {&order};
    Google__Firestore__V1__StructuredQuery__Cursor start = QUERY(CURSOR);
    Google__Firestore__V1__StructuredQuery__Limit limit = QUERY(LIMIT);
    Value after = GOOGLE__FIRESTORE__V1__VALUE__INIT, *place[] = {&after};
    Query query = GOOGLE__FIRESTORE__V1__STRUCTURED_QUERY__INIT;
    Google__Firestore__V1__RunQueryRequest request = GOOGLE__FIRESTORE__V1__RUN_QUERY_REQUEST__INIT;

    if (q->n_fields > FIRESTORE_FIELDS_MAX)
        return error_set(e, ERR_INTERNAL, "A query for more than %d fields.", FIRESTORE_FIELDS_MAX);
    for (size_t i = 0; i < q->n_fields; i++) {
        fields[i] = (FieldReference)QUERY(FIELD_REFERENCE);
        fields[i].field_path = (char *)q->fields[i];
        field_list[i] = &fields[i];
    }
    select.n_fields = q->n_fields;
    select.fields = field_list;
    from.collection_id = (char *)q->collection;
    by_name.field_path = (char *)"__name__";
    order.field = &by_name;
    order.direction = GOOGLE__FIRESTORE__V1__STRUCTURED_QUERY__DIRECTION__ASCENDING;
    limit.value = q->limit;

    query.select = &select;
    query.n_from = query.n_order_by = 1;
    query.from = froms;
    query.order_by = orders;
    query.limit = &limit;
    if (q->after != NULL) {
        after.value_type_case = TYPE(REFERENCE_VALUE);
        after.reference_value = (ProtobufCBinaryData){strlen(q->after), (uint8_t *)q->after};
        start.n_values = 1;
        start.values = place;
        query.start_at = &start;
    }
    request.parent = (char *)q->parent;
    request.structured_query = &query;
    return pack(&request.base, out, e);
}

/* --- values --- */

static enum err broken(struct error *e)
{
    return error_set(e, ERR_UNAVAILABLE, "Firestore gave an answer that cannot be read.");
}

static json_t *text(ProtobufCBinaryData bytes)
{
    return json_stringn(bytes.len > 0 ? (const char *)bytes.data : "", bytes.len);
}

static json_t *base64(ProtobufCBinaryData bytes)
{
    size_t size = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *out = malloc(size);
    json_t *made = NULL;
    if (out != NULL)
        made = json_string(
            sodium_bin2base64(out, size, bytes.data, bytes.len, sodium_base64_VARIANT_ORIGINAL));
    free(out);
    return made;
}

/* No, 3, 6 or 9 digits after the point, as many as there are. */
static json_t *rfc3339(const Timestamp *t)
{
    struct tm tm;
    time_t s = (time_t)t->seconds;
    char out[64];
    if (t->seconds < FIRST_S || t->seconds > LAST_S || t->nanos < 0 || t->nanos > 999999999 ||
        gmtime_r(&s, &tm) == NULL)
        return NULL;
    int n = snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
                     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (t->nanos % 1000 != 0)
        n += snprintf(out + n, sizeof out - (size_t)n, ".%09" PRId32, t->nanos);
    else if (t->nanos % 1000000 != 0)
        n += snprintf(out + n, sizeof out - (size_t)n, ".%06" PRId32, t->nanos / 1000);
    else if (t->nanos != 0)
        n += snprintf(out + n, sizeof out - (size_t)n, ".%03" PRId32, t->nanos / 1000000);
    (void)snprintf(out + n, sizeof out - (size_t)n, "Z");
    return json_string(out);
}

static json_t *real(double d)
{
    if (isfinite(d))
        return json_real(d);
    return json_string(isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity");
}

static json_t *integer(int64_t n)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, n);
    return json_string(digits);
}

static json_t *point(const Google__Firestore__V1__LatLng *p)
{
    return json_pack("{s:f,s:f}", "latitude", p->latitude, "longitude", p->longitude);
}

static enum err read_value(const Value *v, int depth, json_t **out, struct error *e);

/* A document with such a thing is lost for JSON, but not the others of the answer. */
static enum err not_json(const char *what, struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE, "%s cannot be written as JSON", what);
}

static enum err read_fields(Field *const *fields, size_t n, int depth, json_t **out,
                            struct error *e)
{
    enum err err = (*out = json_object()) != NULL ? ERR_OK : error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        ProtobufCBinaryData key = fields[i]->key;
        json_t *value = NULL;
        if (memchr(key.data != NULL ? key.data : (uint8_t *)"", '\0', key.len) != NULL)
            return not_json("a field's name with a NUL", e);
        err = fields[i]->value != NULL ? read_value(fields[i]->value, depth, &value, e)
                                       : not_json("a field without a value", e);
        if (err == ERR_OK && json_object_setn_new(*out, key.len > 0 ? (const char *)key.data : "",
                                                  key.len, value) != 0)
            err = not_json("a field's name that is not UTF-8", e);
        else if (err != ERR_OK)
            json_decref(value);
    }
    return err;
}

static enum err read_map(ProtobufCBinaryData bytes, int depth, json_t **out, struct error *e)
{
    Google__Firestore__V1__MapValue *map =
        google__firestore__v1__map_value__unpack(NULL, bytes.len, bytes.data);
    json_t *fields = NULL;
    if (map == NULL)
        return broken(e);
    enum err err = read_fields(map->fields, map->n_fields, depth, &fields, e);
    google__firestore__v1__map_value__free_unpacked(map, NULL);
    *out = json_pack("{s:o}", "fields", fields);
    return err;
}

static enum err read_array(ProtobufCBinaryData bytes, int depth, json_t **out, struct error *e)
{
    Google__Firestore__V1__ArrayValue *array =
        google__firestore__v1__array_value__unpack(NULL, bytes.len, bytes.data);
    json_t *values = json_array();
    enum err err = array != NULL ? ERR_OK : broken(e);
    for (size_t i = 0; err == ERR_OK && i < array->n_values; i++) {
        json_t *value = NULL;
        err = read_value(array->values[i], depth, &value, e);
        if (json_array_append_new(values, value) != 0 && err == ERR_OK)
            err = error_no_memory(e);
    }
    if (array != NULL)
        google__firestore__v1__array_value__free_unpacked(array, NULL);
    *out = json_pack("{s:o}", "values", values);
    return err;
}

static const char *const type_names[] = {
    [TYPE(NULL_VALUE)] = "nullValue",
    [TYPE(BOOLEAN_VALUE)] = "booleanValue",
    [TYPE(INTEGER_VALUE)] = "integerValue",
    [TYPE(DOUBLE_VALUE)] = "doubleValue",
    [TYPE(TIMESTAMP_VALUE)] = "timestampValue",
    [TYPE(STRING_VALUE)] = "stringValue",
    [TYPE(BYTES_VALUE)] = "bytesValue",
    [TYPE(REFERENCE_VALUE)] = "referenceValue",
    [TYPE(GEO_POINT_VALUE)] = "geoPointValue",
    [TYPE(ARRAY_VALUE)] = "arrayValue",
    [TYPE(MAP_VALUE)] = "mapValue",
};

static json_t *scalar(const Value *v)
{
    switch (v->value_type_case) {
    case TYPE(NULL_VALUE):
        return json_null();
    case TYPE(BOOLEAN_VALUE):
        return json_boolean(v->boolean_value);
    case TYPE(INTEGER_VALUE):
        return integer(v->integer_value);
    case TYPE(DOUBLE_VALUE):
        return real(v->double_value);
    case TYPE(TIMESTAMP_VALUE):
        return rfc3339(v->timestamp_value);
    case TYPE(STRING_VALUE):
        return text(v->string_value);
    case TYPE(BYTES_VALUE):
        return base64(v->bytes_value);
    case TYPE(REFERENCE_VALUE):
        return text(v->reference_value);
    case TYPE(GEO_POINT_VALUE):
        return point(v->geo_point_value);
    default:
        return NULL;
    }
}

static enum err read_value(const Value *v, int depth, json_t **out, struct error *e)
{
    json_t *inner = NULL;
    enum err err = ERR_OK;
    if (v->value_type_case == TYPE(_NOT_SET))
        return not_json("a value of a type that is not known", e);
    if (depth >= DEPTH_MAX)
        return error_set(e, ERR_UNPROCESSABLE, "values are nested in more than %d levels",
                         DEPTH_MAX);
    if (v->value_type_case == TYPE(MAP_VALUE))
        err = read_map(v->map_value, depth + 1, &inner, e);
    else if (v->value_type_case == TYPE(ARRAY_VALUE))
        err = read_array(v->array_value, depth + 1, &inner, e);
    else if ((inner = scalar(v)) == NULL)
        err = not_json(type_names[v->value_type_case], e);
    if (err == ERR_OK && (*out = json_pack("{s:O}", type_names[v->value_type_case], inner)) == NULL)
        err = error_no_memory(e);
    json_decref(inner);
    return err;
}

/* --- documents --- */

enum err firestore_unpack_document(const void *message, size_t n, json_t **document,
                                   struct error *e)
{
    Google__Firestore__V1__RunQueryResponse *r =
        google__firestore__v1__run_query_response__unpack(NULL, n, message);
    const Google__Firestore__V1__Document *d = r != NULL ? r->document : NULL;
    json_t *fields = NULL;
    enum err err = r != NULL ? ERR_OK : broken(e);
    *document = NULL;
    if (d != NULL) {
        err = read_fields(d->fields, d->n_fields, 0, &fields, e);
        *document = json_pack("{s:o}", "name", text(d->name));
        if (*document == NULL || (err == ERR_OK && d->create_time == NULL))
            err = broken(e);
        if (err == ERR_OK &&
            (json_object_set(*document, "fields", fields) != 0 ||
             json_object_set_new(*document, "createTime", rfc3339(d->create_time)) != 0))
            err = broken(e);
    }
    json_decref(fields);
    if (r != NULL)
        google__firestore__v1__run_query_response__free_unpacked(r, NULL);
    return err;
}
