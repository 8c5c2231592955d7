#include "core/document_owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/blob_names.h"

#define PREFIX_MAX (sizeof "owners/" + OWNER_HEX + JOB_PDF_ID_MAX + 2)

static void prefix_of(const char *owner, const char *pdf_id, char out[PREFIX_MAX])
{
    char hex[OWNER_HEX + 1];
    owner_hex(owner, hex);
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

/* Takes a document whose bytes are there. Those of a link are known by the name that was told for
 * them; the time of what is known by its bytes may be another owner's. */
static enum err add_document(const struct services *s, const char *pdf_id, const char *file_name,
                             const struct blob_info *mark, struct owned_documents *out,
                             struct error *e)
{
    char blob[BLOB_NAME_MAX + 1];
    struct blob_info info;
    struct owned_document *d = &out->items[out->n];
    if (pdf_replaceable(pdf_id))
        pdf_name(pdf_id, file_name, blob);
    else
        document_name(pdf_id, blob);
    enum err err = s->blobs.ops->stat(s->blobs.self, blob, &info, e);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_OK)
        return err;
    text_format(d->pdf_id, sizeof d->pdf_id, "%s", pdf_id);
    text_format(d->file_name, sizeof d->file_name, "%s", file_name);
    d->size = info.size;
    d->uploaded_us = pdf_replaceable(pdf_id) ? info.updated_us : mark->updated_us;
    out->n++;
    return ERR_OK;
}

/* A document has a mark for each name it was sent under; the first counts. *more: the time was up
 * before the last mark. */
static enum err take_marks(const struct services *s, const struct blob_list *marks, size_t prefix,
                           int64_t until_us, struct owned_documents *out, bool *more,
                           struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < marks->n; i++) {
        *more = i > 0 && monotonic_us() > until_us;
        if (*more)
            break;
        char pdf_id[JOB_PDF_ID_MAX + 1];
        const char *rest = marks->items[i].name + prefix;
        size_t n = strcspn(rest, "/");
        if (rest[n] != '/' || n > JOB_PDF_ID_MAX)
            continue;
        text_format(pdf_id, sizeof pdf_id, "%.*s", (int)n, rest);
        if (strcmp(pdf_id, out->last_id) != 0)
            err = add_document(s, pdf_id, rest + n + 1, &marks->items[i].info, out, e);
        (void)memcpy(out->last_id, pdf_id, sizeof pdf_id);
    }
    return err;
}

enum err document_owner_list(const struct services *s, const char *owner, const char *after,
                             size_t max, int64_t until_us, struct owned_documents *out,
                             struct error *e)
{
    char hex[OWNER_HEX + 1], prefix[PREFIX_MAX], from[PREFIX_MAX + 1];
    struct blob_list marks = {0};
    bool more = false;
    memset(out, 0, sizeof *out);
    owner_hex(owner, hex);
    text_format(prefix, sizeof prefix, "owners/%s/", hex);
    /* '0' is what comes after '/': all the marks of that document are before it. */
    text_format(from, sizeof from, "owners/%s/%s0", hex, after);
    if ((out->items = calloc(max, sizeof *out->items)) == NULL)
        return error_no_memory(e);
    enum err err =
        s->blobs.ops->list(s->blobs.self, prefix, after[0] != '\0' ? from : "", max, &marks, e);
    if (err == ERR_OK)
        err = take_marks(s, &marks, strlen(prefix), until_us, out, &more, e);
    if (err != ERR_OK)
        owned_documents_free(out);
    else if (marks.n < max && !more)
        out->last_id[0] = '\0';
    blob_list_free(&marks);
    return err;
}

void owned_documents_free(struct owned_documents *d)
{
    free(d->items);
    memset(d, 0, sizeof *d);
}
