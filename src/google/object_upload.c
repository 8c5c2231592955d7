#include "google/object_upload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/uri.h"

#define CHUNK           (8 << 20) /* of a resumable upload; a multiple of 256 KiB */
#define TRANSFER_S      60        /* one try of moving a chunk or an object */
#define UPLOAD_FAILURES 5         /* in one session */
#define UPLOAD_SESSIONS 3

static enum err upload_path(const struct object_upload *u, const char *kind, const char *name,
                            bool create_only, struct buffer *out, struct error *e)
{
    buffer_printf(out, "/upload/storage/v1/b/%s/o?uploadType=%s&fields=generation", u->bucket,
                  kind);
    if (name != NULL) {
        buffer_puts(out, "&name=");
        uri_escape(out, name);
    }
    if (create_only)
        buffer_puts(out, "&ifGenerationMatch=0");
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

/* JSON that describes the object. */
static enum err describe(const struct object_upload *u, struct buffer *out, struct error *e)
{
    const char *slash = strrchr(u->name, '/');
    struct buffer disposition = BUFFER_INIT;
    json_t *tree = json_pack("{s:s,s:s}", "name", u->name, "contentType", u->content_type);
    buffer_puts(&disposition, "attachment; filename*=UTF-8''");
    uri_escape(&disposition, slash != NULL ? slash + 1 : u->name);
    bool known =
        !u->is_result ||
        (!buffer_failed(&disposition) &&
         json_object_set_new(tree, "contentDisposition", json_string(disposition.data)) == 0 &&
         json_object_set_new(tree, "cacheControl", json_string("private, no-transform")) == 0);
    enum err err = known ? google_json_body(tree, out, e) : error_no_memory(e);
    json_decref(tree);
    buffer_free(&disposition);
    return err;
}

/* A small file goes as one request with its bytes alone. */
static enum err put_media(const struct object_upload *u, int fd, int64_t size, struct error *e)
{
    struct buffer path = BUFFER_INIT;
    struct google_reply r = {0};
    enum err err = upload_path(u, "media", u->name, u->create_only, &path, e);
    struct google_request q = {.api = GOOGLE_STORAGE,
                               .method = "POST",
                               .path = path.data,
                               .content_type = u->content_type,
                               .body_from_file = true,
                               .body_fd = fd,
                               .body_file_len = size,
                               .must_exist = true,
                               .idempotent = true,
                               .timeout_s = TRANSFER_S};
    if (err == ERR_OK)
        err = google_call(u->client, &q, &r, e);
    google_reply_clear(&r);
    buffer_free(&path);
    return err;
}

/* Starts a resumable upload; session is its URL. */
static enum err start_session(const struct object_upload *u, int64_t size, char session[2048],
                              struct error *e)
{
    struct buffer path = BUFFER_INIT, about = BUFFER_INIT;
    struct google_reply r = {0};
    char type[128], length[64];
    (void)snprintf(type, sizeof type, "X-Upload-Content-Type: %s", u->content_type);
    (void)snprintf(length, sizeof length, "X-Upload-Content-Length: %" PRId64, size);
    const char *const headers[] = {type, length, NULL};
    enum err err = describe(u, &about, e);
    if (err == ERR_OK)
        err = upload_path(u, "resumable", u->name, u->create_only, &path, e);
    struct google_request q = {.api = GOOGLE_STORAGE,
                               .method = "POST",
                               .path = path.data,
                               .headers = headers,
                               .content_type = "application/json",
                               .body = about.data,
                               .body_len = about.len,
                               .must_exist = true,
                               .idempotent = true};
    if (err == ERR_OK)
        err = google_call(u->client, &q, &r, e);
    if (err == ERR_OK && r.location[0] == '\0')
        err = error_set(e, ERR_UNAVAILABLE, "Cloud Storage gave no upload session; try again.");
    (void)snprintf(session, 2048, "%s", r.location);
    google_reply_clear(&r);
    buffer_free(&about);
    buffer_free(&path);
    return err;
}

/* Sends a chunk, or asks how far the session is (n 0). *sent is what the service has, negative when
 * it makes no sense; done tells that it has all. A chunk is not simply sent again: what of it
 * arrived is asked first. ERR_GONE: the session is no more. */
static enum err send_chunk(const struct object_upload *u, const char *session, int fd, int64_t at,
                           int64_t n, int64_t size, int64_t *sent, bool *done, struct error *e)
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
    enum err err = google_call(u->client, &q, &r, e);
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
static enum err advance(const struct object_upload *u, const char *session, int fd, int64_t size,
                        int64_t *at, bool *done, struct error *e)
{
    int64_t n = size - *at < CHUNK ? size - *at : CHUNK, sent;
    enum err err = send_chunk(u, session, fd, *at, n, size, &sent, done, e);
    if (err != ERR_OK || *done)
        return err;
    if (sent <= *at || sent > *at + n)
        return error_set(e, ERR_UNAVAILABLE, "Cloud Storage does not take the upload; try again.");
    *at = sent;
    return ERR_OK;
}

/* Sends the whole file through one session. */
static enum err send_file(const struct object_upload *u, const char *session, int fd, int64_t size,
                          struct error *e)
{
    bool done = false;
    int64_t at = 0, sent;
    for (int failures = 0; !done;) {
        enum err err = advance(u, session, fd, size, &at, &done, e);
        if (err == ERR_OK)
            continue;
        if (!err_is_transient(err) || failures == UPLOAD_FAILURES)
            return err;
        google_pause(failures++);
        if ((err = send_chunk(u, session, fd, 0, 0, size, &sent, &done, e)) != ERR_OK)
            return err;
        if (sent >= 0 && sent <= size && sent <= at + CHUNK)
            at = sent;
    }
    return ERR_OK;
}

/* A session that has ended is begun anew, with the whole file. */
static enum err put_resumable(const struct object_upload *u, int fd, int64_t size, struct error *e)
{
    char session[2048];
    for (int i = 0; i < UPLOAD_SESSIONS; i++) {
        enum err err = start_session(u, size, session, e);
        if (err == ERR_OK)
            err = send_file(u, session, fd, size, e);
        if (err != ERR_GONE)
            return err;
    }
    return error_set(e, ERR_UNAVAILABLE, "Cloud Storage ends every upload session; try again.");
}

enum err object_upload_bytes(const struct object_upload *u, const void *bytes, size_t n,
                             struct error *e)
{
    struct buffer path = BUFFER_INIT, about = BUFFER_INIT;
    struct google_reply r = {0};
    enum err err = describe(u, &about, e);
    if (err == ERR_OK)
        err = upload_path(u, "multipart", NULL, u->create_only, &path, e);
    const struct google_part parts[] = {{"application/json; charset=UTF-8", about.data, about.len},
                                        {u->content_type, bytes, n}};
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
        err = google_call(u->client, &q, &r, e);
    google_reply_clear(&r);
    buffer_free(&about);
    buffer_free(&path);
    return err;
}

/* With a description: the service takes one only beside bytes that are in memory. */
static enum err put_described(const struct object_upload *u, int fd, int64_t size, struct error *e)
{
    char *bytes = malloc((size_t)size + 1);
    if (bytes == NULL)
        return error_no_memory(e);
    enum err err = pread(fd, bytes, (size_t)size, 0) == size
                       ? object_upload_bytes(u, bytes, (size_t)size, e)
                       : error_system(e, "read", "the file");
    free(bytes);
    return err;
}

enum err object_upload_file(const struct object_upload *u, int fd, int64_t size, struct error *e)
{
    if (size > CHUNK)
        return put_resumable(u, fd, size, e);
    return u->is_result ? put_described(u, fd, size, e) : put_media(u, fd, size, e);
}
