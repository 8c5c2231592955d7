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

#endif
