/* Where time comes from, so that tests can hold it still. */
#ifndef PDF_OCR_BASE_CLOCK_H
#define PDF_OCR_BASE_CLOCK_H

#include <stdint.h>

#define US_PER_S INT64_C(1000000)

struct clock {
    int64_t (*now_us)(void *self); /* microseconds since the epoch, UTC */
    void *self;
    int64_t (*steady_us)(void *self); /* base/steady.h; NULL: now_us */
};

/* The machine's. */
extern const struct clock system_clock;

int64_t clock_now_us(const struct clock *c);

/* The clock of leases, delays and due times. */
int64_t clock_steady_us(const struct clock *c);

/* Monotonic microseconds, for durations and deadlines inside one process only. */
int64_t monotonic_us(void);

/* first_us doubled so many times, but never more than most_us: a delay that grows. */
int64_t backoff_us(int64_t first_us, int64_t doublings, int64_t most_us);

#endif
