#include "base/circuit.h"

#include "base/clock.h"

#define FAILURES_MAX 5 /* calls in a row that failed in all their tries */
#define OPEN_US      (10 * US_PER_S)

int64_t circuit_open_us(const struct circuit *c, int64_t now_us)
{
    return c->open_until_us > now_us ? c->open_until_us - now_us : 0;
}

bool circuit_tripped(const struct circuit *c)
{
    return c->failures >= FAILURES_MAX;
}

bool circuit_note(struct circuit *c, bool failed, int64_t now_us)
{
    if (!failed) {
        *c = (struct circuit){0};
        return false;
    }
    if (++c->failures < FAILURES_MAX)
        return false;
    c->open_until_us = now_us + OPEN_US;
    return c->failures == FAILURES_MAX;
}
