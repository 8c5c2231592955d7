#include "base/context.h"

#include <stdio.h>

#include "base/clock.h"

static int64_t deadline;
static char trace[64];

void context_set(int64_t deadline_us, const char *traceparent)
{
    deadline = deadline_us;
    context_trace(traceparent != NULL ? traceparent : "");
}

void context_trace(const char *traceparent)
{
    (void)snprintf(trace, sizeof trace, "%s", traceparent);
}

int64_t context_left_us(void)
{
    return deadline != 0 ? deadline - monotonic_us() : INT64_MAX;
}

const char *context_traceparent(void)
{
    return trace;
}
