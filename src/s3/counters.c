#include "s3/counters.h"

static const char *const names[] = {"S3"};
static struct call_counters calls = {.prefix = "pdf_ocr_s3", .names = names, .n = 1};

enum err s3_counters_setup(struct error *e)
{
    return call_counters_setup(&calls, e);
}

void s3_counters_note(enum call_event event, long status, int64_t latency_us)
{
    call_counters_note(&calls, 0, event, status, latency_us);
}

void s3_counters_write(struct buffer *out)
{
    call_counters_write(&calls, out);
}
