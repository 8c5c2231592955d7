#include "reader/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static int set_limit(int resource, int64_t value)
{
    struct rlimit limit = {(rlim_t)value, (rlim_t)value};
    return setrlimit((__rlimit_resource_t)resource, &limit);
}

int sandbox_enter(const struct sandbox_limits *l)
{
    if (set_limit(RLIMIT_CPU, l->cpu_s) != 0 || set_limit(RLIMIT_FSIZE, 0) != 0 ||
        set_limit(RLIMIT_NOFILE, 32) != 0 || set_limit(RLIMIT_CORE, 0) != 0)
        return -1;
#ifndef __SANITIZE_ADDRESS__ /* its shadow memory takes terabytes of addresses */
    if (set_limit(RLIMIT_AS, l->memory_bytes) != 0)
        return -1;
#endif
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return -1;
    int files = sandbox_landlock();
    return files < 0 ? -1 : sandbox_seccomp(files == 1);
}
