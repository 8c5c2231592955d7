#include "core/retention.h"

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t retention_look(struct retention *r, const struct clock *s)
{
    int64_t at_us = clock_steady_us(s), time_us = earlier(clock_now_us(s), at_us);
    int64_t allowed_us = r->at_us != 0 ? r->time_us + (at_us - r->at_us) : 0;
    *r = (struct retention){time_us, at_us};
    return earlier(time_us, allowed_us);
}
