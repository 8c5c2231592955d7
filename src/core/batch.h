/* A batch: the jobs of several documents that one request asked for.
 *
 * Kept as JSON in the blob store under its owner, once its jobs are queued, and never changed: how
 * far it is its jobs tell. Its id is made of the owner and of the request's Idempotency-Key
 * (uuid_of_texts), so that a repeated request finds it without a search.
 */
#ifndef PDF_OCR_CORE_BATCH_H
#define PDF_OCR_CORE_BATCH_H

#include "core/job_service.h"

#define BATCH_HASH_MAX 64

struct batch_item {
    char pdf_id[JOB_PDF_ID_MAX + 1];
    char job_id[UUID_LEN + 1]; /* "": it was refused */
    enum err refusal;          /* why, ERR_OK where there is a job */
    char *detail;              /* the same for people; owned, NULL where there is a job */
};

struct batch {
    char id[UUID_LEN + 1];
    char request_hash[BATCH_HASH_MAX + 1]; /* what makes a repeated request the same */
    int64_t created_us;
    struct batch_item *items; /* owned */
    size_t n;
};

/* Notes why an item has no job. ERR_EXHAUSTED. */
enum err batch_refuse(struct batch_item *item, const struct error *why, struct error *e);

/* Stores it durably. Errors of the blob store. */
enum err batch_store(const struct services *s, const char *owner, const struct batch *b,
                     struct error *e);

/* Fills *out, which batch_free frees, after an error as well. ERR_NOT_FOUND. */
enum err batch_load(const struct services *s, const char *owner, const char *id, struct batch *out,
                    struct error *e);

/* Cancels its jobs that have not ended, erases the others and forgets it. ERR_TIMEOUT: deadline_us
 * (monotonic) came before all were; it is there yet. */
enum err batch_erase(const struct services *s, const char *owner, const struct batch *b,
                     int64_t deadline_us, struct error *e);

void batch_free(struct batch *b);

#endif
