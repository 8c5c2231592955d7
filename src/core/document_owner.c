#include "core/document_owner.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define OWNER_HASH_BYTES 16
#define PREFIX_MAX       (sizeof "owners/" + 2 * OWNER_HASH_BYTES + JOB_PDF_ID_MAX + 2)

/* An owner's name may hold what a blob's name may not. */
static void prefix_of(const char *owner, const char *pdf_id, char out[PREFIX_MAX])
{
    unsigned char hash[OWNER_HASH_BYTES];
    char hex[2 * OWNER_HASH_BYTES + 1];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)owner, strlen(owner), NULL,
                             0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)snprintf(out, PREFIX_MAX, "owners/%s/%.*s/", hex, JOB_PDF_ID_MAX, pdf_id);
}

static enum err find(const struct services *s, const char *prefix, struct error *e)
{
    char name[BLOB_NAME_MAX + 1];
    struct blob_info info;
    return s->blobs.ops->find(s->blobs.self, prefix, name, &info, e);
}

enum err document_owner_add(const struct services *s, const char *owner, const char *pdf_id,
                            const char *file_name, bool *known, struct error *e)
{
    char prefix[PREFIX_MAX], name[BLOB_NAME_MAX + 1];
    prefix_of(owner, pdf_id, prefix);
    if (known != NULL) {
        enum err err = find(s, prefix, e);
        *known = err == ERR_OK;
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
    }
    if (snprintf(name, sizeof name, "%s%s", prefix, file_name) >= (int)sizeof name)
        return error_set(e, ERR_UNPROCESSABLE, "The file's name is too long.");
    return s->blobs.ops->put_bytes(s->blobs.self, name, "", 0, "text/plain", e);
}

enum err document_owner_check(const struct services *s, const char *owner, const char *pdf_id,
                              struct error *e)
{
    char prefix[PREFIX_MAX];
    if (owner == NULL)
        return ERR_OK;
    prefix_of(owner, pdf_id, prefix);
    enum err err = find(s, prefix, e);
    return err == ERR_NOT_FOUND ? pdf_not_found(pdf_id, e) : err;
}

enum err document_owner_remove(const struct services *s, const char *owner, const char *pdf_id,
                               struct error *e)
{
    char prefix[PREFIX_MAX];
    prefix_of(owner, pdf_id, prefix);
    return s->blobs.ops->remove_prefix(s->blobs.self, prefix, e);
}

enum err document_owner_name(const struct services *s, const char *owner, const char *pdf_id,
                             char out[BLOB_NAME_MAX + 1], struct error *e)
{
    char prefix[PREFIX_MAX], name[BLOB_NAME_MAX + 1];
    struct blob_info info;
    prefix_of(owner, pdf_id, prefix);
    enum err err = s->blobs.ops->find(s->blobs.self, prefix, name, &info, e);
    if (err == ERR_OK)
        (void)snprintf(out, BLOB_NAME_MAX + 1, "%s", name + strlen(prefix));
    return err;
}
