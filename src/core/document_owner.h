/* Whose an uploaded PDF is. A PDF belongs to everybody who uploaded these bytes, and nobody else
 * learns that it is there.
 *
 * Kept as an empty blob owners/{hash of the owner}/{pdf_id}/{file_name}, so that every blob store
 * has it and its rules of retention erase it with the PDF.
 */
#ifndef PDF_OCR_CORE_DOCUMENT_OWNER_H
#define PDF_OCR_CORE_DOCUMENT_OWNER_H

#include "core/job_service.h"

/* Notes that owner uploaded pdf_id, or is about to. file_name: a segment of a blob's name.
 * *known: whether it was noted before; may be NULL. Errors of the blob store. */
enum err document_owner_add(const struct services *s, const char *owner, const char *pdf_id,
                            const char *file_name, bool *known, struct error *e);

/* ERR_NOT_FOUND, with the detail of pdf_find, when pdf_id is not owner's; owner NULL: ERR_OK. */
enum err document_owner_check(const struct services *s, const char *owner, const char *pdf_id,
                              struct error *e);

/* Forgets that pdf_id is owner's; ERR_OK when it was not. */
enum err document_owner_remove(const struct services *s, const char *owner, const char *pdf_id,
                               struct error *e);

/* The name under which owner uploaded pdf_id. ERR_NOT_FOUND: owner did not. */
enum err document_owner_name(const struct services *s, const char *owner, const char *pdf_id,
                             char out[BLOB_NAME_MAX + 1], struct error *e);

struct owned_document {
    char pdf_id[JOB_PDF_ID_MAX + 1];
    char file_name[BLOB_NAME_MAX + 1];
    uint64_t size;
    int64_t uploaded_us; /* by this owner, for the last time */
};

struct owned_documents {
    struct owned_document *items; /* owned */
    size_t n;
    char last_id[JOB_PDF_ID_MAX + 1]; /* where the next page goes on; "": there is none */
};

/* A page of owner's documents whose ids come after the text `after` ("": the first page), in the
 * order of the ids, max at most; fewer, or none, also when there are more: the store is asked about
 * each, and no more are begun after until_us (monotonic) once there is one. What was not put to its
 * link, and what retention has erased, is left out. out is freed by the caller, and empty after an
 * error. */
enum err document_owner_list(const struct services *s, const char *owner, const char *after,
                             size_t max, int64_t until_us, struct owned_documents *out,
                             struct error *e);
void owned_documents_free(struct owned_documents *d);

#endif
