/* Objects of a bucket: https://cloud.google.com/storage/docs/json_api */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rfc3339.h"
#include "base/uri.h"
#include "google/google.h"
#include "google/object_upload.h"
#include "google/signed_links.h"
#include "google/signed_url_v4.h"

#define TRANSFER_S     60 /* one try of moving a chunk or an object */
#define DOWNLOAD_TRIES 5
#define LIST_MOST      32   /* objects removed in one round */
#define PAGE_MOST      1000 /* objects of a page, as Cloud Storage gives them at most */

struct storage {
    struct google_client *client;
    char *bucket, *temp_dir;
    char *source_buckets; /* comma separated; NULL: none */
    struct signed_links *links;
};

/* `/storage/v1/b/{bucket}/o/{object}{suffix}` */
static enum err object_path(const struct storage *t, const char *name, const char *suffix,
                            struct buffer *out, struct error *e)
{
    buffer_printf(out, "/storage/v1/b/%s/o/", t->bucket);
    uri_escape(out, name);
    buffer_puts(out, suffix);
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

static enum err get_json(struct storage *t, const char *path, bool must_exist,
                         struct google_reply *r, struct error *e)
{
    struct google_request q = {.api = GOOGLE_STORAGE,
                               .method = "GET",
                               .path = path,
                               .must_exist = must_exist,
                               .idempotent = true};
    return google_call(t->client, &q, r, e);
}

/* --- uploading --- */

static struct object_upload upload_of(const struct storage *t, const char *name,
                                      const char *content_type)
{
    return (struct object_upload){
        .client = t->client, .bucket = t->bucket, .name = name, .content_type = content_type};
}

static enum err upload_file(void *self, int fd, int64_t size, struct error *e)
{
    return object_upload_file(self, fd, size, e);
}

static enum err storage_put_file(void *self, const char *name, const char *path,
                                 const char *content_type, bool keep, struct error *e)
{
    struct object_upload u = upload_of(self, name, content_type);
    u.create_only = keep;
    return blob_put_file(name, path, keep, upload_file, &u, e);
}

static enum err storage_put_bytes(void *self, const char *name, const void *bytes, size_t n,
                                  const char *content_type, struct error *e)
{
    struct object_upload u = upload_of(self, name, content_type);
    enum err err = blob_name_check(name, e);
    u.is_result = true;
    return err == ERR_OK ? object_upload_bytes(&u, bytes, n, e) : err;
}

static enum err storage_put_fd(void *self, const char *name, int fd, const char *content_type,
                               struct error *e)
{
    struct object_upload u = upload_of(self, name, content_type);
    struct stat st;
    enum err err = blob_name_check(name, e);
    if (err != ERR_OK)
        return err;
    if (fstat(fd, &st) != 0)
        return error_system(e, "read", "the file");
    u.is_result = true;
    return object_upload_file(&u, fd, st.st_size, e);
}

/* --- downloading --- */

/* Something in between answered in the service's place. */
static enum err not_the_object(int fd, struct error *e)
{
    if (ftruncate(fd, 0) != 0)
        return error_no_memory(e);
    return error_set(e, ERR_UNAVAILABLE,
                     "Cloud Storage gave an answer that cannot be read; try again.");
}

/* One attempt at a download from where it broke off; generation pins the object's version. Only the
 * last attempt can count as a failed call: a download that broke is one call, however many it took.
 */
static enum err fetch(struct storage *t, const char *name, int fd, int64_t at, bool last,
                      int64_t *generation, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    struct google_reply r = {0};
    char range[48], suffix[64];
    (void)snprintf(range, sizeof range, "Range: bytes=%" PRId64 "-", at);
    const char *const headers[] = {range, NULL};
    if (*generation != 0)
        (void)snprintf(suffix, sizeof suffix, "?alt=media&generation=%" PRId64, *generation);
    else
        (void)snprintf(suffix, sizeof suffix, "?alt=media");
    enum err err = object_path(t, name, suffix, &path, e);
    struct google_request q = {.api = GOOGLE_STORAGE,
                               .method = "GET",
                               .path = path.data,
                               .headers = at > 0 ? headers : NULL,
                               .to_file = true,
                               .sink_fd = fd,
                               .caller_retries = !last,
                               .timeout_s = TRANSFER_S};
    if (err == ERR_OK)
        err = google_call(t->client, &q, &r, e);
    if (r.generation != 0)
        *generation = r.generation;
    /* Nothing is missing behind the end: the attempt before had brought the last byte. */
    if (at > 0 && r.status == 416)
        err = ERR_OK;
    else if (err == ERR_OK && (r.generation == 0 || (at > 0 && r.status != 206)))
        err = not_the_object(fd, e);
    google_reply_clear(&r);
    buffer_free(&path);
    return err;
}

/* A download into fd, to its end; generation 0: any. */
static enum err download(struct storage *t, const char *name, int64_t generation, int fd,
                         struct error *e)
{
    enum err err = ERR_OK;
    for (int attempt = 0; attempt < DOWNLOAD_TRIES; attempt++) {
        int64_t at = lseek(fd, 0, SEEK_END);
        err = fetch(t, name, fd, at, attempt + 1 == DOWNLOAD_TRIES, &generation, e);
        if (!err_is_transient(err) || err == ERR_STORAGE_FULL)
            break;
        google_pause(attempt);
    }
    return err == ERR_OK && lseek(fd, 0, SEEK_SET) != 0 ? error_no_memory(e) : err;
}

static enum err storage_open(void *self, const char *name, const char *version, int *out,
                             struct error *e)
{
    struct storage *t = self;
    enum err err = blob_name_check(name, e);
    if (err != ERR_OK)
        return err;
    int fd = file_temporary(t->temp_dir);
    if (fd < 0)
        return error_set(e, ERR_STORAGE_FULL, "There is no room for a temporary file.");
    err = download(t, name, strtoll(version, NULL, 10), fd, e);
    if (err != ERR_OK)
        (void)close(fd);
    else
        *out = fd;
    if (err == ERR_NOT_FOUND && version[0] != '\0')
        return error_set(e, ERR_GONE, "%s was replaced or erased.", name);
    return err == ERR_NOT_FOUND ? blob_not_found(name, e) : err;
}

/* --- looking --- */

static void read_info(const json_t *object, struct blob_info *out)
{
    const char *size = json_string_value(json_object_get(object, "size"));
    const char *updated = json_string_value(json_object_get(object, "updated"));
    const char *generation = json_string_value(json_object_get(object, "generation"));
    out->size = size != NULL ? strtoull(size, NULL, 10) : 0;
    text_format(out->version, sizeof out->version, "%s", generation != NULL ? generation : "");
    if (updated == NULL || rfc3339_parse(updated, &out->updated_us) != 0)
        out->updated_us = 0;
}

static enum err look_at(struct storage *t, const char *name, struct blob_info *out, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    struct google_reply r = {0};
    enum err err = object_path(t, name, "?fields=size,updated,generation", &path, e);
    if (err == ERR_OK)
        err = get_json(t, path.data, false, &r, e);
    if (err == ERR_OK)
        read_info(r.json, out);
    google_reply_clear(&r);
    buffer_free(&path);
    return err;
}

static enum err storage_stat(void *self, const char *name, struct blob_info *out, struct error *e)
{
    enum err err = blob_name_check(name, e);
    if (err == ERR_OK)
        err = look_at(self, name, out, e);
    return err == ERR_NOT_FOUND ? blob_not_found(name, e) : err;
}

/* --- objects of others --- */

/* Never the service's own, where all clients' documents lie. */
static bool is_source_bucket(const struct storage *t, const char *name, size_t n)
{
    bool found = false;
    if (strlen(t->bucket) == n && strncmp(t->bucket, name, n) == 0)
        return false;
    for (const char *at = t->source_buckets; !found && at != NULL && n > 0;) {
        size_t len = strcspn(at, ",");
        found = len == n && strncmp(at, name, n) == 0;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return found;
}

static enum err storage_fetch(void *self, const char *object, int64_t max_bytes, int fd,
                              struct error *e)
{
    char bucket[256];
    struct storage other = *(struct storage *)self;
    struct blob_info info;
    size_t n = strcspn(object, "/");
    if (n >= sizeof bucket || !is_source_bucket(&other, object, n) || object[n] == '\0' ||
        object[n + 1] == '\0')
        return error_set(e, ERR_UNPROCESSABLE,
                         "must be gs://BUCKET/OBJECT, of a bucket that the service may read from");
    (void)snprintf(bucket, sizeof bucket, "%.*s", (int)n, object);
    other.bucket = bucket;
    enum err err = look_at(&other, object + n + 1, &info, e);
    if (err == ERR_OK && info.size > (uint64_t)max_bytes)
        return error_set(e, ERR_TOO_LARGE, "The file is larger than %" PRId64 " bytes.", max_bytes);
    if (err == ERR_OK)
        err = download(&other, object + n + 1, strtoll(info.version, NULL, 10), fd, e);
    return err == ERR_NOT_FOUND
               ? error_set(e, ERR_UNPROCESSABLE, "there is no such object in its bucket")
               : err;
}

/* What is listed: names that begin with prefix and, where start is not "", do not come before it.
 */
struct range {
    const char *prefix, *start;
    int max; /* of a page */
};

static enum err list_page(struct storage *t, const struct range *range, const char *page_token,
                          struct google_reply *r, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    buffer_printf(&path,
                  "/storage/v1/b/%s/o?maxResults=%d"
                  "&fields=nextPageToken,items(name,size,updated,generation)&prefix=",
                  t->bucket, range->max);
    uri_escape(&path, range->prefix);
    if (range->start[0] != '\0') {
        buffer_puts(&path, "&startOffset=");
        uri_escape(&path, range->start);
    }
    if (page_token != NULL) {
        buffer_puts(&path, "&pageToken=");
        uri_escape(&path, page_token);
    }
    enum err err = buffer_failed(&path) ? error_no_memory(e) : get_json(t, path.data, true, r, e);
    buffer_free(&path);
    return err;
}

/* The first page that has something: a page may be empty and not the last. */
static enum err first_page(struct storage *t, const struct range *range, struct google_reply *r,
                           struct error *e)
{
    memset(r, 0, sizeof *r);
    enum err err = blob_prefix_check(range->prefix, e);
    if (err == ERR_OK)
        err = list_page(t, range, NULL, r, e);
    json_t *next;
    while (err == ERR_OK && json_array_size(json_object_get(r->json, "items")) == 0 &&
           json_is_string(next = json_object_get(r->json, "nextPageToken"))) {
        json_incref(next);
        google_reply_clear(r);
        err = list_page(t, range, json_string_value(next), r, e);
        json_decref(next);
    }
    return err;
}

static enum err storage_find(void *self, const char *prefix, char out[BLOB_NAME_MAX + 1],
                             struct blob_info *info, struct error *e)
{
    struct google_reply r;
    enum err err = first_page(self, &(struct range){prefix, "", 1}, &r, e);
    const json_t *item = json_array_get(json_object_get(r.json, "items"), 0);
    const char *name = json_string_value(json_object_get(item, "name"));
    if (err == ERR_OK && (name == NULL || !blob_name_valid(name)))
        err = error_set(e, ERR_NOT_FOUND, "There is nothing under %s.", prefix);
    if (err == ERR_OK) {
        (void)snprintf(out, BLOB_NAME_MAX + 1, "%s", name);
        read_info(item, info);
    }
    google_reply_clear(&r);
    return err;
}

/* startOffset is the first name that is listed: `after` itself may be there. */
static enum err take_items(const json_t *items, const char *after, size_t max,
                           struct blob_list *out, struct error *e)
{
    enum err err = ERR_OK;
    json_t *item;
    size_t i;
    json_array_foreach(items, i, item)
    {
        struct blob_info info;
        const char *name = json_string_value(json_object_get(item, "name"));
        read_info(item, &info);
        if (err == ERR_OK && name != NULL && strcmp(name, after) > 0 && blob_name_valid(name))
            err = blob_list_add(out, name, &info, max, e);
    }
    return err;
}

static enum err storage_list(void *self, const char *prefix, const char *after, size_t max,
                             struct blob_list *out, struct error *e)
{
    const struct range range = {prefix, after, max < PAGE_MOST ? (int)max + 1 : PAGE_MOST};
    json_t *token = NULL;
    enum err err = blob_prefix_check(prefix, e);
    do {
        struct google_reply r = {0};
        if (err == ERR_OK)
            err = list_page(self, &range, json_string_value(token), &r, e);
        if (err == ERR_OK)
            err = take_items(json_object_get(r.json, "items"), after, max, out, e);
        json_decref(token);
        token = json_incref(json_object_get(r.json, "nextPageToken"));
        google_reply_clear(&r);
    } while (err == ERR_OK && out->n < max && json_is_string(token));
    json_decref(token);
    if (err != ERR_OK)
        blob_list_free(out);
    return err;
}

/* Removes the listed objects, several at once; one that is gone already is fine. */
static enum err remove_objects(struct storage *t, const json_t *items, struct error *e)
{
    struct google_request q[LIST_MOST] = {{0}};
    struct google_reply r[LIST_MOST];
    struct error errors[LIST_MOST] = {{0}};
    struct buffer paths[LIST_MOST] = {{0}};
    json_t *item;
    size_t i, n = json_array_size(items);
    enum err err = ERR_OK;
    json_array_foreach(items, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        if (err == ERR_OK)
            err = object_path(t, name != NULL ? name : "", "", &paths[i], e);
        q[i] = (struct google_request){
            .api = GOOGLE_STORAGE, .method = "DELETE", .path = paths[i].data, .idempotent = true};
    }
    if (err == ERR_OK) {
        enum err all = google_call_many(t->client, q, n, NULL, r, errors, e);
        err = all != ERR_NOT_FOUND ? all : ERR_OK;
        for (i = 0; i < n; i++) {
            if (err == ERR_OK && errors[i].kind != ERR_OK && errors[i].kind != ERR_NOT_FOUND) {
                *e = errors[i];
                err = e->kind;
            }
            google_reply_clear(&r[i]);
        }
    }
    for (i = 0; i < n; i++)
        buffer_free(&paths[i]);
    return err;
}

/* Lists anew after each round, since what was listed is then gone. */
static enum err storage_remove_prefix(void *self, const char *prefix, struct error *e)
{
    for (;;) {
        struct google_reply r;
        enum err err = first_page(self, &(struct range){prefix, "", LIST_MOST}, &r, e);
        const json_t *items = json_object_get(r.json, "items");
        size_t n = json_array_size(items);
        if (err == ERR_OK && n > LIST_MOST)
            err = error_set(e, ERR_UNAVAILABLE, "Cloud Storage listed more than was asked for.");
        if (err == ERR_OK && n > 0)
            err = remove_objects(self, items, e);
        google_reply_clear(&r);
        if (err != ERR_OK || n == 0)
            return err;
    }
}

/* --- links --- */

static enum err storage_upload_url(void *self, const char *name, const char *content_type,
                                   int ttl_s, int64_t most_bytes, struct buffer *out,
                                   struct error *e)
{
    const struct storage *t = self;
    enum err err = blob_name_check(name, e);
    return err == ERR_OK ? signed_links_put(t->links, name, content_type, ttl_s, most_bytes, out, e)
                         : err;
}

static enum err storage_download_url(void *self, const char *name, int64_t expires_us,
                                     struct buffer *out, int64_t *until_us, struct error *e)
{
    const struct storage *t = self;
    enum err err = blob_name_check(name, e);
    return err == ERR_OK ? signed_links_get(t->links, name, expires_us, out, until_us, e) : err;
}

static void storage_uri(void *self, const char *name, struct buffer *out)
{
    buffer_printf(out, "gs://%s/%s", ((struct storage *)self)->bucket, name);
}

/* --- opening --- */

static enum err storage_ping(void *self, struct error *e)
{
    struct storage *t = self;
    struct google_reply r = {0};
    char path[256];
    (void)snprintf(path, sizeof path, "/storage/v1/b/%s/o?maxResults=1&fields=kind", t->bucket);
    enum err err = get_json(t, path, true, &r, e);
    google_reply_clear(&r);
    return err;
}

static void storage_close(void *self)
{
    struct storage *t = self;
    free(t->bucket);
    free(t->source_buckets);
    free(t->temp_dir);
    signed_links_close(t->links);
    free(t);
}

static const struct blob_store_ops ops = {
    .name = "cloud-storage",
    .put_file = storage_put_file,
    .put_bytes = storage_put_bytes,
    .put_fd = storage_put_fd,
    .open = storage_open,
    .stat = storage_stat,
    .find = storage_find,
    .list = storage_list,
    .remove_prefix = storage_remove_prefix,
    .upload_url = storage_upload_url,
    .limit_header = SIGNED_URL_V4_LIMIT,
    .download_url = storage_download_url,
    .uri = storage_uri,
    .fetch = storage_fetch,
    .ping = storage_ping,
    .close = storage_close,
};

enum err cloud_storage_open(struct google_client *client, const struct cloud_storage_options *o,
                            struct blob_store *out, struct error *e)
{
    struct storage *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    t->client = client;
    t->bucket = strdup(o->bucket);
    t->temp_dir = strdup(o->temp_dir);
    t->source_buckets = o->source_buckets != NULL ? strdup(o->source_buckets) : NULL;
    enum err err = t->bucket != NULL && t->temp_dir != NULL &&
                           (t->source_buckets != NULL || o->source_buckets == NULL)
                       ? signed_links_open(client, o, &t->links, e)
                       : error_no_memory(e);
    if (err != ERR_OK) {
        storage_close(t);
        return err;
    }
    out->ops = &ops;
    out->self = t;
    return ERR_OK;
}
