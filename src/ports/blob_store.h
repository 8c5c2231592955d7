/* Port: where PDFs and results live (files, Cloud Storage).
 *
 * Names are relative paths such as `results/{job_id}/result.csv`: segments of
 * [A-Za-z0-9._ ()+,@~-] or UTF-8 above U+007F, none empty, `.` or `..`, at most 512 bytes in all;
 * an adapter refuses others with ERR_BAD_REQUEST whatever the caller checked. Reading what is not
 * there is ERR_NOT_FOUND. All calls may fail with ERR_UNAVAILABLE, ERR_TIMEOUT or
 * ERR_STORAGE_FULL. Writing is atomic: a reader sees the old bytes or the new, never a part.
 */
#ifndef PDF_OCR_PORTS_BLOB_STORE_H
#define PDF_OCR_PORTS_BLOB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define BLOB_NAME_MAX    512
#define BLOB_VERSION_MAX 63

struct blob_info {
    uint64_t size;
    int64_t updated_us;
    /* Of these bytes: another when the blob is replaced (Cloud Storage's generation). */
    char version[BLOB_VERSION_MAX + 1];
};

/* Blobs by their names, in the order of the names' bytes. */
struct blob {
    char name[BLOB_NAME_MAX + 1];
    struct blob_info info;
};

struct blob_list {
    struct blob *items; /* owned */
    size_t n, cap;
};

/* Puts a blob at its place in the order; what is then beyond the first max is dropped. A blob that
 * is in the list stays once. ERR_EXHAUSTED. */
enum err blob_list_add(struct blob_list *l, const char *name, const struct blob_info *info,
                       size_t max, struct error *e);

/* Frees what the list owns and leaves an empty one. */
void blob_list_free(struct blob_list *l);

struct blob_store_ops {
    const char *name; /* for logs: "files", "storage" */

    /* Stores the file at path under name, replacing what was there; with keep, what is there
     * already may stay (the name tells the content). The file is consumed: moved where that is
     * possible, else copied and unlinked. On an error it is left where it is. */
    enum err (*put_file)(void *self, const char *name, const char *path, const char *content_type,
                         bool keep, struct error *e);

    /* Stores bytes, durably (fsync or the service's word). */
    enum err (*put_bytes)(void *self, const char *name, const void *bytes, size_t n,
                          const char *content_type, struct error *e);

    /* The same with all bytes of the open file fd, which stays open; its offset may move. */
    enum err (*put_fd)(void *self, const char *name, int fd, const char *content_type,
                       struct error *e);

    /* *fd is a readable, seekable descriptor of the whole blob; the caller closes it. ERR_GONE when
     * the blob has not this version any more; "": any will do. */
    enum err (*open)(void *self, const char *name, const char *version, int *fd, struct error *e);

    enum err (*stat)(void *self, const char *name, struct blob_info *out, struct error *e);

    /* The first blob whose name starts with prefix (which ends in '/'): its name and facts. */
    enum err (*find)(void *self, const char *prefix, char out[BLOB_NAME_MAX + 1],
                     struct blob_info *info, struct error *e);

    /* The first blobs, max at most, whose names start with prefix (which ends in '/') and come
     * after the text `after`, in the order of their bytes. after: "" for the first of all, else it
     * starts with prefix; it need not be a name. Fewer than max: there are no more. *out is empty
     * before, and after an error; the caller frees it. */
    enum err (*list)(void *self, const char *prefix, const char *after, size_t max,
                     struct blob_list *out, struct error *e);

    /* Removes all blobs under prefix (which ends in '/'); nothing there is ERR_OK. */
    enum err (*remove_prefix)(void *self, const char *prefix, struct error *e);

    /* Appends a URL that takes one PUT of the bytes with no other credentials, for ttl_s at most.
     * most_bytes, 0 for any number, is what the store takes, where limit_header is sent along as
     * `0,most_bytes`; without limit_header uploads are limited anyhow. */
    enum err (*upload_url)(void *self, const char *name, const char *content_type, int ttl_s,
                           int64_t most_bytes, struct buffer *out, struct error *e);
    const char *limit_header;

    /* Appends a URL that gives the bytes with no other credentials until *until_us, which is
     * expires_us or, where a signature does not hold for so long, before. */
    enum err (*download_url)(void *self, const char *name, int64_t expires_us, struct buffer *out,
                             int64_t *until_us, struct error *e);

    /* Appends where nginx finds the blob by itself (X-Accel-Redirect), percent-encoded. NULL: it is
     * not on this machine, and its bytes pass through the worker. */
    void (*nginx_location)(void *self, const char *name, struct buffer *out);

    /* Appends the store's own name of the blob: gs://bucket/name, local:name. */
    void (*uri)(void *self, const char *name, struct buffer *out);

    /* Writes an object that is none of this service's own to fd: bucket/name, by the store's own
     * credentials. ERR_UNPROCESSABLE: there is none, or its bucket is not one that settings name;
     * ERR_TOO_LARGE: it has more than max_bytes. NULL: a store without such names. */
    enum err (*fetch)(void *self, const char *object, int64_t max_bytes, int fd, struct error *e);

    enum err (*ping)(void *self, struct error *e);
    void (*close)(void *self);
};

struct blob_store {
    const struct blob_store_ops *ops;
    void *self;
};

/* Whether a segment of a name may hold the byte; whether name keeps the rule above. */
bool blob_byte_allowed(unsigned char c);
bool blob_name_valid(const char *name);

/* What adapters refuse alike: a name that breaks the rule and a prefix that does not end in '/'
 * (ERR_BAD_REQUEST). blob_not_found sets ERR_NOT_FOUND for a blob that is not there. */
enum err blob_name_check(const char *name, struct error *e);
enum err blob_prefix_check(const char *prefix, struct error *e);
enum err blob_not_found(const char *name, struct error *e);

/* put_file for a store that copies: hands the open file and its size to upload, and unlinks it when
 * that has succeeded. keep: upload's ERR_CONFLICT says that the blob is there already. */
typedef enum err (*blob_upload_fn)(void *self, int fd, int64_t size, struct error *e);
enum err blob_put_file(const char *name, const char *path, bool keep, blob_upload_fn upload,
                       void *self, struct error *e);

#endif
