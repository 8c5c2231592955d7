#include "core/job_pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "core/blob_names.h"
#include "core/quota.h"

#define KEPT_MAX     (64 << 20) /* bytes of a page; what is larger was not written here */
#define CLAIMED_ONCE 2          /* a job of that version was made and claimed, no more */
#define KEPT_MOST    20         /* by this task: nothing is found behind them */

/* --- pages --- */

/* Pages are kept in their order, so behind many that this task had to read no others are. */
static enum err find(void *self, int page, struct buffer *out, struct error *e)
{
    struct job_pages *p = self;
    const struct blob_store *b = &p->s->blobs;
    char name[BLOB_NAME_MAX + 1];
    int fd = -1;
    if (p->first || p->kept >= KEPT_MOST)
        return ERR_OK;
    kept_page_name(p->job->id, page, name);
    enum err err = b->ops->open(b->self, name, "", &fd, e);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_OK)
        return err;
    int code = file_read_open(fd, KEPT_MAX, out);
    (void)close(fd);
    if (code == ENOMEM)
        return error_no_memory(e);
    if (code != 0 && code != EFBIG) /* which makes no page */
        return error_set(e, ERR_UNAVAILABLE, "What was kept of a page cannot be read.");
    p->found += err == ERR_OK;
    return err;
}

static void keep(void *self, int page, const struct buffer *known)
{
    struct job_pages *p = self;
    const struct blob_store *b = &p->s->blobs;
    char name[BLOB_NAME_MAX + 1];
    struct error e = {0};
    kept_page_name(p->job->id, page, name);
    if (b->ops->put_bytes(b->self, name, known->data, known->len, "application/json", &e) == ERR_OK)
        p->kept++;
    else
        log_error(LOG_WARNING, "a page that was read cannot be kept", &e);
}

static enum err go_on(void *self, struct error *e)
{
    struct job_pages *p = self;
    if (p->kept == 0 || monotonic_us() < p->enough_us)
        return ERR_OK;
    p->paused = true;
    return error_set(e, ERR_TIMEOUT, "The rest of the pages is read by the next task.");
}

/* --- budgets --- */

static enum err spend(void *self, int pages, struct error *e)
{
    struct job_pages *p = self;
    const struct config *cfg = p->s->cfg;
    if (cfg->ocr_pages_per_job > 0 && p->found + p->spent + pages > cfg->ocr_pages_per_job)
        return error_set(e, ERR_UNPROCESSABLE,
                         "A job may have %" PRId64 " pages read by OCR; the page is beyond that.",
                         cfg->ocr_pages_per_job);
    enum err err = quota_take(p->s, QUOTA_OCR_PAGES, p->job->owner, pages, e);
    if (err == ERR_RATE_LIMITED) /* of the job, which does not wait for another day */
        e->kind = err = ERR_UNPROCESSABLE;
    if (err == ERR_OK)
        p->spent += pages;
    return err;
}

enum err job_pages_check_budget(const struct services *s, const char *owner,
                                enum engine_choice engine, struct error *e)
{
    if (s->cfg->ocr_fallback || !s->ocr_is_paid || engine == CHOICE_TEXT ||
        engine == CHOICE_TESSERACT)
        return ERR_OK;
    return quota_take(s, QUOTA_OCR_PAGES, owner, 0, e);
}

/* --- a task --- */

void job_pages_begin(struct job_pages *p, const struct services *s, const struct job *j,
                     int64_t deadline_us)
{
    int64_t now_us = monotonic_us();
    *p = (struct job_pages){.s = s, .job = j};
    /* The rest of the time is for the batch at hand, tables and results. */
    p->enough_us = now_us + (deadline_us - now_us) * 2 / 3;
    p->first = j->version <= CLAIMED_ONCE;
    p->journal = (struct page_journal){.find = find,
                                       .keep = keep,
                                       .go_on = go_on,
                                       .spend = spend,
                                       .last_try = j->retry_count + 1 >= s->cfg->job_max_retries,
                                       .may_fall_back = s->cfg->ocr_fallback,
                                       .self = p};
}

void job_pages_drop(const struct job_pages *p)
{
    const struct blob_store *b = &p->s->blobs;
    char prefix[BLOB_NAME_MAX + 1];
    struct error e = {0};
    if (p->found + p->kept == 0)
        return;
    kept_pages_prefix(p->job->id, prefix);
    if (b->ops->remove_prefix(b->self, prefix, &e) != ERR_OK)
        log_error(LOG_WARNING, "the pages of a job that is done cannot be erased yet", &e);
}
