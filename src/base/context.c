#include "base/context.h"

#include <stdio.h>

#include "base/source.h"

static int64_t deadline;
static char trace[64];

void context_set(int64_t deadline_us, const char *traceparent)
{
    deadline = deadline_us;
    (void)snprintf(trace, sizeof trace, "%s", traceparent != NULL ? traceparent : "");
}

int64_t context_left_us(void)
{
    return deadline != 0 ? deadline - monotonic_us() : INT64_MAX;
}

const char *context_traceparent(void)
{
    return trace;
}
