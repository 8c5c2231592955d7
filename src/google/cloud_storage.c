/* Objects of a bucket: https://cloud.google.com/storage/docs/json_api */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rfc3339.h"
#include "google/google.h"
#include "google/signed_links.h"
#include "google/signed_url_v4.h"

#define CHUNK           (8 << 20) /* of a resumable upload; a multiple of 256 KiB */
#define TRANSFER_S      60        /* one try of moving a chunk or an object */
#define DOWNLOAD_TRIES  5
#define UPLOAD_FAILURES 5 /* in one session */
#define UPLOAD_SESSIONS 3

struct storage {
    struct google_client *client;
    char *bucket, *temp_dir;
    struct signed_links *links;
};

static enum err check_name(const char *name, struct error *e)
{
    if (blob_name_valid(name))
        return ERR_OK;
    return error_set(e, ERR_BAD_REQUEST, "The name has characters that are not allowed.");
}

static enum err not_found(const char *name, struct error *e)
{
    return error_set(e, ERR_NOT_FOUND, "There is no %s.", name);
}

/* `/storage/v1/b/{bucket}/o/{object}{suffix}` */
static enum err object_path(const struct storage *t, const char *name, const char *suffix,
                            struct buffer *out, struct error *e)
{
    buffer_printf(out, "/storage/v1/b/%s/o/", t->bucket);
    google_escape(out, name);
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

static enum err upload_path(const struct storage *t, const char *kind, const char *name,
                            bool create_only, struct buffer *out, struct error *e)
{
    buffer_printf(out, "/upload/storage/v1/b/%s/o?uploadType=%s&fields=generation", t->bucket,
                  kind);
    if (name != NULL) {
        buffer_puts(out, "&name=");
        google_escape(out, name);
    }
    if (create_only)
        buffer_puts(out, "&ifGenerationMatch=0");
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

/* A small file goes as one request with its bytes alone. */
static enum err put_media(struct storage *t, const char *name, int fd, int64_t size,
                          const char *content_type, bool create_only, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    struct google_reply r = {0};
    enum err err = upload_path(t, "media", name, create_only, &path, e);
    struct google_request q = {.api = GOOGLE_STORAGE,
                               .method = "POST",
                               .path = path.data,
                               .content_type = content_type,
                               .body_from_file = true,
                               .body_fd = fd,
                               .body_file_len = size,
                               .must_exist = true,
                               .idempotent = true,
                               .timeout_s = TRANSFER_S};
    if (err == ERR_OK)
        err = google_call(t->client, &q, &r, e);
    google_reply_clear(&r);
    buffer_free(&path);
    return err;
}

/* Starts a resumable upload; session is its URL. */
static enum err start_session(struct storage *t, const char *name, int64_t size,
                              const char *content_type, bool create_only, char session[2048],
                              struct error *e)
{
    struct buffer path = BUFFER_INIT;
    struct google_reply r = {0};
    char type[128], length[64];
    (void)snprintf(type, sizeof type, "X-Upload-Content-Type: %s", content_type);
    (void)snprintf(length, sizeof length, "X-Upload-Content-Length: %" PRId64, size);
    const char *const headers[] = {type, length, NULL};
    enum err err = upload_path(t, "resumable", name, create_only, &path, e);
    struct google_request q = {.api = GOOGLE_STORAGE,
                               .method = "POST",
                               .path = path.data,
                               .headers = headers,
                               .content_type = "application/json",
                               .body = "{}",
                               .body_len = 2,
                               .must_exist = true,
                               .idempotent = true};
    if (err == ERR_OK)
        err = google_call(t->client, &q, &r, e);
    if (err == ERR_OK && r.location[0] == '\0')
        err = error_set(e, ERR_UNAVAILABLE, "Cloud Storage gave no upload session; try again.");
    (void)snprintf(session, 2048, "%s", r.location);
    google_reply_clear(&r);
    buffer_free(&path);
    return err;
}

/* Sends a chunk, or asks how far the session is (n 0). *sent is what the service has, negative when
 * it makes no sense; done tells that it has all. A chunk is not simply sent again: what of it
 * arrived is asked first. ERR_GONE: the session is no more. */
static enum err send_chunk(struct storage *t, const char *session, int fd, int64_t at, int64_t n,
                           int64_t size, int64_t *sent, bool *done, struct error *e)
{
    char range[80];
    struct google_reply r = {0};
    if (n > 0)
        (void)snprintf(range, sizeof range, "Content-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64,
                       at, at + n - 1, size);
    else
        (void)snprintf(range, sizeof range, "Content-Range: bytes */%" PRId64, size);
    const char *const headers[] = {range, NULL};
    struct google_request q = {.api = GOOGLE_STORAGE,
                               .method = "PUT",
                               .path = session,
                               .headers = headers,
                               .body_from_file = n > 0,
                               .body_fd = fd,
                               .body_offset = at,
                               .body_file_len = n,
                               .idempotent = n == 0,
                               .timeout_s = TRANSFER_S};
    enum err err = google_call(t->client, &q, &r, e);
    const char *dash = strchr(r.range, '-');
    if (r.status == 404 || r.status == 410)
        err = error_set(e, ERR_GONE, "The upload session has ended.");
    *done = err == ERR_OK && r.status != 308;
    int64_t last = dash != NULL ? strtoll(dash + 1, NULL, 10) : -1;
    *sent = last < size ? last + 1 : -1;
    google_reply_clear(&r);
    return err;
}

/* A chunk that brings the upload further: *at moves on, by the chunk at most. */
static enum err advance(struct storage *t, const char *session, int fd, int64_t size, int64_t *at,
                        bool *done, struct error *e)
{
    int64_t n = size - *at < CHUNK ? size - *at : CHUNK, sent;
    enum err err = send_chunk(t, session, fd, *at, n, size, &sent, done, e);
    if (err != ERR_OK || *done)
        return err;
    if (sent <= *at || sent > *at + n)
        return error_set(e, ERR_UNAVAILABLE, "Cloud Storage does not take the upload; try again.");
    *at = sent;
    return ERR_OK;
}

/* Sends the whole file through one session. */
static enum err send_file(struct storage *t, const char *session, int fd, int64_t size,
                          struct error *e)
{
    bool done = false;
    int64_t at = 0, sent;
    for (int failures = 0; !done;) {
        enum err err = advance(t, session, fd, size, &at, &done, e);
        if (err == ERR_OK)
            continue;
        if (!err_is_transient(err) || failures == UPLOAD_FAILURES)
            return err;
        google_pause(t->client, failures++);
        if ((err = send_chunk(t, session, fd, 0, 0, size, &sent, &done, e)) != ERR_OK)
            return err;
        if (sent >= 0 && sent <= size && sent <= at + CHUNK)
            at = sent;
    }
    return ERR_OK;
}

/* A session that has ended is begun anew, with the whole file. */
static enum err put_resumable(struct storage *t, const char *name, int fd, int64_t size,
                              const char *content_type, bool create_only, struct error *e)
{
    char session[2048];
    for (int i = 0; i < UPLOAD_SESSIONS; i++) {
        enum err err = start_session(t, name, size, content_type, create_only, session, e);
        if (err == ERR_OK)
            err = send_file(t, session, fd, size, e);
        if (err != ERR_GONE)
            return err;
    }
    return error_set(e, ERR_UNAVAILABLE, "Cloud Storage ends every upload session; try again.");
}

static enum err storage_put_file(void *self, const char *name, const char *path,
                                 const char *content_type, bool keep, struct error *e)
{
    struct storage *t = self;
    struct stat st;
    enum err err = check_name(name, e);
    if (err != ERR_OK)
        return err;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0)
        err = not_found(path, e);
    else if (st.st_size > CHUNK)
        err = put_resumable(t, name, fd, st.st_size, content_type, keep, e);
    else
        err = put_media(t, name, fd, st.st_size, content_type, keep, e);
    if (fd >= 0)
        (void)close(fd);
    if (keep && err == ERR_CONFLICT) /* it is there already */
        err = ERR_OK;
    if (err == ERR_OK)
        (void)unlink(path);
    return err;
}

/* A result: its bytes, and how browsers are to take it. */
static enum err storage_put_bytes(void *self, const char *name, const void *bytes, size_t n,
                                  const char *content_type, struct error *e)
{
    struct storage *t = self;
    struct buffer path = BUFFER_INIT, about = BUFFER_INIT;
    struct google_reply r = {0};
    json_t *tree =
        json_pack("{s:s,s:s,s:s,s:s}", "name", name, "contentType", content_type,
                  "contentDisposition", "attachment", "cacheControl", "private, no-transform");
    enum err err = check_name(name, e);
    if (err == ERR_OK)
        err = google_json_body(tree, &about, e);
    if (err == ERR_OK)
        err = upload_path(t, "multipart", NULL, false, &path, e);
    const struct google_part parts[] = {{"application/json; charset=UTF-8", about.data, about.len},
                                        {content_type, bytes, n}};
    struct google_request q = {.api = GOOGLE_STORAGE,
                               .method = "POST",
                               .path = path.data,
                               .content_type = "multipart/related",
                               .parts = parts,
                               .n_parts = 2,
                               .must_exist = true,
                               .idempotent = true,
                               .timeout_s = TRANSFER_S};
    if (err == ERR_OK)
        err = google_call(t->client, &q, &r, e);
    google_reply_clear(&r);
    json_decref(tree);
    buffer_free(&about);
    buffer_free(&path);
    return err;
}

/* --- downloading --- */

static int temp_file(const struct storage *t)
{
    char path[512];
    int fd = open(t->temp_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    if (snprintf(path, sizeof path, "%s/download-XXXXXX", t->temp_dir) >= (int)sizeof path)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

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

static enum err storage_open(void *self, const char *name, int *out, struct error *e)
{
    struct storage *t = self;
    int64_t generation = 0;
    enum err err = check_name(name, e);
    if (err != ERR_OK)
        return err;
    int fd = temp_file(t);
    if (fd < 0)
        return error_set(e, ERR_STORAGE_FULL, "There is no room for a temporary file.");
    for (int attempt = 0; attempt < DOWNLOAD_TRIES; attempt++) {
        int64_t at = lseek(fd, 0, SEEK_END);
        err = fetch(t, name, fd, at, attempt + 1 == DOWNLOAD_TRIES, &generation, e);
        if (!err_is_transient(err) || err == ERR_STORAGE_FULL)
            break;
        google_pause(t->client, attempt);
    }
    if (err == ERR_OK && lseek(fd, 0, SEEK_SET) != 0)
        err = error_no_memory(e);
    if (err != ERR_OK)
        (void)close(fd);
    else
        *out = fd;
    return err == ERR_NOT_FOUND ? not_found(name, e) : err;
}

/* --- looking --- */

static void read_info(const json_t *object, struct blob_info *out)
{
    const char *size = json_string_value(json_object_get(object, "size"));
    const char *updated = json_string_value(json_object_get(object, "updated"));
    out->size = size != NULL ? strtoull(size, NULL, 10) : 0;
    if (updated == NULL || rfc3339_parse(updated, &out->updated_us) != 0)
        out->updated_us = 0;
}

static enum err storage_stat(void *self, const char *name, struct blob_info *out, struct error *e)
{
    struct storage *t = self;
    struct buffer path = BUFFER_INIT;
    struct google_reply r = {0};
    enum err err = check_name(name, e);
    if (err == ERR_OK)
        err = object_path(t, name, "?fields=size,updated", &path, e);
    if (err == ERR_OK)
        err = get_json(t, path.data, false, &r, e);
    if (err == ERR_OK)
        read_info(r.json, out);
    google_reply_clear(&r);
    buffer_free(&path);
    return err == ERR_NOT_FOUND ? not_found(name, e) : err;
}

static enum err list_page(struct storage *t, const char *prefix, int max, const char *page_token,
                          struct google_reply *r, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    buffer_printf(&path,
                  "/storage/v1/b/%s/o?maxResults=%d&fields=nextPageToken,items(name,size,updated)"
                  "&prefix=",
                  t->bucket, max);
    google_escape(&path, prefix);
    if (page_token != NULL) {
        buffer_puts(&path, "&pageToken=");
        google_escape(&path, page_token);
    }
    enum err err = buffer_failed(&path) ? error_no_memory(e) : get_json(t, path.data, true, r, e);
    buffer_free(&path);
    return err;
}

/* The first page that has something: a page may be empty and not the last. */
static enum err list(struct storage *t, const char *prefix, int max, struct google_reply *r,
                     struct error *e)
{
    size_t n = strlen(prefix);
    memset(r, 0, sizeof *r);
    if (n < 2 || prefix[n - 1] != '/')
        return error_set(e, ERR_BAD_REQUEST, "The prefix is not one.");
    enum err err = list_page(t, prefix, max, NULL, r, e);
    json_t *next;
    while (err == ERR_OK && json_array_size(json_object_get(r->json, "items")) == 0 &&
           json_is_string(next = json_object_get(r->json, "nextPageToken"))) {
        json_incref(next);
        google_reply_clear(r);
        err = list_page(t, prefix, max, json_string_value(next), r, e);
        json_decref(next);
    }
    return err;
}

static enum err storage_find(void *self, const char *prefix, char out[BLOB_NAME_MAX + 1],
                             struct blob_info *info, struct error *e)
{
    struct google_reply r;
    enum err err = list(self, prefix, 1, &r, e);
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

static enum err remove_object(struct storage *t, const char *name, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    struct google_reply r = {0};
    enum err err = object_path(t, name, "", &path, e);
    struct google_request q = {
        .api = GOOGLE_STORAGE, .method = "DELETE", .path = path.data, .idempotent = true};
    if (err == ERR_OK)
        err = google_call(t->client, &q, &r, e);
    google_reply_clear(&r);
    buffer_free(&path);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Lists anew after each round, since what was listed is then gone. */
static enum err storage_remove_prefix(void *self, const char *prefix, struct error *e)
{
    for (;;) {
        struct google_reply r;
        json_t *item;
        size_t i, n = 0;
        enum err err = list(self, prefix, 100, &r, e);
        json_array_foreach(json_object_get(r.json, "items"), i, item)
        {
            const char *name = json_string_value(json_object_get(item, "name"));
            if (err == ERR_OK && name != NULL) {
                err = remove_object(self, name, e);
                n++;
            }
        }
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
    enum err err = check_name(name, e);
    return err == ERR_OK ? signed_links_put(t->links, name, content_type, ttl_s, most_bytes, out, e)
                         : err;
}

static enum err storage_download_url(void *self, const char *name, int64_t expires_us,
                                     struct buffer *out, int64_t *until_us, struct error *e)
{
    const struct storage *t = self;
    enum err err = check_name(name, e);
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
    free(t->temp_dir);
    signed_links_close(t->links);
    free(t);
}

static const struct blob_store_ops ops = {
    .name = "cloud-storage",
    .put_file = storage_put_file,
    .put_bytes = storage_put_bytes,
    .open = storage_open,
    .stat = storage_stat,
    .find = storage_find,
    .remove_prefix = storage_remove_prefix,
    .upload_url = storage_upload_url,
    .limit_header = SIGNED_URL_V4_LIMIT,
    .download_url = storage_download_url,
    .uri = storage_uri,
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
    enum err err = t->bucket != NULL && t->temp_dir != NULL
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
