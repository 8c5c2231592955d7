#include "core/quota.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

#define DAY_S 86400

static const struct kind {
    const char *counter;
    size_t most; /* in struct config */
    const char *what, *hint;
} kinds[QUOTA__MAX] = {
    [QUOTA_OCR_PAGES] = {"ocr-pages", offsetof(struct config, ocr_pages_per_key), "pages of OCR",
                         " Pages with a text layer are read without (\"engine\": \"text\")."},
    [QUOTA_PAGES] = {"pages", offsetof(struct config, pages_per_key), "pages", ""},
    [QUOTA_BYTES] = {"upload-bytes", offsetof(struct config, upload_bytes_per_key),
                     "bytes of uploads", ""},
};

bool quota_is_set(const struct config *cfg)
{
    return cfg->ocr_pages_per_key > 0 || cfg->pages_per_key > 0 || cfg->upload_bytes_per_key > 0 ||
           cfg->jobs_waiting_per_key > 0;
}

static int64_t most_of(const struct services *s, enum quota q)
{
    return *(const int64_t *)((const char *)s->cfg + kinds[q].most);
}

/* *ends_us: when the day does. */
static enum err count(const struct services *s, enum quota q, const char *owner, int64_t n,
                      int64_t most, int64_t *value, int64_t *ends_us, struct error *e)
{
    char name[COUNTER_NAME_MAX + 1];
    int64_t day = clock_now_us(s->clock) / US_PER_S / DAY_S;
    *ends_us = (day + 1) * DAY_S * US_PER_S;
    text_format(name, sizeof name, "%s-%" PRId64 "-%s", kinds[q].counter, day, owner);
    return s->jobs.ops->count(s->jobs.self, name, n, most, *ends_us, value, e);
}

enum err quota_take(const struct services *s, enum quota q, const char *owner, int64_t n,
                    struct error *e)
{
    int64_t most = most_of(s, q), value, ends_us;
    if (most == 0)
        return ERR_OK;
    enum err err = count(s, q, owner, n, most, &value, &ends_us, e);
    if (err != ERR_RATE_LIMITED && (err != ERR_OK || n > 0 || value < most))
        return err;
    error_set(e, ERR_RATE_LIMITED,
              "This key has used up its %" PRId64 " %s a day; there are more after 00:00 UTC.%s",
              most, kinds[q].what, kinds[q].hint);
    e->retry_after_s = (int)((ends_us - clock_now_us(s->clock)) / US_PER_S) + 1;
    return ERR_RATE_LIMITED;
}

void quota_note(const struct services *s, enum quota q, const char *owner, int64_t n)
{
    int64_t value, ends_us;
    struct error e;
    if (most_of(s, q) > 0 && n > 0 &&
        count(s, q, owner, n, INT64_MAX, &value, &ends_us, &e) != ERR_OK)
        log_error(LOG_WARNING, "what a key has used cannot be counted", &e);
}

static enum err check_waiting(const struct services *s, const char *owner, struct error *e)
{
    struct job_filter f = {
        .owner = owner, .status = JOB_QUEUED, .page_size = (int)s->cfg->jobs_waiting_per_key};
    struct job_page page = {0};
    if (f.page_size == 0)
        return ERR_OK;
    enum err err = s->jobs.ops->list(s->jobs.self, &f, &page, e);
    if (err == ERR_OK && page.n >= (size_t)f.page_size) {
        err = error_set(e, ERR_RATE_LIMITED,
                        "This key has %d jobs that wait, and may have no more; wait for one to "
                        "begin.",
                        f.page_size);
        e->retry_after_s = 5;
    }
    job_page_free(&page);
    return err;
}

static enum err take_bytes_of_link(const struct services *s, const char *owner, const char *blob,
                                   struct error *e)
{
    struct blob_info info;
    if (most_of(s, QUOTA_BYTES) == 0)
        return ERR_OK;
    enum err err = s->blobs.ops->stat(s->blobs.self, blob, &info, e);
    return err == ERR_OK ? quota_take(s, QUOTA_BYTES, owner, (int64_t)info.size, e) : err;
}

enum err quota_check_job(const struct services *s, const char *owner, const char *pdf_id,
                         const char *blob, struct error *e)
{
    enum err err = check_waiting(s, owner, e);
    if (err == ERR_OK)
        err = quota_take(s, QUOTA_PAGES, owner, 0, e);
    return err == ERR_OK && pdf_replaceable(pdf_id) ? take_bytes_of_link(s, owner, blob, e) : err;
}
