#include "process/metrics.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUTES_MAX 64
#define N_BUCKETS  8
#define BUSY_MAX   1024 /* processes that answer at the same time: the pools', and those that end */

static const int64_t bucket_us[N_BUCKETS] = {500,    1000,    5000,     10000,
                                             100000, 1000000, 10000000, 300000000};

struct counters {
    struct {
        atomic_llong by_class[6]; /* 1xx .. 5xx */
        atomic_llong buckets[N_BUCKETS];
        atomic_llong count, sum_us;
    } routes[ROUTES_MAX + 1]; /* the last: no route */
    struct {
        atomic_int pid;  /* 0: free */
        atomic_int pool; /* 0: idle */
    } workers[BUSY_MAX];
    atomic_llong store_losses;
    atomic_llong waiting;
};

static struct counters *counters;
static size_t own_place = BUSY_MAX; /* of this process, among the workers; BUSY_MAX: none */

enum err metrics_setup(struct error *e)
{
    void *memory =
        mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_no_memory(e);
    counters = memory;
    return ERR_OK;
}

/* Each process has a place of its own, so that one that is killed leaves nothing counted. */
static void take_place(void)
{
    for (own_place = 0; own_place < BUSY_MAX; own_place++) {
        int nobody = 0;
        if (atomic_compare_exchange_strong(&counters->workers[own_place].pid, &nobody, getpid()))
            return;
    }
}

void metrics_busy(enum pool pool, bool busy)
{
    if (own_place == BUSY_MAX)
        take_place();
    if (own_place < BUSY_MAX)
        atomic_store_explicit(&counters->workers[own_place].pool, busy ? (int)pool : 0,
                              memory_order_relaxed);
}

void metrics_forget(pid_t pid)
{
    for (size_t i = 0; i < BUSY_MAX; i++) {
        if (atomic_load_explicit(&counters->workers[i].pid, memory_order_relaxed) != pid)
            continue;
        atomic_store(&counters->workers[i].pool, 0);
        atomic_store(&counters->workers[i].pid, 0);
    }
}

static int count_busy(enum pool pool)
{
    int n = 0;
    for (size_t i = 0; i < BUSY_MAX; i++)
        n += atomic_load_explicit(&counters->workers[i].pool, memory_order_relaxed) == (int)pool;
    return n;
}

void metrics_request(int route, int status, int64_t latency_us)
{
    int at = route >= 0 && route < ROUTES_MAX ? route : ROUTES_MAX;
    int class = status / 100 >= 0 && status / 100 < 6 ? status / 100 : 0;
    int bucket = 0;
    atomic_fetch_add_explicit(&counters->routes[at].by_class[class], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters->routes[at].count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters->routes[at].sum_us, latency_us, memory_order_relaxed);
    while (bucket < N_BUCKETS && latency_us > bucket_us[bucket])
        bucket++;
    if (bucket < N_BUCKETS)
        atomic_fetch_add_explicit(&counters->routes[at].buckets[bucket], 1, memory_order_relaxed);
}

void metrics_waiting(int64_t n)
{
    atomic_store_explicit(&counters->waiting, n, memory_order_relaxed);
}

void metrics_store_lost(void)
{
    atomic_fetch_add_explicit(&counters->store_losses, 1, memory_order_relaxed);
}

static const char *route_name(size_t at)
{
    return at < ROUTES_MAX ? routes[at].name : "none";
}

static void write_requests(struct buffer *out, size_t at)
{
    for (int class = 1; class < 6; class ++) {
        long long n = atomic_load(&counters->routes[at].by_class[class]);
        if (n > 0)
            buffer_printf(out, "pdf_ocr_requests_total{route=\"%s\",status=\"%dxx\"} %lld\n",
                          route_name(at), class, n);
    }
}

static void write_latency(struct buffer *out, size_t at)
{
    long long sum = 0, count = atomic_load(&counters->routes[at].count);
    const char *name = route_name(at);
    if (count == 0)
        return;
    for (int i = 0; i < N_BUCKETS; i++) {
        sum += atomic_load(&counters->routes[at].buckets[i]);
        buffer_printf(out, "pdf_ocr_request_seconds_bucket{route=\"%s\",le=\"%g\"} %lld\n", name,
                      (double)bucket_us[i] / 1e6, sum);
    }
    buffer_printf(out,
                  "pdf_ocr_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %lld\n"
                  "pdf_ocr_request_seconds_sum{route=\"%s\"} %.6f\n"
                  "pdf_ocr_request_seconds_count{route=\"%s\"} %lld\n",
                  name, count, name, (double)atomic_load(&counters->routes[at].sum_us) / 1e6, name,
                  count);
}

void metrics_write(struct buffer *out)
{
    size_t n = 0;
    while (n < ROUTES_MAX && routes[n].handler != NULL)
        n++;
    buffer_puts(out, "# TYPE pdf_ocr_requests_total counter\n");
    for (size_t i = 0; i < n; i++)
        write_requests(out, i);
    write_requests(out, ROUTES_MAX);
    buffer_puts(out, "# TYPE pdf_ocr_request_seconds histogram\n");
    for (size_t i = 0; i < n; i++)
        write_latency(out, i);
    buffer_printf(out,
                  "# TYPE pdf_ocr_busy_workers gauge\n"
                  "pdf_ocr_busy_workers{pool=\"api\"} %d\n"
                  "pdf_ocr_busy_workers{pool=\"task\"} %d\n"
                  "pdf_ocr_busy_workers{pool=\"page\"} %d\n"
                  "pdf_ocr_busy_workers{pool=\"upload\"} %d\n",
                  count_busy(POOL_API), count_busy(POOL_TASK), count_busy(POOL_PAGE),
                  count_busy(POOL_UPLOAD));
    buffer_printf(out,
                  "# TYPE pdf_ocr_waiting_requests gauge\npdf_ocr_waiting_requests %lld\n"
                  "# TYPE pdf_ocr_store_losses_total counter\npdf_ocr_store_losses_total %lld\n",
                  atomic_load(&counters->waiting), atomic_load(&counters->store_losses));
}
