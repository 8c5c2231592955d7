#include "core/document_erase.h"

#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "core/blob_names.h"
#include "core/document_owner.h"

#define JOBS_AT_ONCE 50

/* Jobs that are not at their end read the PDF yet. */
static enum err check_unused(const struct services *s, const char *owner, const char *pdf_id,
                             struct error *e)
{
    static const enum job_status open_states[] = {JOB_QUEUED, JOB_PROCESSING};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof open_states / sizeof *open_states; i++) {
        const struct job_filter f = {
            .owner = owner, .pdf_id = pdf_id, .status = (int)open_states[i], .page_size = 1};
        struct job_page page = {0};
        err = s->jobs.ops->list(s->jobs.self, &f, &page, e);
        if (err == ERR_OK && page.n > 0)
            err = error_set(e, ERR_CONFLICT,
                            "Job %s reads this PDF yet: wait for it, delete it, or send jobs=true "
                            "to delete all jobs of the PDF.",
                            page.jobs[0]->id);
        job_page_free(&page);
    }
    return err;
}

/* A job that ran is cancelled in the first round and removed in the next. */
static enum err erase_jobs(const struct services *s, const char *owner, const char *pdf_id,
                           int64_t deadline_us, struct error *e)
{
    const struct job_filter f = {
        .owner = owner, .pdf_id = pdf_id, .status = -1, .page_size = JOBS_AT_ONCE};
    enum err err = ERR_OK;
    for (size_t found = 1; err == ERR_OK && found > 0;) {
        struct job_page page = {0};
        err = s->jobs.ops->list(s->jobs.self, &f, &page, e);
        found = page.n;
        for (size_t i = 0; err == ERR_OK && i < found; i++) {
            if (monotonic_us() > deadline_us)
                err = error_set(e, ERR_TIMEOUT,
                                "Not all jobs of the PDF could be deleted in time; send the "
                                "request again.");
            else
                err = job_erase(s, owner, page.jobs[i]->id, 0, e);
            if (err == ERR_NOT_FOUND) /* its retention was quicker */
                err = ERR_OK;
        }
        job_page_free(&page);
    }
    return err;
}

enum err document_erase(const struct services *s, const char *owner, const char *pdf_id,
                        bool with_jobs, int64_t deadline_us, struct error *e)
{
    char prefix[BLOB_NAME_MAX + 1];
    enum err err = document_owner_check(s, owner, pdf_id, e);
    if (err == ERR_OK)
        err = with_jobs ? erase_jobs(s, owner, pdf_id, deadline_us, e)
                        : check_unused(s, owner, pdf_id, e);
    pdf_prefix(pdf_id, prefix);
    if (err == ERR_OK && strlen(pdf_id) == UUID_LEN)
        err = s->blobs.ops->remove_prefix(s->blobs.self, prefix, e);
    return err == ERR_OK ? document_owner_remove(s, owner, pdf_id, e) : err;
}
