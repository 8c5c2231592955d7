#include "google/firestore_counter.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/firestore_value.h"

#define DIGEST_BYTES 16

/* Names may hold anything, documents' ids may not. */
static json_t *document_name(const char *documents, const char *collection, const char *name)
{
    unsigned char digest[DIGEST_BYTES];
    char id[2 * DIGEST_BYTES + 1];
    (void)crypto_generichash(digest, sizeof digest, (const unsigned char *)name, strlen(name), NULL,
                             0);
    sodium_bin2hex(id, sizeof id, digest, sizeof digest);
    return json_sprintf("%s/%s_counters/%s", documents, collection, id);
}

/* Adds n, for all who count at once; the commit tells the sum. */
static enum err add(struct google_client *client, const char *documents, const json_t *document,
                    int64_t n, int64_t expires_us, int64_t *value, struct error *e)
{
    char path[512];
    struct google_reply r = {0};
    (void)snprintf(path, sizeof path, "/v1/%s:commit", documents);
    json_t *body = json_pack("{s:[{s:{s:O,s:{s:o}},s:{s:[s]},s:[{s:s,s:o}]}]}", "writes", "update",
                             "name", document, "fields", "expires_at", fs_time(expires_us),
                             "updateMask", "fieldPaths", "expires_at", "updateTransforms",
                             "fieldPath", "value", "increment", fs_integer(n));
    const struct google_request q = {.api = GOOGLE_FIRESTORE,
                                     .method = "POST",
                                     .path = path,
                                     .json = body,
                                     .must_exist = true,
                                     .idempotent = true};
    enum err err = body != NULL ? google_call(client, &q, &r, e) : error_no_memory(e);
    const char *sum = NULL;
    if (err == ERR_OK && json_unpack(r.json, "{s:[{s:[{s:s}]}]}", "writeResults",
                                     "transformResults", "integerValue", &sum) != 0)
        err = error_set(e, ERR_UNAVAILABLE, "Firestore does not tell what it has counted.");
    if (err == ERR_OK)
        *value = strtoll(sum, NULL, 10);
    google_reply_clear(&r);
    json_decref(body);
    return err;
}

enum err firestore_count(struct google_client *client, const char *documents,
                         const char *collection, const char *name, int64_t n, int64_t most,
                         int64_t expires_us, int64_t *value, struct error *e)
{
    int64_t left;
    json_t *document = document_name(documents, collection, name);
    enum err err = document != NULL ? add(client, documents, document, n, expires_us, value, e)
                                    : error_no_memory(e);
    if (err == ERR_OK && n > 0 && *value > most) {
        err = add(client, documents, document, -n, expires_us, &left, e);
        if (err == ERR_OK)
            err = error_set(e, ERR_RATE_LIMITED, "%s would be more than it may.", name);
    }
    json_decref(document);
    return err;
}

json_t *firestore_counter_add(const char *documents, const char *collection, const char *name,
                              int64_t n)
{
    return json_pack("{s:{s:o,s:{s:o}},s:{s:[s]},s:[{s:s,s:o}]}", "update", "name",
                     document_name(documents, collection, name), "fields", "name", fs_string(name),
                     "updateMask", "fieldPaths", "name", "updateTransforms", "fieldPath", "value",
                     "increment", fs_integer(n));
}

/* The answers come in any order. */
static void take_value(const json_t *document, struct counter *io, size_t n)
{
    const json_t *fields = json_object_get(document, "fields");
    const char *name = fs_get_string(fields, "name");
    for (size_t i = 0; name != NULL && i < n; i++)
        if (strcmp(io[i].name, name) == 0)
            io[i].n = fs_get_integer(fields, "value");
}

enum err firestore_counters_read(struct google_client *client, const char *documents,
                                 const char *collection, struct counter *io, size_t n,
                                 struct error *e)
{
    char path[512];
    struct google_reply r = {0};
    json_t *names = json_array(), *answer;
    size_t k;
    for (size_t i = 0; i < n; i++) {
        io[i].n = 0;
        (void)json_array_append_new(names, document_name(documents, collection, io[i].name));
    }
    json_t *body = json_pack("{s:o}", "documents", names);
    (void)snprintf(path, sizeof path, "/v1/%s:batchGet", documents);
    const struct google_request q = {.api = GOOGLE_FIRESTORE,
                                     .method = "POST",
                                     .path = path,
                                     .json = body,
                                     .must_exist = true,
                                     .idempotent = true};
    enum err err = body != NULL && json_array_size(names) == n ? google_call(client, &q, &r, e)
                                                               : error_no_memory(e);
    json_array_foreach(r.json, k, answer)
    {
        take_value(json_object_get(answer, "found"), io, n);
    }
    google_reply_clear(&r);
    json_decref(body);
    return err;
}
