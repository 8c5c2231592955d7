#include "base/cpu_yield.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/time.h>

#define EVERY_US 500

static void yield(int number)
{
    int kept = errno;
    (void)number;
    (void)sched_yield();
    errno = kept;
}

/* What fails leaves the process less courteous and is no error. */
static void set_timer(long us)
{
    const struct itimerval t = {{0, us}, {0, us}};
    (void)setitimer(ITIMER_REAL, &t, NULL);
}

void cpu_yield_begin(void)
{
    const struct sigaction action = {.sa_handler = yield, .sa_flags = SA_RESTART};
    if (getpriority(PRIO_PROCESS, 0) > 0 && sigaction(SIGALRM, &action, NULL) == 0)
        set_timer(EVERY_US);
}

void cpu_yield_end(void)
{
    set_timer(0);
}
