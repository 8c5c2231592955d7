/* Jobs in Firestore: https://cloud.google.com/firestore/docs/reference/rest
 * A commit whose answer was lost is tried again, by the client or by curl itself, and then meets
 * its own effect. A job carries the random write_id of its last change, feedback has a random id:
 * by these our own commit is told from somebody else's, and from one that was refused.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/uri.h"
#include "google/firestore_counter.h"
#include "google/firestore_job.h"
#include "google/firestore_query.h"
#include "google/firestore_store.h"
#include "google/firestore_value.h"
#include "google/google.h"

#define IDEMPOTENCY_LIFE_US (24 * 3600 * US_PER_S)

void firestore_name(const struct firestore *t, const char *collection, const char *id,
                    char out[NAME_MAX_LEN])
{
    (void)snprintf(out, NAME_MAX_LEN, "%s/%s/%s", t->documents, collection, id);
}

/* --- calls --- */

static enum err get_document(struct firestore *t, const char *collection, const char *id,
                             struct google_reply *r, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    memset(r, 0, sizeof *r);
    buffer_printf(&path, "/v1/%s/%s/", t->documents, collection);
    uri_escape(&path, id);
    struct google_request q = {
        .api = GOOGLE_FIRESTORE, .method = "GET", .path = path.data, .idempotent = true};
    enum err err = buffer_failed(&path) ? error_no_memory(e) : google_call(t->client, &q, r, e);
    buffer_free(&path);
    return err;
}

/* POSTs body (which is consumed) to documents:method. */
static enum err post(struct firestore *t, const char *method, json_t *body, bool must_exist,
                     struct google_reply *r, struct error *e)
{
    char path[NAME_MAX_LEN];
    const struct google_request q = {.api = GOOGLE_FIRESTORE,
                                     .method = "POST",
                                     .path = path,
                                     .json = body,
                                     .must_exist = must_exist,
                                     .idempotent = true};
    memset(r, 0, sizeof *r);
    (void)snprintf(path, sizeof path, "/v1/%s:%s", t->documents, method);
    enum err err = body != NULL ? google_call(t->client, &q, r, e) : error_no_memory(e);
    json_decref(body);
    return err;
}

/* Its 404 and FAILED_PRECONDITION mostly are answers to the writes' own conditions. */
enum err firestore_commit(struct firestore *t, json_t *writes, struct google_reply *r,
                          struct error *e)
{
    return post(t, "commit", json_pack("{s:o}", "writes", writes), false, r, e);
}

/* The update time that a commit gave its write number i. */
static const char *written_at(const struct google_reply *r, size_t i)
{
    const json_t *results = json_object_get(r->json, "writeResults");
    return json_string_value(json_object_get(json_array_get(results, i), "updateTime"));
}

/* --- commits that met a conflict --- */

/* Whether the document's field holds our mark, and so the document what we wanted to write:
 * ERR_OK and its *revision, else ERR_CONFLICT; ERR_NOT_FOUND when there is none. */
static enum err find_own(struct firestore *t, const char *collection, const char *id,
                         const char *field, const char *mark, char revision[40], struct error *e)
{
    struct google_reply r;
    enum err err = get_document(t, collection, id, &r, e);
    if (err == ERR_OK) {
        const char *found = fs_get_string(json_object_get(r.json, "fields"), field);
        if (found == NULL || strcmp(found, mark) != 0)
            err = error_set(e, ERR_CONFLICT, "The document was changed by somebody else.");
        else
            firestore_copy(revision, 40, json_string_value(json_object_get(r.json, "updateTime")));
    }
    google_reply_clear(&r);
    return err;
}

/* After a conflict in creating a document with a random id: ERR_OK when it is there, by our own
 * commit; else ERR_CONFLICT, with *e as it was. */
enum err firestore_find_created(struct firestore *t, const char *collection, const char *id,
                                const char *field, const char *mark, struct error *e)
{
    char revision[40];
    struct error why;
    enum err err = find_own(t, collection, id, field, mark, revision, &why);
    if (err == ERR_NOT_FOUND || err == ERR_CONFLICT)
        return ERR_CONFLICT;
    if (err != ERR_OK)
        *e = why;
    return err;
}

/* No condition of the commit's can have failed, so Firestore itself did not want it. */
enum err firestore_refused(struct error *e)
{
    char why[ERROR_TEXT_MAX];
    memcpy(why, e->cause, sizeof why);
    error_set(e, ERR_UNAVAILABLE, "Firestore did not take the change; try again.");
    e->retry_after_s = 2;
    return error_cause(e, "%s", why);
}

/* --- create --- */

/* The document id of a key: a digest, since keys may hold anything. */
static void idempotency_id(const struct idempotency *idem, char out[65])
{
    unsigned char digest[32];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof digest);
    (void)crypto_generichash_update(&state, (const unsigned char *)idem->owner,
                                    strlen(idem->owner) + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)idem->key, strlen(idem->key));
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    sodium_bin2hex(out, 65, digest, sizeof digest);
}

static json_t *fields_of_new(const struct job *j, const char *write_id, const char *key_id)
{
    struct job first = *j;
    first.version = 1;
    json_t *fields = firestore_job_fields(&first, write_id, true);
    if (json_object_set_new(fields, "idempotency_id", fs_string(key_id)) != 0) {
        json_decref(fields);
        fields = NULL;
    }
    return fields;
}

static enum err commit_create(struct firestore *t, const struct job *j,
                              const struct idempotency *idem, const char *key_id,
                              const char *replacing, const char *write_id, struct error *e)
{
    char name[NAME_MAX_LEN];
    struct google_reply r;
    json_t *writes = json_array();
    firestore_name(t, t->collection, j->id, name);
    (void)json_array_append_new(writes,
                                firestore_create(name, fields_of_new(j, write_id, key_id), NULL));
    if (idem != NULL) {
        int64_t now = clock_now_us(t->clock);
        json_t *fields = json_pack("{s:o,s:o,s:o,s:o}", "job_id", fs_string(j->id), "body_hash",
                                   fs_string(idem->body_hash), "created_at", fs_time(now),
                                   "expires_at", fs_time(now + 2 * IDEMPOTENCY_LIFE_US));
        firestore_name(t, t->idempotency, key_id, name);
        (void)json_array_append_new(writes, firestore_create(name, fields, replacing));
    }
    enum err err = firestore_commit(t, writes, &r, e);
    google_reply_clear(&r);
    return err;
}

/* The key was used before: *existing is the job made then. With *replacing set instead, the key's
 * document is out of date and may be replaced. ERR_NOT_FOUND: it was not used. */
static enum err find_existing(struct firestore *t, const struct idempotency *idem,
                              const char *key_id, struct job **existing, char replacing[40],
                              struct error *e)
{
    struct google_reply r, job = {0};
    replacing[0] = '\0';
    enum err err = get_document(t, t->idempotency, key_id, &r, e);
    if (err == ERR_OK) {
        const json_t *f = json_object_get(r.json, "fields");
        const char *job_id = fs_get_string(f, "job_id"), *hash = fs_get_string(f, "body_hash");
        int64_t age_us = clock_now_us(t->clock) - fs_get_time(f, "created_at");
        bool outdated = age_us > IDEMPOTENCY_LIFE_US || job_id == NULL || hash == NULL;
        if (!outdated && strcmp(hash, idem->body_hash) != 0)
            err = error_set(e, ERR_UNPROCESSABLE,
                            "This Idempotency-Key was used with another body; use a new one.");
        else if (!outdated)
            err = get_document(t, t->collection, job_id, &job, e);
        if (outdated || err == ERR_NOT_FOUND) {
            firestore_copy(replacing, 40, json_string_value(json_object_get(r.json, "updateTime")));
            err = ERR_OK;
        } else if (err == ERR_OK && (*existing = firestore_job_read(job.json)) == NULL) {
            err = error_no_memory(e);
        }
    }
    google_reply_clear(&job);
    google_reply_clear(&r);
    return err;
}

static enum err store_create(void *self, const struct job *j, const struct idempotency *idem,
                             struct job **existing, struct error *e)
{
    struct firestore *t = self;
    char key_id[65] = "", replacing[40] = "", write_id[33];
    *existing = NULL;
    random_hex(write_id, 16);
    if (idem != NULL)
        idempotency_id(idem, key_id);
    for (int i = 0; i < 2; i++) {
        struct error why;
        enum err err = commit_create(t, j, idem, idem != NULL ? key_id : NULL,
                                     replacing[0] != '\0' ? replacing : NULL, write_id, e);
        if (err == ERR_CONFLICT)
            err = firestore_find_created(t, t->collection, j->id, "write_id", write_id, e);
        if (err == ERR_NOT_FOUND || (err == ERR_CONFLICT && idem == NULL))
            return firestore_refused(e);
        if (err != ERR_CONFLICT)
            return err;
        err = find_existing(t, idem, key_id, existing, replacing, &why);
        if (err == ERR_NOT_FOUND)
            return firestore_refused(e);
        if (err != ERR_OK)
            *e = why;
        if (err != ERR_OK || replacing[0] == '\0')
            return err;
    }
    return error_set(e, ERR_UNAVAILABLE, "The job is being created by another request; try again.");
}

static enum err store_find_by_key(void *self, const struct idempotency *idem, struct job **existing,
                                  struct error *e)
{
    char key_id[65], replacing[40];
    *existing = NULL;
    idempotency_id(idem, key_id);
    enum err err = find_existing(self, idem, key_id, existing, replacing, e);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- read and change --- */

static enum err store_get(void *self, const char *id, struct job **out, struct error *e)
{
    struct google_reply r;
    *out = NULL;
    enum err err = get_document(self, ((struct firestore *)self)->collection, id, &r, e);
    if (err == ERR_OK && (*out = firestore_job_read(r.json)) == NULL)
        err = error_no_memory(e);
    google_reply_clear(&r);
    return err;
}

static enum err store_replace(void *self, struct job *next, struct error *e)
{
    struct firestore *t = self;
    struct google_reply r;
    char name[NAME_MAX_LEN], write_id[33];
    random_hex(write_id, 16);
    firestore_name(t, t->collection, next->id, name);
    next->version++;
    json_t *fields = firestore_job_fields(next, write_id, false);
    next->version--;
    json_t *mask = firestore_mask(fields);
    json_t *write =
        json_pack("[{s:{s:s,s:o},s:o,s:{s:s}}]", "update", "name", name, "fields", fields,
                  "updateMask", mask, "currentDocument", "updateTime", next->revision);
    enum err err = firestore_commit(t, write, &r, e);
    if (err == ERR_OK)
        firestore_copy(next->revision, sizeof next->revision, written_at(&r, 0));
    if (err == ERR_CONFLICT)
        err = find_own(t, t->collection, next->id, "write_id", write_id, next->revision, e);
    if (err == ERR_OK)
        next->version++;
    google_reply_clear(&r);
    return err;
}

/* --- queries --- */

/* Calls take with each document found. */
enum err firestore_run_query(struct firestore *t, json_t *structured,
                             bool (*take)(void *to, const json_t *document), void *to,
                             struct error *e)
{
    struct google_reply r;
    json_t *item;
    size_t i;
    enum err err =
        post(t, "runQuery", json_pack("{s:o}", "structuredQuery", structured), true, &r, e);
    json_array_foreach(r.json, i, item)
    {
        const json_t *document = json_object_get(item, "document");
        if (err == ERR_OK && document != NULL && !take(to, document))
            err = error_no_memory(e);
    }
    google_reply_clear(&r);
    return err;
}

static bool take_job(void *to, const json_t *document)
{
    return job_page_add(to, firestore_job_read(document));
}

static json_t *list_filters(const struct job_filter *f)
{
    json_t *list = json_array();
    if (f->owner != NULL)
        (void)json_array_append_new(list,
                                    firestore_condition("owner", "EQUAL", fs_string(f->owner)));
    if (f->pdf_id != NULL)
        (void)json_array_append_new(list,
                                    firestore_condition("pdf_id", "EQUAL", fs_string(f->pdf_id)));
    if (f->status >= 0)
        (void)json_array_append_new(
            list, firestore_condition("status", "EQUAL", fs_string(job_status_names[f->status])));
    if (json_array_size(list) > 0)
        return firestore_all_of(list);
    json_decref(list);
    return NULL;
}

static enum err store_list(void *self, const struct job_filter *f, struct job_page *out,
                           struct error *e)
{
    struct firestore *t = self;
    char id[UUID_LEN + 1] = "", name[NAME_MAX_LEN];
    int64_t created_us = 0;
    enum err err = ERR_OK;
    memset(out, 0, sizeof *out);
    if (f->page_token != NULL &&
        (err = page_token_read(f->page_token, &created_us, id, e)) != ERR_OK)
        return err;
    json_t *q = firestore_query(t->collection, list_filters(f),
                                json_pack("[o,o]", firestore_order("created_at", "DESCENDING"),
                                          firestore_order("__name__", "DESCENDING")),
                                f->page_size + 1);
    if (f->page_token != NULL) {
        firestore_name(t, t->collection, id, name);
        (void)json_object_set_new(q, "startAt",
                                  json_pack("{s:[o,{s:s}],s:b}", "values", fs_time(created_us),
                                            "referenceValue", name, "before", 0));
    }
    err = firestore_run_query(t, q, take_job, out, e);
    return job_page_end(out, f->page_size, err, e);
}

/* Jobs of a status whose time field lies before a time, oldest first. status NULL: of any. */
static enum err list_before(struct firestore *t, const char *status, const char *field, int64_t us,
                            int max, struct job_page *out, struct error *e)
{
    json_t *list = json_array();
    if (status != NULL)
        (void)json_array_append_new(list,
                                    firestore_condition("status", "EQUAL", fs_string(status)));
    (void)json_array_append_new(list,
                                firestore_condition(field, "LESS_THAN", fs_time(us > 0 ? us : 1)));
    return firestore_run_query(
        t,
        firestore_query(t->collection, firestore_all_of(list),
                        json_pack("[o]", firestore_order(field, "ASCENDING")), max),
        take_job, out, e);
}

static enum err store_list_stale(void *self, int64_t queued_before_us, int64_t lease_before_us,
                                 int max, struct job_page *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    enum err err =
        list_before(self, "processing", "lease_expires_at", lease_before_us, max, out, e);
    if (err == ERR_OK && out->n < (size_t)max)
        err = list_before(self, "queued", "next_attempt_at", queued_before_us, max - (int)out->n,
                          out, e);
    if (err != ERR_OK)
        job_page_free(out);
    return err;
}

static enum err store_list_expired(void *self, int64_t now_us, int max, struct job_page *out,
                                   struct error *e)
{
    memset(out, 0, sizeof *out);
    enum err err = list_before(self, NULL, "expires_at", now_us, max, out, e);
    if (err != ERR_OK)
        job_page_free(out);
    return err;
}

/* --- removal --- */

static enum err store_remove(void *self, const char *id, struct error *e)
{
    struct firestore *t = self;
    struct google_reply r;
    char name[NAME_MAX_LEN];
    json_t *writes = json_array();
    enum err err = get_document(t, t->collection, id, &r, e);
    const char *key_id = fs_get_string(json_object_get(r.json, "fields"), "idempotency_id");
    if (err == ERR_OK && key_id != NULL) {
        firestore_name(t, t->idempotency, key_id, name);
        (void)json_array_append_new(writes, json_pack("{s:s}", "delete", name));
    }
    google_reply_clear(&r);
    firestore_name(t, t->collection, id, name);
    (void)json_array_append_new(writes, json_pack("{s:s}", "delete", name));
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = firestore_feedback_remove(t, id, e);
    if (err == ERR_OK) {
        err = firestore_commit(t, json_incref(writes), &r, e);
        google_reply_clear(&r);
    }
    json_decref(writes);
    return err;
}

static enum err store_count(void *self, const char *name, int64_t n, int64_t most, int64_t ends,
                            int64_t *out, struct error *e)
{
    const struct firestore *t = self;
    return firestore_count(t->client, t->documents, t->collection, name, n, most, ends, out, e);
}

/* --- opening --- */

static enum err store_ping(void *self, struct error *e)
{
    struct firestore *t = self;
    struct google_reply r;
    char path[NAME_MAX_LEN];
    (void)snprintf(path, sizeof path, "/v1/%s/%s?pageSize=1&mask.fieldPaths=status", t->documents,
                   t->collection);
    struct google_request q = {.api = GOOGLE_FIRESTORE,
                               .method = "GET",
                               .path = path,
                               .must_exist = true,
                               .idempotent = true};
    enum err err = google_call(t->client, &q, &r, e);
    google_reply_clear(&r);
    return err;
}

static void store_close(void *self)
{
    struct firestore *t = self;
    free(t->documents);
    free(t->collection);
    free(t->feedback);
    free(t->idempotency);
    free(t);
}

static const struct job_store_ops ops = {
    .name = "firestore",
    .create = store_create,
    .find_by_key = store_find_by_key,
    .get = store_get,
    .replace = store_replace,
    .list = store_list,
    .list_stale = store_list_stale,
    .list_expired = store_list_expired,
    .remove = store_remove,
    .feedback_add = firestore_feedback_add,
    .feedback_list = firestore_feedback_list,
    .counters = firestore_counters,
    .count = store_count,
    .ping = store_ping,
    .close = store_close,
};

enum err firestore_job_store_open(struct google_client *client, const struct firestore_options *o,
                                  struct job_store *out, struct error *e)
{
    struct buffer documents = BUFFER_INIT, idempotency = BUFFER_INIT;
    struct firestore *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    buffer_printf(&documents, "projects/%s/databases/%s/documents", o->project, o->database);
    buffer_printf(&idempotency, "%s_idempotency", o->collection);
    t->client = client;
    t->clock = o->clock;
    t->documents = buffer_take(&documents);
    t->collection = strdup(o->collection);
    t->feedback = strdup(o->feedback_collection);
    t->idempotency = buffer_take(&idempotency);
    if (t->documents == NULL || t->collection == NULL || t->feedback == NULL ||
        t->idempotency == NULL) {
        store_close(t);
        return error_no_memory(e);
    }
    out->ops = &ops;
    out->self = t;
    return ERR_OK;
}
