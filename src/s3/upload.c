/* Uploads: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/uri.h"
#include "s3/reply.h"
#include "s3/transfer.h"

#define PART_BYTES (INT64_C(8) << 20) /* of all parts but the last: at least 5 MiB */
#define PARTS_MAX  10000

#define CREATE_ONLY "If-None-Match: *"

/* An upload in parts. */
struct upload {
    struct s3_client *client;
    const char *name;
    int fd;
    int64_t size, part_bytes;
    bool create_only;
    struct buffer id;   /* percent-encoded */
    struct buffer list; /* the body that completes it */
};

static enum err put_whole(struct s3_client *c, const char *name, int fd, int64_t size,
                          const char *const *about, bool create_only, struct error *e)
{
    const char *headers[ABOUT_MAX + 2] = {NULL};
    size_t n = 0;
    for (; n < ABOUT_MAX && about[n] != NULL; n++)
        headers[n] = about[n];
    headers[n] = create_only ? CREATE_ONLY : NULL;
    const struct s3_request q = {.method = "PUT",
                                 .name = name,
                                 .headers = headers,
                                 .body_from_file = true,
                                 .body_fd = fd,
                                 .body_len = size,
                                 .moves_bytes = true};
    struct answer a;
    enum err err = s3_call(c, &q, &a, e);
    answer_clear(&a);
    return err;
}

static enum err begin(struct upload *u, const char *const *about, struct error *e)
{
    const struct s3_request q = {
        .method = "POST", .name = u->name, .query = "uploads=", .headers = about};
    struct buffer id = BUFFER_INIT;
    struct answer a;
    enum err err = s3_call(u->client, &q, &a, e);
    if (err == ERR_OK)
        err = reply_text(a.body.data, a.body.len, "UploadId", &id, e);
    if (err == ERR_OK) {
        uri_escape(&u->id, id.data);
        err = buffer_failed(&u->id) ? error_no_memory(e) : ERR_OK;
    }
    buffer_free(&id);
    answer_clear(&a);
    return err;
}

/* Sends part number i, from 1 on, and notes what the server calls it. */
static enum err send_part(struct upload *u, int i, struct error *e)
{
    struct buffer query = BUFFER_INIT;
    struct answer a = {0};
    int64_t at = (i - 1) * u->part_bytes, left = u->size - at;
    buffer_printf(&query, "partNumber=%d&uploadId=%s", i, u->id.data);
    const struct s3_request q = {.method = "PUT",
                                 .name = u->name,
                                 .query = query.data,
                                 .body_from_file = true,
                                 .body_fd = u->fd,
                                 .body_at = at,
                                 .body_len = left < u->part_bytes ? left : u->part_bytes,
                                 .moves_bytes = true};
    enum err err = buffer_failed(&query) ? error_no_memory(e) : s3_call(u->client, &q, &a, e);
    if (err == ERR_OK && (a.etag[0] == '\0' || strpbrk(a.etag, "<>&") != NULL))
        err = error_set(e, ERR_UNAVAILABLE, "S3 does not name what it has stored; try again.");
    buffer_printf(&u->list, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i, a.etag);
    buffer_free(&query);
    answer_clear(&a);
    return err;
}

/* A try whose answer was lost may have completed it: then the upload is gone and the object there.
 */
static enum err look(const struct upload *u, struct error *e)
{
    const struct s3_request q = {.method = "HEAD", .name = u->name};
    struct answer a;
    enum err err = s3_call(u->client, &q, &a, e);
    if (err == ERR_OK && a.length != u->size)
        err = error_set(e, ERR_UNAVAILABLE, "S3 has lost the upload; try again.");
    answer_clear(&a);
    return err;
}

static enum err complete(struct upload *u, struct error *e)
{
    struct buffer query = BUFFER_INIT;
    struct answer a = {0};
    const char *const headers[] = {"Content-Type: application/xml",
                                   u->create_only ? CREATE_ONLY : NULL, NULL};
    buffer_printf(&query, "uploadId=%s", u->id.data);
    buffer_puts(&u->list, "</CompleteMultipartUpload>");
    const struct s3_request q = {.method = "POST",
                                 .name = u->name,
                                 .query = query.data,
                                 .headers = headers,
                                 .body = u->list.data,
                                 .body_len = (int64_t)u->list.len,
                                 .moves_bytes = true};
    enum err err = buffer_failed(&query) || buffer_failed(&u->list) ? error_no_memory(e)
                                                                    : s3_call(u->client, &q, &a, e);
    answer_clear(&a);
    buffer_free(&query);
    return err == ERR_GONE ? look(u, e) : err;
}

/* The parts of an upload that is not completed cost as objects do. */
static void give_up(const struct upload *u)
{
    struct buffer query = BUFFER_INIT;
    struct answer a = {0};
    struct error e = {0};
    buffer_printf(&query, "uploadId=%s", u->id.data);
    const struct s3_request q = {.method = "DELETE", .name = u->name, .query = query.data};
    enum err err = buffer_failed(&query) ? error_no_memory(&e) : s3_call(u->client, &q, &a, &e);
    if (err != ERR_OK && err != ERR_GONE && err != ERR_NOT_FOUND)
        log_error(LOG_WARNING, "parts of an upload that was given up stay in the bucket", &e);
    answer_clear(&a);
    buffer_free(&query);
}

static enum err put_parts(struct upload *u, const char *const *about, struct error *e)
{
    enum err err = begin(u, about, e);
    if (err != ERR_OK)
        return err;
    buffer_puts(&u->list, "<CompleteMultipartUpload "
                          "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (int i = 1; err == ERR_OK && (i - 1) * u->part_bytes < u->size; i++)
        err = send_part(u, i, e);
    if (err == ERR_OK)
        err = complete(u, e);
    if (err != ERR_OK)
        give_up(u);
    return err;
}

enum err s3_upload(struct s3_client *c, const char *name, int fd, int64_t size,
                   const char *const *about, bool create_only, struct error *e)
{
    int64_t least = (size + PARTS_MAX - 1) / PARTS_MAX;
    struct upload u = {.client = c,
                       .name = name,
                       .fd = fd,
                       .size = size,
                       .part_bytes = least > PART_BYTES ? least : PART_BYTES,
                       .create_only = create_only};
    enum err err = size > PART_BYTES ? put_parts(&u, about, e)
                                     : put_whole(c, name, fd, size, about, create_only, e);
    buffer_free(&u.id);
    buffer_free(&u.list);
    return err;
}
