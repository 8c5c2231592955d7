#include "base/clock.h"

#include <stddef.h>
#include <time.h>

#include "base/steady.h"

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

static int64_t system_now_us(void *self)
{
    (void)self;
    return read_us(CLOCK_REALTIME);
}

static int64_t system_steady_us(void *self)
{
    (void)self;
    return steady_us();
}

const struct clock system_clock = {system_now_us, NULL, system_steady_us};

int64_t clock_now_us(const struct clock *c)
{
    return c->now_us(c->self);
}

int64_t clock_steady_us(const struct clock *c)
{
    return c->steady_us != NULL ? c->steady_us(c->self) : c->now_us(c->self);
}

int64_t monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t backoff_us(int64_t first_us, int64_t doublings, int64_t most_us)
{
    int64_t delay = first_us;
    for (int64_t i = 0; i < doublings && delay < most_us; i++)
        delay *= 2;
    return delay < most_us ? delay : most_us;
}
