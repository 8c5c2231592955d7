/* Blobs as objects of a bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/uri.h"
#include "s3/presign.h"
#include "s3/reply.h"
#include "s3/s3.h"
#include "s3/transfer.h"

#define PAGE     100  /* objects listed at once */
#define SAME_S   3600 /* links made within it are the same, so that polls of a job agree */
#define LINK_MIN 60   /* what keys of an endpoint still hold, in seconds, for a link to be made */

struct objects {
    const struct s3_settings *settings;
    const struct clock *clock;
    struct s3_client *client;
    char *link_base, *temp_dir;
};

/* --- storing and reading --- */

/* What an object's headers say; a result's tell browsers how to take it. */
struct about {
    char type[160];
    const char *headers[ABOUT_MAX + 1];
};

static void describe(const char *content_type, bool result, struct about *out)
{
    memset(out, 0, sizeof *out);
    out->headers[0] = out->type;
    (void)snprintf(out->type, sizeof out->type, "Content-Type: %s", content_type);
    if (result) {
        out->headers[1] = "Content-Disposition: attachment";
        out->headers[2] = "Cache-Control: private, no-transform";
    }
}

struct upload {
    const struct objects *o;
    const char *name;
    struct about about;
    bool keep;
};

static enum err upload_file(void *self, int fd, int64_t size, struct error *e)
{
    const struct upload *u = self;
    return s3_upload(u->o->client, u->name, fd, size, u->about.headers, u->keep, e);
}

static enum err objects_put_file(void *self, const char *name, const char *path,
                                 const char *content_type, bool keep, struct error *e)
{
    struct upload u = {.o = self, .name = name, .keep = keep};
    describe(content_type, false, &u.about);
    return blob_put_file(name, path, keep, upload_file, &u, e);
}

static enum err objects_put_bytes(void *self, const char *name, const void *bytes, size_t n,
                                  const char *content_type, struct error *e)
{
    const struct objects *o = self;
    struct about about;
    const struct s3_request q = {.method = "PUT",
                                 .name = name,
                                 .headers = about.headers,
                                 .body = bytes,
                                 .body_len = (int64_t)n,
                                 .moves_bytes = true};
    struct answer a = {0};
    describe(content_type, true, &about);
    enum err err = blob_name_check(name, e);
    if (err == ERR_OK)
        err = s3_call(o->client, &q, &a, e);
    answer_clear(&a);
    return err;
}

static enum err objects_put_fd(void *self, const char *name, int fd, const char *content_type,
                               struct error *e)
{
    const struct objects *o = self;
    struct about about;
    struct stat st;
    describe(content_type, true, &about);
    enum err err = blob_name_check(name, e);
    if (err == ERR_OK && fstat(fd, &st) != 0)
        err = error_system(e, "read", name);
    return err == ERR_OK ? s3_upload(o->client, name, fd, st.st_size, about.headers, false, e)
                         : err;
}

static enum err objects_open(void *self, const char *name, const char *version, int *out,
                             struct error *e)
{
    const struct objects *o = self;
    enum err err = blob_name_check(name, e);
    if (err != ERR_OK)
        return err;
    int fd = file_temporary(o->temp_dir);
    if (fd < 0)
        return error_set(e, ERR_STORAGE_FULL, "There is no room for a temporary file.");
    err = s3_download(o->client, name, version, fd, e);
    if (err == ERR_OK && lseek(fd, 0, SEEK_SET) != 0)
        err = error_set(e, err_of_errno(errno), "A download could not be read; try again.");
    if (err == ERR_OK)
        *out = fd;
    else
        (void)close(fd);
    return err == ERR_NOT_FOUND ? blob_not_found(name, e) : err;
}

static enum err objects_stat(void *self, const char *name, struct blob_info *out, struct error *e)
{
    const struct objects *o = self;
    const struct s3_request q = {.method = "HEAD", .name = name};
    struct answer a = {0};
    enum err err = blob_name_check(name, e);
    if (err == ERR_OK)
        err = s3_call(o->client, &q, &a, e);
    if (err == ERR_OK) {
        out->size = a.length > 0 ? (uint64_t)a.length : 0;
        out->updated_us = a.updated_us;
        reply_version(a.etag, out->version);
    }
    answer_clear(&a);
    return err == ERR_NOT_FOUND ? blob_not_found(name, e) : err;
}

/* --- listing --- */

/* What is listed: names that begin with prefix and, where after is not "", come after it. */
struct range {
    const char *prefix, *after;
};

static enum err list_page(const struct objects *o, const struct range *range, int most,
                          const struct buffer *token, struct answer *a, struct error *e)
{
    struct buffer query = BUFFER_INIT;
    if (token->len > 0) {
        buffer_puts(&query, "continuation-token=");
        uri_escape(&query, token->data);
        buffer_puts(&query, "&");
    }
    buffer_printf(&query, "list-type=2&max-keys=%d&prefix=", most);
    uri_escape(&query, range->prefix);
    if (range->after[0] != '\0') {
        buffer_puts(&query, "&start-after=");
        uri_escape(&query, range->after);
    }
    const struct s3_request q = {.method = "GET", .query = query.data};
    enum err err = buffer_failed(&query) ? error_no_memory(e) : s3_call(o->client, &q, a, e);
    buffer_free(&query);
    return err;
}

/* Gives each object of the range, page by page. */
static enum err each_of(const struct objects *o, const struct range *range, reply_object_fn each,
                        void *self, struct error *e)
{
    struct buffer token = BUFFER_INIT;
    bool enough = false;
    enum err err = blob_prefix_check(range->prefix, e);
    while (err == ERR_OK && !enough) {
        struct answer a = {0};
        err = list_page(o, range, PAGE, &token, &a, e);
        buffer_reset(&token);
        if (err == ERR_OK)
            err = reply_list(a.body.data, a.body.len, each, self, &enough, &token, e);
        answer_clear(&a);
        enough = enough || token.len == 0;
    }
    buffer_free(&token);
    return err;
}

struct found {
    char *name;
    struct blob_info *info;
    bool any;
};

/* What is no blob, such as a folder's own object that a console has made, is passed over. */
static enum err take_first(void *self, const char *name, const struct blob_info *info, bool *enough,
                           struct error *e)
{
    struct found *f = self;
    (void)e;
    if (!blob_name_valid(name))
        return ERR_OK;
    (void)snprintf(f->name, BLOB_NAME_MAX + 1, "%s", name);
    *f->info = *info;
    f->any = *enough = true;
    return ERR_OK;
}

static enum err objects_find(void *self, const char *prefix, char out[BLOB_NAME_MAX + 1],
                             struct blob_info *info, struct error *e)
{
    struct found f = {out, info, false};
    enum err err = each_of(self, &(struct range){prefix, ""}, take_first, &f, e);
    if (err == ERR_OK && !f.any)
        err = error_set(e, ERR_NOT_FOUND, "There is nothing under %s.", prefix);
    return err;
}

static enum err remove_object(void *self, const char *name, const struct blob_info *info,
                              bool *enough, struct error *e)
{
    const struct objects *o = self;
    const struct s3_request q = {.method = "DELETE", .name = name};
    struct answer a;
    (void)info;
    (void)enough;
    enum err err = s3_call(o->client, &q, &a, e);
    answer_clear(&a);
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* others erase as well */
}

static enum err objects_remove_prefix(void *self, const char *prefix, struct error *e)
{
    return each_of(self, &(struct range){prefix, ""}, remove_object, self, e);
}

struct listing {
    struct blob_list *out;
    size_t max;
};

static enum err take(void *self, const char *name, const struct blob_info *info, bool *enough,
                     struct error *e)
{
    const struct listing *l = self;
    enum err err = blob_name_valid(name) ? blob_list_add(l->out, name, info, l->max, e) : ERR_OK;
    *enough = l->out->n == l->max;
    return err;
}

static enum err objects_list(void *self, const char *prefix, const char *after, size_t max,
                             struct blob_list *out, struct error *e)
{
    struct listing l = {out, max};
    enum err err = each_of(self, &(struct range){prefix, after}, take, &l, e);
    if (err != ERR_OK)
        blob_list_free(out);
    return err;
}

/* --- links --- */

/* Keys of an endpoint end, and with them what they have signed. *life_s is cut to that. */
static enum err sign(const struct objects *o, struct presign *p, struct buffer *out,
                     struct error *e)
{
    int64_t now_s = clock_now_us(o->clock) / US_PER_S;
    enum err err = s3_client_keys(o->client, &p->keys, e);
    if (err != ERR_OK)
        return err;
    int64_t ends_s = p->keys->expires_us / US_PER_S;
    if (ends_s != 0 && p->signed_s + p->life_s > ends_s)
        p->life_s = ends_s - p->signed_s;
    if (p->life_s > PRESIGN_MOST_S)
        p->life_s = PRESIGN_MOST_S;
    if (ends_s != 0 && ends_s < now_s + LINK_MIN)
        return error_set(e, ERR_UNAVAILABLE, "The service's keys for S3 are ending; try again.");
    p->base = o->link_base;
    p->region = o->settings->region;
    return presign_url(p, out, e);
}

/* most_bytes: a presigned PUT has no limit; a job that names a file that is too large is refused.
 */
static enum err objects_upload_url(void *self, const char *name, const char *content_type,
                                   int ttl_s, int64_t most_bytes, struct buffer *out,
                                   struct error *e)
{
    const struct objects *o = self;
    struct presign p = {.method = "PUT",
                        .name = name,
                        .content_type = content_type,
                        .signed_s = clock_now_us(o->clock) / US_PER_S,
                        .life_s = ttl_s};
    (void)most_bytes;
    enum err err = blob_name_check(name, e);
    return err == ERR_OK ? sign(o, &p, out, e) : err;
}

static enum err objects_download_url(void *self, const char *name, int64_t expires_us,
                                     struct buffer *out, int64_t *until_us, struct error *e)
{
    const struct objects *o = self;
    int64_t now_s = clock_now_us(o->clock) / US_PER_S, expires_s = expires_us / US_PER_S;
    struct presign p = {.method = "GET", .name = name, .signed_s = now_s - now_s % SAME_S};
    p.life_s = expires_s - p.signed_s;
    enum err err = blob_name_check(name, e);
    if (err == ERR_OK && expires_s <= now_s)
        err = error_set(e, ERR_GONE, "The result has expired.");
    if (err == ERR_OK)
        err = sign(o, &p, out, e);
    int64_t until = (p.signed_s + p.life_s) * US_PER_S;
    *until_us = until < expires_us ? until : expires_us;
    return err;
}

static void objects_uri(void *self, const char *name, struct buffer *out)
{
    buffer_printf(out, "s3://%s/%s", ((struct objects *)self)->settings->bucket, name);
}

/* --- opening --- */

static enum err objects_ping(void *self, struct error *e)
{
    const struct buffer none = BUFFER_INIT;
    struct answer a;
    enum err err = list_page(self, &(struct range){"results/", ""}, 1, &none, &a, e);
    answer_clear(&a);
    return err;
}

static void objects_close(void *self)
{
    struct objects *o = self;
    s3_client_close(o->client);
    free(o->link_base);
    free(o->temp_dir);
    free(o);
}

static const struct blob_store_ops ops = {
    .name = "s3",
    .put_file = objects_put_file,
    .put_bytes = objects_put_bytes,
    .put_fd = objects_put_fd,
    .open = objects_open,
    .stat = objects_stat,
    .find = objects_find,
    .list = objects_list,
    .remove_prefix = objects_remove_prefix,
    .upload_url = objects_upload_url,
    .download_url = objects_download_url,
    .uri = objects_uri,
    .ping = objects_ping,
    .close = objects_close,
};

enum err s3_blob_store_open(const struct config *cfg, const struct clock *clock,
                            struct blob_store *out, struct error *e)
{
    struct objects *o = calloc(1, sizeof *o);
    struct buffer base = BUFFER_INIT;
    if (o == NULL)
        return error_no_memory(e);
    o->settings = s3_settings_of(cfg);
    o->clock = clock;
    s3_base_url(o->settings, true, &base);
    o->link_base = buffer_take(&base);
    o->temp_dir = config_data_path(cfg, "uploads");
    enum err err = o->link_base != NULL && o->temp_dir != NULL
                       ? s3_client_open(o->settings, clock, &o->client, e)
                       : error_no_memory(e);
    if (err != ERR_OK) {
        objects_close(o);
        return err;
    }
    *out = (struct blob_store){&ops, o};
    // cppcheck-suppress memleak ; out owns it
    return ERR_OK;
}
