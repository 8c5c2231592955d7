#include "google/counters.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "base/context.h"
#include "base/span.h"

static const char *const class_names[6] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

struct counters {
    atomic_llong by_class[6]; /* 0: no answer */
    atomic_llong events[GOOGLE_EVENT__MAX], sum_us;
};

/* One an API, and what BigQuery has given up, after them. */
static struct counters *counters;
static atomic_llong *rows_lost;

enum err google_counters_setup(struct error *e)
{
    if (counters != NULL)
        return ERR_OK;
    void *memory = mmap(NULL, (GOOGLE_API__MAX + 1) * sizeof *counters, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_no_memory(e);
    counters = memory;
    rows_lost = &counters[GOOGLE_API__MAX].sum_us;
    return ERR_OK;
}

void google_counters_observe(enum google_api api, enum google_event event, long status,
                             int64_t latency_us)
{
    int class = status >= 100 && status < 600 ? (int)(status / 100) : 0;
    atomic_fetch_add_explicit(&counters[api].events[event], 1, memory_order_relaxed);
    if (event != GOOGLE_TRIED)
        return;
    atomic_fetch_add_explicit(&counters[api].by_class[class], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters[api].sum_us, latency_us, memory_order_relaxed);
    span_call(google_api_names[api], context_traceparent(), latency_us, (int)status);
}

void google_counters_rows_lost(int64_t rows)
{
    atomic_fetch_add_explicit(rows_lost, rows, memory_order_relaxed);
}

static void write_calls(struct buffer *out)
{
    buffer_puts(out, "# TYPE pdf_ocr_google_calls_total counter\n");
    for (int api = 0; api < GOOGLE_API__MAX; api++) {
        for (int class = 0; class < 6; class ++) {
            long long n = atomic_load(&counters[api].by_class[class]);
            if (n > 0)
                buffer_printf(out, "pdf_ocr_google_calls_total{api=\"%s\",status=\"%s\"} %lld\n",
                              google_api_names[api], class_names[class], n);
        }
    }
    buffer_puts(out, "# TYPE pdf_ocr_google_call_seconds_sum counter\n");
    for (int api = 0; api < GOOGLE_API__MAX; api++)
        if (atomic_load(&counters[api].events[GOOGLE_TRIED]) > 0)
            buffer_printf(out, "pdf_ocr_google_call_seconds_sum{api=\"%s\"} %.6f\n",
                          google_api_names[api], (double)atomic_load(&counters[api].sum_us) / 1e6);
}

static void write_events(struct buffer *out, const char *name, enum google_event event)
{
    buffer_printf(out, "# TYPE %s counter\n", name);
    for (int api = 0; api < GOOGLE_API__MAX; api++) {
        long long n = atomic_load(&counters[api].events[event]);
        if (n > 0)
            buffer_printf(out, "%s{api=\"%s\"} %lld\n", name, google_api_names[api], n);
    }
}

void google_counters_write(struct buffer *out)
{
    write_calls(out);
    write_events(out, "pdf_ocr_google_retries_total", GOOGLE_RETRIED);
    write_events(out, "pdf_ocr_google_refusals_total", GOOGLE_REFUSED);
    buffer_printf(out,
                  "# TYPE pdf_ocr_analytics_rows_lost_total counter\n"
                  "pdf_ocr_analytics_rows_lost_total %lld\n",
                  atomic_load(rows_lost));
}
