/* The life of a job over the ports (docs/architecture.md). */
#ifndef PDF_OCR_CORE_JOB_SERVICE_H
#define PDF_OCR_CORE_JOB_SERVICE_H

#include "core/config.h"
#include "core/job_state.h"
#include "ports/analytics.h"
#include "ports/blob_store.h"
#include "ports/extraction.h"
#include "ports/job_store.h"
#include "ports/page_journal.h"
#include "ports/task_queue.h"

#define SEALING_KEY_BYTES 32

/* The ports and settings every operation works on; owned by the process that opened them. */
struct services {
    const struct config *cfg;
    const struct clock *clock;
    struct job_store jobs;
    struct blob_store blobs;
    struct task_queue queue;
    struct analytics analytics;
    bool ocr_is_paid;                             /* what reads scans costs money */
    unsigned char sealing_key[SEALING_KEY_BYTES]; /* core/sealed_password.h */
};

/* Finds the blob of a pdf_id: documents/{sha256}.pdf or the one object under pdfs/{pdf_id}/.
 * ERR_NOT_FOUND with a detail that tells to upload first; ERR_UNPROCESSABLE when it is larger than
 * MAX_UPLOAD_BYTES, which a signed URL of Cloud Storage cannot prevent. version, which may be NULL:
 * what blob_store_ops.open takes for these bytes; "" for a name that tells the content. */
enum err pdf_find(const struct services *s, const char *pdf_id, char name[BLOB_NAME_MAX + 1],
                  char version[BLOB_VERSION_MAX + 1], struct error *e);

/* Whether other bytes may be put in the place of this PDF; else its name tells the content. */
bool pdf_replaceable(const char *pdf_id);

/* Sets ERR_NOT_FOUND for a PDF that is not there, or not the caller's. */
enum err pdf_not_found(const char *pdf_id, struct error *e);

/* Stores a queued job for r and queues its task; ERR_OK only when both are done. idem may be
 * NULL; with a known key *out is the earlier job (its task is queued again if it still waits,
 * which is harmless, or could not be queued then). If queueing fails the queue's error comes back
 * as ERR_UNAVAILABLE; the job waits for the next request with the client's key, or the sweep, and
 * is marked failed where there is none. *out is owned by the caller. */
enum err job_submit(const struct services *s, const char *owner, const struct extraction_request *r,
                    const struct idempotency *idem, const char *traceparent, struct job **out,
                    struct error *e);

/* Stores feedback on a job that the caller may see, and notes it for the analysts. */
enum err job_add_feedback(const struct services *s, const char *owner, const struct feedback *f,
                          struct error *e);

/* The job, if it is owner's (owner NULL: anybody's); else ERR_NOT_FOUND. */
enum err job_load(const struct services *s, const char *owner, const char *id, struct job **out,
                  struct error *e);

/* Re-queues a failed job at the user's wish. version: the only one that is meant, or 0;
 * ERR_PRECONDITION when the job has another by now. ERR_UNAVAILABLE: its task could not be queued;
 * the job waits for the sweep. */
enum err job_retry_now(const struct services *s, const char *owner, const char *id, int64_t version,
                       struct job **out, struct error *e);

/* Cancels a job that is not final and erases its blobs and, when it was final, its record.
 * version: as of job_retry_now. */
enum err job_erase(const struct services *s, const char *owner, const char *id, int64_t version,
                   struct error *e);

/* What runs a claimed job: the extraction pipeline. Fills the result, or returns an error: a
 * transient one is retried, any other fails the job with its detail. */
struct job_runner {
    enum err (*run)(void *self, int pdf_fd, const struct extraction_request *r,
                    const struct checkpoint *c, const struct page_journal *journal,
                    struct job_progress *progress, struct extraction *out, struct error *e);
    void *self;
};

/* The process-extraction task: claims, runs, writes the results, finishes. ERR_OK answers the
 * task 200: the job is final, or a retry or the task that goes on is queued. ERR_CONFLICT: running
 * elsewhere (409, Retry-After). Others: 503, the queue delivers again. deadline_us: monotonic. */
enum err job_process(const struct services *s, const struct job_runner *runner, const char *id,
                     int64_t deadline_us, struct error *e);

/* The retry-job task: queues the extraction again, or fails the job when retry_count has reached
 * JOB_MAX_RETRIES. */
enum err job_retry_task(const struct services *s, const char *id, int retry_count, struct error *e);

/* Maintenance, run on a timer: queues stale jobs again (or fails them after JOB_MAX_ATTEMPTS
 * claims) where the queue has no task of theirs, erases those that had expired by retention_us
 * (core/retention.h). Counts may be NULL. */
enum err job_sweep(const struct services *s, int64_t retention_us, int *requeued, int *erased,
                   struct error *e);

#endif
