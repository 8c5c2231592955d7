#include "http/request.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static const char *param(const FCGX_Request *cgi, const char *name)
{
    const char *value = FCGX_GetParam(name, cgi->envp);
    return value != NULL ? value : "";
}

bool traceparent_valid(const char *text)
{
    static const char shape[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '-' ? text[i] != '-'
                            : !isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
            return false;
    return true;
}

void traceparent_of_cloud(const char *text, char out[TRACEPARENT_MAX])
{
    char trace[33] = "", sampled = '0', *end;
    out[0] = '\0';
    if (strspn(text, "0123456789abcdefABCDEF") != 32 || text[32] != '/' ||
        !isdigit((unsigned char)text[33]))
        return;
    for (int i = 0; i < 32; i++)
        trace[i] = (char)tolower((unsigned char)text[i]);
    errno = 0;
    unsigned long long span = strtoull(text + 33, &end, 10);
    if (strcmp(end, ";o=1") == 0)
        sampled = '1';
    if (errno == 0 && span != 0 && (*end == '\0' || strncmp(end, ";o=", 3) == 0))
        (void)snprintf(out, TRACEPARENT_MAX, "00-%s-%016llx-0%c", trace, span, sampled);
}

static enum method read_method(const char *name)
{
    for (int i = 0; i < METHOD_OTHER; i++)
        if (strcmp(name, method_names[i]) == 0)
            return (enum method)i;
    return METHOD_OTHER;
}

static enum auth_step read_step(const char *name)
{
    static const char *const names[AUTH_STEP__MAX] = {"", "check", "done"};
    for (int i = AUTH_STEP_CHECK; i < AUTH_STEP__MAX; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum auth_step)i;
    return AUTH_STEP_ALL;
}

enum err request_read(FCGX_Request *cgi, char path_copy[2048], struct request *r, struct error *e)
{
    memset(r, 0, sizeof *r);
    r->cgi = cgi;
    r->step = read_step(param(cgi, "AUTH_STEP"));
    bool about = r->step == AUTH_STEP_CHECK;
    r->query = param(cgi, about ? "AUTH_QUERY" : "QUERY_STRING");
    r->old_path = param(cgi, "OLD_PATH")[0] != '\0';
    r->has_waited = param(cgi, "HAS_WAITED")[0] != '\0';
    r->page_version = param(cgi, "PAGE_VERSION");
    r->may_not_wait = param(cgi, "MAY_NOT_WAIT")[0] != '\0';
    r->content_type = param(cgi, "CONTENT_TYPE");
    r->remote_addr = param(cgi, "REMOTE_ADDR");
    (void)snprintf(r->request_id, sizeof r->request_id, "%.64s", param(cgi, "REQUEST_ID"));
    const char *trace = param(cgi, "HTTP_TRACEPARENT");
    if (traceparent_valid(trace))
        (void)snprintf(r->traceparent, sizeof r->traceparent, "%s", trace);
    else
        traceparent_of_cloud(param(cgi, "HTTP_X_CLOUD_TRACE_CONTEXT"), r->traceparent);
    const char *length = param(cgi, "X_BODY_LENGTH");
    r->content_length = length[0] != '\0' ? strtoll(length, NULL, 10) : -1;
    r->auth.anonymous = true;
    const char *path = param(cgi, about ? "AUTH_URI" : "DOCUMENT_URI");
    size_t n = strlen(path);
    r->path = path_copy;
    path_copy[0] = '\0';
    if (n >= 2048)
        return error_set(e, ERR_BAD_REQUEST, "The path is too long.");
    while (n > 1 && path[n - 1] == '/')
        n--;
    memcpy(path_copy, path, n);
    path_copy[n] = '\0';
    r->method = read_method(param(cgi, about ? "AUTH_METHOD" : "REQUEST_METHOD"));
    return ERR_OK;
}

const char *request_header(const struct request *r, const char *name)
{
    char cgi_name[96] = "HTTP_";
    size_t n = 5;
    for (const char *p = name; *p != '\0' && n < sizeof cgi_name - 1; p++)
        cgi_name[n++] = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    cgi_name[n] = '\0';
    if (strncmp(cgi_name, "HTTP_X_CLOUDTASKS_", 18) == 0 && (r->auth.scopes & SCOPE_TASK) == 0)
        return NULL;
    return FCGX_GetParam(cgi_name, ((const FCGX_Request *)r->cgi)->envp);
}

static bool is_utf8(const char *text, size_t n)
{
    json_t *string = json_stringn(text, n);
    json_decref(string);
    return string != NULL;
}

/* Appends one part of the query, percent-decoded; a plus is a space (the URL standard's form
 * encoding). */
static enum err decode(const char *text, size_t n, struct buffer *out, struct error *e)
{
    char *copy = strndup(text, n);
    int decoded_len = 0;
    for (char *p = copy; p != NULL && *p != '\0'; p++)
        if (*p == '+')
            *p = ' ';
    char *decoded = copy != NULL ? curl_easy_unescape(NULL, copy, (int)n, &decoded_len) : NULL;
    free(copy);
    if (decoded == NULL)
        return error_no_memory(e);
    bool ok =
        is_utf8(decoded, (size_t)decoded_len) && memchr(decoded, '\0', (size_t)decoded_len) == NULL;
    if (ok)
        buffer_append(out, decoded, (size_t)decoded_len);
    curl_free(decoded);
    return ok ? ERR_OK : error_set(e, ERR_BAD_REQUEST, "The query is not valid UTF-8.");
}

enum err request_query(const struct request *r, const char *name, struct buffer *out, bool *found,
                       struct error *e)
{
    size_t name_len = strlen(name);
    *found = false;
    for (const char *p = r->query; *p != '\0';) {
        size_t n = strcspn(p, "&");
        if (n >= name_len && memcmp(p, name, name_len) == 0 &&
            (n == name_len || p[name_len] == '=')) {
            size_t skip = n == name_len ? name_len : name_len + 1;
            if (*found)
                return error_set(e, ERR_BAD_REQUEST, "The query parameter %s is given twice.",
                                 name);
            *found = true;
            enum err err = decode(p + skip, n - skip, out, e);
            if (err != ERR_OK)
                return err;
        }
        p += n + (p[n] == '&');
    }
    return ERR_OK;
}

static bool name_listed(const char *names, const char *name, size_t n)
{
    while (*names != '\0') {
        size_t len = strcspn(names, " ");
        if (len == n && memcmp(names, name, n) == 0)
            return true;
        names += len + strspn(names + len, " ");
    }
    return false;
}

enum err request_json(const struct request *r, json_t **out, struct error *e)
{
    *out = NULL;
    if (r->body.len == 0)
        return error_set(e, ERR_BAD_REQUEST, "The body is empty; send a JSON object.");
    return json_parse(r->body.data, r->body.len, out, e);
}

enum err request_query_flag(const struct request *r, const char *name, bool *out, struct error *e)
{
    struct buffer text = BUFFER_INIT;
    bool found;
    enum err err = request_query(r, name, &text, &found, e);
    const char *choice = text.data != NULL ? text.data : "";
    *out = strcmp(choice, "true") == 0;
    if (err == ERR_OK && found && !*out && strcmp(choice, "false") != 0)
        err = error_set(e, ERR_UNPROCESSABLE, "%s: must be true or false", name);
    buffer_free(&text);
    return err;
}

enum err request_query_known(const struct request *r, const char *names, struct error *e)
{
    struct buffer name = BUFFER_INIT;
    enum err err = ERR_OK;
    for (const char *p = r->query; err == ERR_OK && *p != '\0';) {
        size_t n = strcspn(p, "&"), len = strcspn(p, "=&");
        if (n > 0 && !name_listed(names, p, len) && (err = decode(p, len, &name, e)) == ERR_OK)
            err =
                error_set(e, ERR_UNKNOWN_NAME, "The query parameter %.64s is not known here; %s%s.",
                          name.data != NULL ? name.data : "without a name",
                          names[0] != '\0' ? "known: " : "there are none", names);
        p += n + (p[n] == '&');
    }
    buffer_free(&name);
    return err;
}

bool request_media_type_is(const struct request *r, const char *type)
{
    size_t n = strcspn(r->content_type, "; \t");
    return n == strlen(type) && strncasecmp(r->content_type, type, n) == 0;
}

bool request_if_match(const struct request *r, const char *tag)
{
    const char *known = request_header(r, "If-Match");
    size_t len = strlen(tag);
    bool match = known == NULL || strcmp(known, "*") == 0;
    for (const char *p = known; !match && *p != '\0'; p += strcspn(p, ", \t")) {
        p += strspn(p, ", \t");
        if (strncmp(p, "W/", 2) == 0)
            p += 2;
        match = strcspn(p, ", \t") == len && strncmp(p, tag, len) == 0;
    }
    return match;
}

static enum err read_json_body(FCGX_Request *cgi, int64_t max_bytes, struct request *r,
                               struct error *e)
{
    char chunk[8192];
    int n;
    while ((n = FCGX_GetStr(chunk, sizeof chunk, cgi->in)) > 0) {
        buffer_append(&r->body, chunk, (size_t)n);
        if ((int64_t)r->body.len > max_bytes)
            return error_set(e, ERR_TOO_LARGE, "The body is larger than %lld bytes.",
                             (long long)max_bytes);
    }
    if (buffer_failed(&r->body))
        return error_no_memory(e);
    if (r->body.len > 0 && !request_media_type_is(r, "application/json"))
        return error_set(e, ERR_MEDIA_TYPE, "The body must be application/json.");
    return ERR_OK;
}

/* nginx makes the file's name; that it lies where it should guards against a wrong config. */
static enum err find_body_file(const FCGX_Request *cgi, const char *uploads_dir, struct request *r,
                               struct error *e)
{
    const char *path = param(cgi, "X_BODY_FILE");
    size_t n = strlen(uploads_dir);
    if (path[0] == '\0')
        return error_set(e, ERR_UNPROCESSABLE, "The upload is empty.");
    if (strncmp(path, uploads_dir, n) != 0 || path[n] != '/' || strstr(path, "/../") != NULL) {
        error_set(e, ERR_INTERNAL, "The upload could not be taken over.");
        return error_cause(e, "nginx put the body at %.200s, outside %s", path, uploads_dir);
    }
    r->body_file = path;
    return ERR_OK;
}

enum err request_read_body(FCGX_Request *cgi, const struct route *route, int64_t max_json_bytes,
                           const char *uploads_dir, struct request *r, struct error *e)
{
    if (route->body == BODY_JSON)
        return read_json_body(cgi, max_json_bytes, r, e);
    return route->body == BODY_FILE ? find_body_file(cgi, uploads_dir, r, e) : ERR_OK;
}
