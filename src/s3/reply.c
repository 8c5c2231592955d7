#include "s3/reply.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"

/* Codes that tell more than their status. */
static const struct {
    const char *code;
    enum err kind;
    enum verdict verdict;
} codes[] = {
    {"NoSuchBucket", ERR_UNAVAILABLE, VERDICT_OPERATOR},
    {"NoSuchUpload", ERR_GONE, VERDICT_FINAL},
    {"ConditionalRequestConflict", ERR_UNAVAILABLE, VERDICT_AGAIN},
    {"OperationAborted", ERR_UNAVAILABLE, VERDICT_AGAIN},
    {"RequestTimeout", ERR_TIMEOUT, VERDICT_AGAIN},
    {"EntityTooLarge", ERR_TOO_LARGE, VERDICT_FINAL},
    {"QuotaExceeded", ERR_STORAGE_FULL, VERDICT_FINAL},
    {"XMinioStorageFull", ERR_STORAGE_FULL, VERDICT_FINAL},
    {"ExpiredToken", ERR_UNAVAILABLE, VERDICT_KEYS},
    {"ExpiredTokenException", ERR_UNAVAILABLE, VERDICT_KEYS},
    {"InvalidToken", ERR_UNAVAILABLE, VERDICT_KEYS},
    {"InvalidAccessKeyId", ERR_UNAVAILABLE, VERDICT_KEYS},
};

static const struct {
    long status;
    enum err kind;
    enum verdict verdict;
} statuses[] = {
    {401, ERR_UNAVAILABLE, VERDICT_OPERATOR}, {403, ERR_UNAVAILABLE, VERDICT_OPERATOR},
    {404, ERR_NOT_FOUND, VERDICT_FINAL},      {408, ERR_TIMEOUT, VERDICT_AGAIN},
    {412, ERR_CONFLICT, VERDICT_FINAL},       {413, ERR_TOO_LARGE, VERDICT_FINAL},
    {429, ERR_RATE_LIMITED, VERDICT_AGAIN},   {504, ERR_TIMEOUT, VERDICT_AGAIN},
    {507, ERR_STORAGE_FULL, VERDICT_FINAL},
};

static xmlDocPtr parse(const char *body, size_t n)
{
    return n > 0 ? xmlReadMemory(body, (int)n, NULL, NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
                 : NULL;
}

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static bool root_is(xmlDocPtr doc, const char *name)
{
    const xmlNode *root = doc != NULL ? xmlDocGetRootElement(doc) : NULL;
    return root != NULL && is(root, name);
}

/* The text of a child, to be freed by xmlFree; NULL: there is none. */
static char *text_of(const xmlNode *parent, const char *name)
{
    for (xmlNode *node = parent->children; node != NULL; node = node->next)
        if (is(node, name))
            return (char *)xmlNodeGetContent(node);
    return NULL;
}

static void free_text(char *text)
{
    if (text != NULL)
        xmlFree(text);
}

static enum err broken(const char *why, struct error *e)
{
    error_set(e, ERR_UNAVAILABLE, "S3 gave an answer that cannot be read; try again.");
    e->retry_after_s = 2;
    return error_cause(e, "%s", why);
}

/* --- errors --- */

static enum err kind_of(long status, const char *code, enum verdict *verdict)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i].code, code) == 0) {
            *verdict = codes[i].verdict;
            return codes[i].kind;
        }
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].status == status) {
            *verdict = statuses[i].verdict;
            return statuses[i].kind;
        }
    /* 200 with an error: the code counts as of the server. */
    *verdict = status >= 300 && status < 500 ? VERDICT_OPERATOR : VERDICT_AGAIN;
    return ERR_UNAVAILABLE;
}

enum err reply_judge(long status, const char *body, size_t n, enum verdict *verdict,
                     struct error *e)
{
    xmlDocPtr doc = parse(body, n);
    const xmlNode *root = root_is(doc, "Error") ? xmlDocGetRootElement(doc) : NULL;
    char *code = root != NULL ? text_of(root, "Code") : NULL;
    char *message = root != NULL ? text_of(root, "Message") : NULL;
    enum err kind = kind_of(status, code != NULL ? code : "", verdict);
    if (*verdict == VERDICT_OPERATOR || *verdict == VERDICT_KEYS)
        error_set(e, kind, "S3 cannot be used as it is set up; tell the operator.");
    else if (err_is_transient(kind))
        error_set(e, kind, "S3 does not answer as it should; try again.");
    else
        error_set(e, kind, "S3 refused the request.");
    if (err_is_transient(kind))
        e->retry_after_s = 2;
    (void)error_cause(e, "%ld %.60s: %.200s", status, code != NULL ? code : "",
                      message != NULL ? message : "");
    free_text(code);
    free_text(message);
    xmlFreeDoc(doc);
    return kind;
}

bool reply_is_error(const char *body, size_t n)
{
    xmlDocPtr doc = parse(body, n);
    bool error = root_is(doc, "Error");
    xmlFreeDoc(doc);
    return error;
}

/* --- answers --- */

void reply_version(const char *etag, char out[BLOB_VERSION_MAX + 1])
{
    size_t n = strlen(etag);
    bool usual = n > 2 && n - 2 <= BLOB_VERSION_MAX && etag[0] == '"' && etag[n - 1] == '"';
    text_format(out, BLOB_VERSION_MAX + 1, "%.*s", usual ? (int)n - 2 : 0, usual ? etag + 1 : "");
}

enum err reply_text(const char *body, size_t n, const char *element, struct buffer *out,
                    struct error *e)
{
    xmlDocPtr doc = parse(body, n);
    const xmlNode *root = doc != NULL ? xmlDocGetRootElement(doc) : NULL;
    char *text = root != NULL ? text_of(root, element) : NULL;
    bool found = text != NULL && text[0] != '\0';
    if (found)
        buffer_puts(out, text);
    free_text(text);
    xmlFreeDoc(doc);
    if (!found)
        return broken("an element is missing", e);
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

static enum err give(const xmlNode *object, reply_object_fn each, void *self, bool *enough,
                     struct error *e)
{
    struct blob_info info = {0};
    char *name = text_of(object, "Key"), *size = text_of(object, "Size"),
         *updated = text_of(object, "LastModified"), *etag = text_of(object, "ETag");
    reply_version(etag != NULL ? etag : "", info.version);
    info.size = size != NULL ? strtoull(size, NULL, 10) : 0;
    if (updated == NULL || rfc3339_parse(updated, &info.updated_us) != 0)
        info.updated_us = 0;
    enum err err =
        name != NULL ? each(self, name, &info, enough, e) : broken("an object has no name", e);
    free_text(name);
    free_text(size);
    free_text(updated);
    free_text(etag);
    return err;
}

enum err reply_list(const char *body, size_t n, reply_object_fn each, void *self, bool *enough,
                    struct buffer *next, struct error *e)
{
    xmlDocPtr doc = parse(body, n);
    enum err err = root_is(doc, "ListBucketResult") ? ERR_OK : broken("it is no list", e);
    xmlNode *root = err == ERR_OK ? xmlDocGetRootElement(doc) : NULL;
    char *token = root != NULL ? text_of(root, "NextContinuationToken") : NULL;
    for (xmlNode *node = root != NULL ? root->children : NULL;
         err == ERR_OK && !*enough && node != NULL; node = node->next)
        if (is(node, "Contents"))
            err = give(node, each, self, enough, e);
    if (token != NULL)
        buffer_puts(next, token);
    free_text(token);
    xmlFreeDoc(doc);
    return err == ERR_OK && buffer_failed(next) ? error_no_memory(e) : err;
}
