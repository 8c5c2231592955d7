/* What a try came to: Google's errors, and gRPC's, as ours. */
#include <string.h>

#include "google/call.h"

#define RETRY_AFTER_MOST_S 86400

static enum err transport_error(const struct call *k, CURLcode code, struct error *e)
{
    const char *name = google_api_names[k->q->api];
    if (code == CURLE_OPERATION_TIMEDOUT)
        error_set(e, ERR_TIMEOUT, "%s did not answer in time; try again.", name);
    else if (code == CURLE_WRITE_ERROR && k->q->to_file)
        error_set(e, ERR_STORAGE_FULL, "A download could not be stored; try again.");
    else
        error_set(e, ERR_UNAVAILABLE, "%s cannot be reached; try again.", name);
    e->retry_after_s = 2;
    return error_cause(e, "%s", curl_easy_strerror(code));
}

/* {"error":{"code":..,"message":..,"status":..}}; some APIs put it into an array. */
static void read_google_error(struct call *k, char *message, size_t size)
{
    const json_t *root = json_is_array(k->r->json) ? json_array_get(k->r->json, 0) : k->r->json;
    const json_t *error = json_object_get(root, "error");
    const char *text = json_string_value(json_object_get(error, "message"));
    const char *status = json_string_value(json_object_get(error, "status"));
    if (text == NULL) /* OAuth's errors (RFC 6749) */
        text = json_string_value(json_object_get(root, "error_description"));
    text_format(k->r->reason, sizeof k->r->reason, "%s", status != NULL ? status : "");
    text_format(message, size, "%s", text != NULL ? text : "no message");
}

/* What is missing is not what was asked for, but a bucket, a queue, a database, an index. */
static bool not_set_up(const struct call *k)
{
    return k->q->must_exist &&
           (k->r->status == 404 ||
            (k->r->status == 400 && strcmp(k->r->reason, "FAILED_PRECONDITION") == 0));
}

static enum err kind_of(const struct call *k)
{
    long s = k->r->status;
    if (not_set_up(k) || strcmp(k->r->reason, "ABORTED") == 0)
        return ERR_UNAVAILABLE;
    if (s == 409 || s == 412 || strcmp(k->r->reason, "FAILED_PRECONDITION") == 0)
        return ERR_CONFLICT;
    if (s == 404)
        return ERR_NOT_FOUND;
    if (s == 413)
        return ERR_TOO_LARGE;
    if (s == 429)
        return ERR_RATE_LIMITED;
    if (s == 408 || s == 504)
        return ERR_TIMEOUT;
    return s >= 400 && s < 500 && s != 401 && s != 403 ? ERR_UNPROCESSABLE : ERR_UNAVAILABLE;
}

static enum err http_error(struct call *k, struct error *e)
{
    const char *name = google_api_names[k->q->api];
    char message[256];
    long s = k->r->status;
    read_google_error(k, message, sizeof message);
    enum err kind = kind_of(k);
    if (s == 401 || s == 403)
        error_set(e, kind, "%s refuses the service's credentials; tell the operator.", name);
    else if (not_set_up(k))
        error_set(e, kind, "%s is not set up; tell the operator.", name);
    else if (kind == ERR_RATE_LIMITED)
        error_set(e, kind, "%s takes no more calls for the moment; try again.", name);
    else if (err_is_transient(kind))
        error_set(e, kind, "%s has a fault (%ld); try again.", name, s);
    else
        error_set(e, kind, "%s refused the request: %s", name, message);
    if (err_is_transient(kind))
        e->retry_after_s = k->retry_after_s > 0 ? (int)k->retry_after_s : 2;
    return error_cause(e, "%ld %s: %s", s, k->r->reason, message);
}

/* A status of gRPC is judged as the HTTP status and the error JSON that the same API gives. */
static void translate_status(struct call *k)
{
    char *message = curl_easy_unescape(k->easy, k->grpc_message, 0, NULL);
    k->r->status = grpc_http_status(k->grpc_status);
    /* A message that is not UTF-8, or was cut within a character, is left out. */
    k->r->json = json_pack("{s:{s:o*,s:s}}", "error", "message", json_string(message), "status",
                           grpc_status_name(k->grpc_status));
    curl_free(message);
}

bool call_succeeded(const struct call *k)
{
    return (k->r->status >= 200 && k->r->status <= 299) || k->r->status == 308;
}

/* Strings may hold U+0000: what others stored must not make their whole document unreadable. */
static json_t *parse(const struct call *k, json_error_t *where)
{
    return json_loadb(k->body.data, k->body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, where);
}

static enum err broken(const struct call *k, const char *why, struct error *e)
{
    error_set(e, ERR_UNAVAILABLE, "%s gave an answer that cannot be read; try again.",
              google_api_names[k->q->api]);
    e->retry_after_s = 2;
    return error_cause(e, "%ld, %zu bytes: %s", k->r->status, k->body.len, why);
}

/* What must be JSON and is not was cut off or made by something in between. */
static enum err read_json(struct call *k, struct error *e)
{
    json_error_t where;
    if (k->body.len == 0 || k->q->to_file || k->r->status == 204 ||
        (k->r->json = parse(k, &where)) != NULL)
        return ERR_OK;
    return broken(k, where.text, e);
}

/* An answer of gRPC is whole when its status has come and no message is left half. */
static enum err read_status(struct call *k, struct error *e)
{
    if (k->enough)
        return ERR_OK;
    if (!call_is_grpc(k))
        return broken(k, "it is no gRPC", e);
    if (k->grpc_status < 0 || (k->grpc_status == 0 && k->body.len > 0))
        return broken(k, "it was cut off", e);
    if (k->grpc_status == 0)
        return ERR_OK;
    translate_status(k);
    return http_error(k, e);
}

/* Seconds or a date; curl reads both (RFC 9110). */
static int64_t told_retry_after_s(const struct call *k)
{
    curl_off_t s = 0;
    if (curl_easy_getinfo(k->easy, CURLINFO_RETRY_AFTER, &s) != CURLE_OK || s < 0)
        return 0;
    return s < RETRY_AFTER_MOST_S ? s : RETRY_AFTER_MOST_S;
}

enum err call_result(struct call *k, CURLcode code)
{
    (void)curl_easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &k->r->status);
    k->retry_after_s = told_retry_after_s(k);
    if (k->refused != ERR_OK)
        return k->refused;
    if (code != CURLE_OK && !k->enough) {
        k->r->status = 0;
        return transport_error(k, code, k->e);
    }
    if (call_succeeded(k))
        return k->q->on_message != NULL ? read_status(k, k->e) : read_json(k, k->e);
    json_error_t ignored;
    if (k->body.len > 0)
        k->r->json = parse(k, &ignored);
    return http_error(k, k->e);
}

bool call_may_pass(const struct call *k, enum err err)
{
    return (err == ERR_RATE_LIMITED || err == ERR_UNAVAILABLE || err == ERR_TIMEOUT) &&
           k->r->status != 401 && k->r->status != 403 && !not_set_up(k);
}
