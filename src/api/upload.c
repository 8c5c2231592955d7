/* Uploads. nginx has put the body into a file; the worker looks at it and moves it into place. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/handlers.h"
#include "api/source_url.h"
#include "api/upload.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/media_type.h"
#include "base/random.h"
#include "core/blob_names.h"
#include "core/document_owner.h"
#include "core/quota.h"

#define FILE_NAME_MAX_BYTES 200
#define CHUNK               65536
#define DAY_US              (24 * 3600 * US_PER_S)

/* A file's name as it is stored: what a path, a header or a page may not hold becomes `_`. */
static enum err safe_file_name(const char *name, char out[FILE_NAME_MAX_BYTES + 1], struct error *e)
{
    size_t n = strlen(name);
    if (n == 0)
        return error_set(e, ERR_UNPROCESSABLE, "file_name: is missing");
    if (n > FILE_NAME_MAX_BYTES)
        return error_set(e, ERR_UNPROCESSABLE, "file_name: must be at most %d bytes long",
                         FILE_NAME_MAX_BYTES);
    for (size_t i = 0; i <= n; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c == '/' || (c < 0x20 && c != '\0') || c == 0x7F)
            return error_set(e, ERR_UNPROCESSABLE,
                             "file_name: must be a plain name, without slashes and control "
                             "characters");
        out[i] = c == '\0' || blob_byte_allowed(c) ? (char)c : '_';
    }
    if (out[0] == '.')
        out[0] = '_';
    return ERR_OK;
}

/* Who does not ask for a limit need not send them, and is not told. */
static void append_put_headers(const struct services *s, const char *type, struct buffer *out)
{
    buffer_printf(out, ",\"headers\":{\"Content-Type\":\"%s\"", type);
    if (s->blobs.ops->limit_header != NULL)
        buffer_printf(out, ",\"%s\":\"0,%" PRId64 "\"", s->blobs.ops->limit_header,
                      s->cfg->max_upload_bytes);
    buffer_puts(out, "}");
}

enum err upload_generate_url(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct buffer name = BUFFER_INIT, url = BUFFER_INIT;
    char pdf_id[UUID_LEN + 1], blob[BLOB_NAME_MAX + 1], safe[FILE_NAME_MAX_BYTES + 1];
    bool found, limited = false;
    enum err err = request_query(r, "file_name", &name, &found, e);
    if (err == ERR_OK)
        err = request_query_flag(r, "limit_size", &limited, e);
    if (err == ERR_OK)
        err = safe_file_name(name.data != NULL ? name.data : "", safe, e);
    if (err != ERR_OK)
        goto out;
    if ((err = quota_take(s, QUOTA_BYTES, r->auth.subject, 0, e)) != ERR_OK)
        goto out;
    random_uuid(pdf_id);
    pdf_name(pdf_id, safe, blob);
    if ((err = document_owner_add(s, r->auth.subject, pdf_id, safe, NULL, e)) != ERR_OK)
        goto out;
    err = s->blobs.ops->upload_url(s->blobs.self, blob, media_type_of_name(safe),
                                   (int)s->cfg->upload_url_ttl_s,
                                   limited ? s->cfg->max_upload_bytes : 0, &url, e);
    if (err != ERR_OK)
        goto out;
    buffer_printf(&p->body, "{\"pdf_id\":\"%s\",\"upload_url\":", pdf_id);
    buffer_json_string(&p->body, url.data);
    buffer_puts(&p->body, ",\"file_name\":");
    buffer_json_string(&p->body, name.data);
    if (limited)
        append_put_headers(s, media_type_of_name(safe), &p->body);
    buffer_puts(&p->body, "}");
    reply_header(p, "Cache-Control", "no-store");
out:
    buffer_free(&name);
    buffer_free(&url);
    return err;
}

static bool media_type_fits(const struct request *r)
{
    char type[32];
    text_format(type, sizeof type, "%.*s", (int)strcspn(r->content_type, "; \t"), r->content_type);
    return type[0] == '\0' || media_type_is_document(type) ||
           request_media_type_is(r, "application/octet-stream");
}

/* Opens the body. A missing one was moved away by an earlier delivery of this request, whose
 * worker died before it could answer. */
static enum err open_body(const struct services *s, const struct request *r, int *fd,
                          struct error *e)
{
    struct stat st;
    *fd = open(r->body_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0 || fstat(*fd, &st) != 0) {
        error_set(e, ERR_UNAVAILABLE, "The upload was interrupted; send it again.");
        e->retry_after_s = 1;
        return error_cause(e, "%s: %s", r->body_file, strerror(errno));
    }
    /* The slack is for the multipart frame. */
    if (st.st_size > s->cfg->max_upload_bytes + CHUNK)
        return error_set(e, ERR_TOO_LARGE, "The file is larger than %lld bytes.",
                         (long long)s->cfg->max_upload_bytes);
    return ERR_OK;
}

/* *type: what it is, static. */
static enum err check_document(int fd, int64_t max, const char **type, struct error *e)
{
    char head[MEDIA_TYPE_WINDOW];
    struct stat st;
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < 0 || fstat(fd, &st) != 0)
        return error_set(e, ERR_UNAVAILABLE, "The upload could not be read; send it again.");
    if (n == 0)
        return error_set(e, ERR_UNPROCESSABLE, "The file is empty.");
    if (st.st_size > max)
        return error_set(e, ERR_TOO_LARGE, "The file is larger than %lld bytes.", (long long)max);
    if ((*type = media_type_of_bytes(head, (size_t)n)) == NULL)
        return error_set(e, ERR_UNPROCESSABLE, "The file is not a PDF, PNG, JPEG or TIFF file.");
    return ERR_OK;
}

enum err upload_put(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    const char *pdf_id = r->params[0], *name = r->params[1], *type;
    char blob[2 * PATH_PARAM_LEN + 16];
    int fd = -1;
    if (!media_type_fits(r))
        return error_set(e, ERR_MEDIA_TYPE,
                         "Send the file as application/pdf, image/png, image/jpeg or image/tiff.");
    enum err err = open_body(s, r, &fd, e);
    if (err == ERR_OK)
        err = check_document(fd, s->cfg->max_upload_bytes, &type, e);
    if (fd >= 0)
        (void)close(fd);
    if (err != ERR_OK)
        return err;
    pdf_name(pdf_id, name, blob);
    if ((err = s->blobs.ops->put_file(s->blobs.self, blob, r->body_file, type, false, e)) != ERR_OK)
        return err;
    buffer_puts(&p->body, "{\"pdf_id\":");
    buffer_json_string(&p->body, pdf_id);
    buffer_puts(&p->body, ",\"file_name\":");
    buffer_json_string(&p->body, name);
    buffer_puts(&p->body, "}");
    return ERR_OK;
}

/* SHA-256 in reads of a chunk, so that memory does not grow with the file. */
static enum err hash_file(int fd, char hex[SHA256_HEX + 1], uint64_t *size, struct error *e)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char chunk[CHUNK];
    ssize_t n = 0;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
    *size = 0;
    for (; ok && (n = pread(fd, chunk, sizeof chunk, (off_t)*size)) > 0; *size += (uint64_t)n)
        ok = EVP_DigestUpdate(md, chunk, (size_t)n) == 1;
    ok = ok && n == 0 && EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    if (!ok)
        return error_set(e, ERR_UNAVAILABLE, "The upload could not be read; send it again.");
    sodium_bin2hex(hex, SHA256_HEX + 1, digest, SHA256_HEX / 2);
    return ERR_OK;
}

/* Puts the file of a multipart body in place of the body. */
static enum err unpack(const struct config *cfg, const struct request *r, struct incoming *in,
                       struct error *e)
{
    if (snprintf(in->path, sizeof in->path, "%s.pdf", r->body_file) >= (int)sizeof in->path)
        return error_set(e, ERR_INTERNAL, "The upload's path is too long.");
    (void)unlink(in->path); /* a killed worker leaves one; nginx numbers its files from 1 again */
    int out = open(in->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return error_set(e, errno == ENOSPC ? ERR_STORAGE_FULL : ERR_UNAVAILABLE,
                         "The upload could not be stored; send it again.");
    in->copied = true;
    struct form_limits l = {cfg->form_reader, cfg->max_upload_bytes + CHUNK};
    enum err err =
        form_reader_copy_file(&l, in->fd, r->content_type, out, in->file_name, &in->fields, e);
    (void)close(in->fd);
    in->fd = out;
    return err;
}

/* Stores the file where its like does not lie already: one that is damaged (a power cut) or in the
 * second half of its life is replaced, so that what was just sent is neither broken nor erased. */
static enum err store_once(const struct services *s, const char *blob, const struct incoming *in,
                           bool *duplicate, struct error *e)
{
    struct blob_info info;
    int64_t fresh_us = s->cfg->result_ttl_days * DAY_US / 2;
    enum err err = s->blobs.ops->stat(s->blobs.self, blob, &info, e);
    bool missing = err == ERR_NOT_FOUND;
    if (err != ERR_OK && !missing)
        return err;
    *duplicate = !missing && info.size == in->size;
    if (*duplicate && clock_now_us(s->clock) - info.updated_us < fresh_us)
        return ERR_OK;
    return s->blobs.ops->put_file(s->blobs.self, blob, in->path, in->type, missing, e);
}

/* The document as it came, or in a form. */
static enum err read_file_sent(const struct services *s, const struct request *r,
                               struct incoming *in, struct error *e)
{
    bool multipart = request_media_type_is(r, "multipart/form-data");
    if (!multipart && !media_type_fits(r))
        return error_set(
            e, ERR_MEDIA_TYPE,
            "Send the file as application/pdf, image/png, image/jpeg, image/tiff or as "
            "multipart/form-data; or application/json with a source_url.");
    (void)snprintf(in->path, sizeof in->path, "%s", r->body_file);
    enum err err = open_body(s, r, &in->fd, e);
    return err == ERR_OK && multipart ? unpack(s->cfg, r, in, e) : err;
}

enum err incoming_read(const struct services *s, const struct request *r, struct incoming *in,
                       struct error *e)
{
    *in = (struct incoming){.fd = -1};
    enum err err = request_media_type_is(r, "application/json") ? source_url_read(s, r, in, e)
                                                                : read_file_sent(s, r, in, e);
    if (err == ERR_OK)
        err = check_document(in->fd, s->cfg->max_upload_bytes, &in->type, e);
    return err == ERR_OK ? hash_file(in->fd, in->sha256, &in->size, e) : err;
}

void incoming_free(struct incoming *in)
{
    if (in->copied)
        (void)unlink(in->path); /* gone already when it was stored */
    if (in->fd >= 0)
        (void)close(in->fd);
    json_decref(in->fields);
    json_decref(in->members);
}

/* Notes whose it is before it is stored. Another owner's copy of these bytes is no duplicate: who
 * sends them does not learn that they were there. */
enum err incoming_store(const struct services *s, const char *owner, const struct incoming *in,
                        bool *duplicate, struct error *e)
{
    char safe[FILE_NAME_MAX_BYTES + 1], blob[BLOB_NAME_MAX + 1];
    struct error unusable;
    bool known = false;
    *duplicate = false;
    document_name(in->sha256, blob);
    if (safe_file_name(in->file_name, safe, &unusable) != ERR_OK)
        (void)snprintf(safe, sizeof safe, "document.pdf");
    enum err err = quota_take(s, QUOTA_BYTES, owner, (int64_t)in->size, e);
    if (err == ERR_OK)
        err = document_owner_add(s, owner, in->sha256, safe, &known, e);
    if (err == ERR_OK)
        err = store_once(s, blob, in, duplicate, e);
    *duplicate = *duplicate && known;
    return err;
}

static enum err store_document(const struct services *s, const char *owner,
                               const struct incoming *in, struct reply *p, struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    const char *h = in->sha256;
    struct buffer uri = BUFFER_INIT;
    bool duplicate = false;
    enum err err = incoming_store(s, owner, in, &duplicate, e);
    if (err != ERR_OK)
        return err;
    document_name(h, blob);
    s->blobs.ops->uri(s->blobs.self, blob, &uri);
    p->status = duplicate ? 200 : 201;
    /* The id is made of the hash: a UUID of version 8 (RFC 9562). */
    buffer_printf(&p->body,
                  "{\"document_id\":\"%.8s-%.4s-8%.3s-a%.3s-%.12s\",\"document_version_id\":\"%s\","
                  "\"pdf_id\":\"%s\",\"upload_url\":",
                  h, h + 8, h + 13, h + 17, h + 20, h, h);
    buffer_json_string(&p->body, uri.data);
    buffer_printf(&p->body, ",\"was_duplicate\":%s,\"filename\":", duplicate ? "true" : "false");
    buffer_json_string(&p->body, in->file_name[0] != '\0' ? in->file_name : NULL);
    buffer_puts(&p->body, "}");
    buffer_free(&uri);
    return ERR_OK;
}

static enum err only_source_url(json_t *members, struct error *e)
{
    static const char *const known[] = {"source_url", NULL};
    const struct json_at root = json_root(members);
    return json_only(&root, known, e);
}

enum err upload_document(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct incoming in;
    enum err err = incoming_read(s, r, &in, e);
    if (err == ERR_OK && in.members != NULL)
        err = only_source_url(in.members, e);
    if (err == ERR_OK)
        err = store_document(s, r->auth.subject, &in, p, e);
    incoming_free(&in);
    return err;
}
