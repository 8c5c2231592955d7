#include "base/call_counters.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "base/context.h"
#include "base/span.h"

static const char *const class_names[6] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

struct call_counts {
    atomic_llong by_class[6]; /* 0: no answer */
    atomic_llong events[CALL_EVENT__MAX], sum_us;
};

enum err call_counters_setup(struct call_counters *c, struct error *e)
{
    if (c->shared != NULL)
        return ERR_OK;
    void *memory = mmap(NULL, c->n * sizeof *c->shared, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_no_memory(e);
    c->shared = memory;
    return ERR_OK;
}

void call_counters_note(const struct call_counters *c, size_t api, enum call_event event,
                        long status, int64_t latency_us)
{
    int class = status >= 100 && status < 600 ? (int)(status / 100) : 0;
    if (c->shared == NULL)
        return;
    struct call_counts *counts = &c->shared[api];
    atomic_fetch_add_explicit(&counts->events[event], 1, memory_order_relaxed);
    if (event != CALL_TRIED)
        return;
    atomic_fetch_add_explicit(&counts->by_class[class], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts->sum_us, latency_us, memory_order_relaxed);
    span_call(c->names[api], context_traceparent(), latency_us, (int)status);
}

static void write_calls(const struct call_counters *c, struct buffer *out)
{
    buffer_printf(out, "# TYPE %s_calls_total counter\n", c->prefix);
    for (size_t api = 0; api < c->n; api++) {
        for (int class = 0; class < 6; class ++) {
            long long n = atomic_load(&c->shared[api].by_class[class]);
            if (n > 0)
                buffer_printf(out, "%s_calls_total{api=\"%s\",status=\"%s\"} %lld\n", c->prefix,
                              c->names[api], class_names[class], n);
        }
    }
    buffer_printf(out, "# TYPE %s_call_seconds_sum counter\n", c->prefix);
    for (size_t api = 0; api < c->n; api++)
        if (atomic_load(&c->shared[api].events[CALL_TRIED]) > 0)
            buffer_printf(out, "%s_call_seconds_sum{api=\"%s\"} %.6f\n", c->prefix, c->names[api],
                          (double)atomic_load(&c->shared[api].sum_us) / 1e6);
}

static void write_events(const struct call_counters *c, const char *name, enum call_event event,
                         struct buffer *out)
{
    buffer_printf(out, "# TYPE %s_%s counter\n", c->prefix, name);
    for (size_t api = 0; api < c->n; api++) {
        long long n = atomic_load(&c->shared[api].events[event]);
        if (n > 0)
            buffer_printf(out, "%s_%s{api=\"%s\"} %lld\n", c->prefix, name, c->names[api], n);
    }
}

void call_counters_write(const struct call_counters *c, struct buffer *out)
{
    if (c->shared == NULL)
        return;
    write_calls(c, out);
    write_events(c, "retries_total", CALL_RETRIED, out);
    write_events(c, "refusals_total", CALL_REFUSED, out);
}
