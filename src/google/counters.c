#include "google/counters.h"

#include <stdatomic.h>
#include <sys/mman.h>

static struct call_counters calls = {
    .prefix = "pdf_ocr_google", .names = google_api_names, .n = GOOGLE_API__MAX};
static atomic_llong *rows_lost;

enum err google_counters_setup(struct error *e)
{
    if (rows_lost != NULL)
        return ERR_OK;
    void *memory =
        mmap(NULL, sizeof *rows_lost, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_no_memory(e);
    rows_lost = memory;
    return call_counters_setup(&calls, e);
}

void google_counters_observe(enum google_api api, enum call_event event, long status,
                             int64_t latency_us)
{
    call_counters_note(&calls, api, event, status, latency_us);
}

void google_counters_rows_lost(int64_t rows)
{
    atomic_fetch_add_explicit(rows_lost, rows, memory_order_relaxed);
}

void google_counters_write(struct buffer *out)
{
    call_counters_write(&calls, out);
    buffer_printf(out,
                  "# TYPE pdf_ocr_analytics_rows_lost_total counter\n"
                  "pdf_ocr_analytics_rows_lost_total %lld\n",
                  atomic_load(rows_lost));
}
