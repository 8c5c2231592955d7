/* Erasing an owner's PDF before its retention does. */
#ifndef PDF_OCR_CORE_DOCUMENT_ERASE_H
#define PDF_OCR_CORE_DOCUMENT_ERASE_H

#include "core/job_service.h"

/* The PDF is owner's no more: neither read, shown nor used by a new job. Its bytes go with it, but
 * for a pdf_id that is a hash, which may be another owner's as well: these go by their retention.
 * with_jobs erases the owner's jobs of it as job_erase does; without, ERR_CONFLICT while one of
 * them waits or runs. ERR_NOT_FOUND when it is not owner's, ERR_TIMEOUT when deadline_us
 * (monotonic) came before all jobs were erased. */
enum err document_erase(const struct services *s, const char *owner, const char *pdf_id,
                        bool with_jobs, int64_t deadline_us, struct error *e);

#endif
