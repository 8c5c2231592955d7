/* What a key may use: counters of a day that all instances share, and jobs that wait.
 *
 * Each quota is a setting, 0 where there is none. A refusal is ERR_RATE_LIMITED; it names the
 * setting's value and, for a day's, when there is more (Retry-After).
 */
#ifndef PDF_OCR_CORE_QUOTA_H
#define PDF_OCR_CORE_QUOTA_H

#include "core/job_service.h"

enum quota {
    QUOTA_OCR_PAGES, /* OCR_PAGES_PER_KEY_PER_DAY */
    QUOTA_PAGES,     /* PAGES_PER_KEY_PER_DAY */
    QUOTA_BYTES,     /* UPLOAD_BYTES_PER_KEY_PER_DAY */
    QUOTA__MAX
};

/* Whether a key has any quota. */
bool quota_is_set(const struct config *cfg);

/* Uses n of the owner's day, all or nothing; n 0: only whether any is left. ERR_RATE_LIMITED;
 * errors of the job store. */
enum err quota_take(const struct services *s, enum quota q, const char *owner, int64_t n,
                    struct error *e);

/* Notes n that have been used already, more than are left as well; a failure is logged. */
void quota_note(const struct services *s, enum quota q, const char *owner, int64_t n);

/* Whether the owner may have one more job, on this blob: JOBS_WAITING_PER_KEY, its pages, and the
 * bytes of a document that came by a link, which nobody has counted yet. */
enum err quota_check_job(const struct services *s, const char *owner, const char *pdf_id,
                         const char *blob, struct error *e);

#endif
