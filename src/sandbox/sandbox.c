#include "sandbox/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static int set_limits(int resource, int64_t soft, int64_t hard)
{
    struct rlimit limit = {(rlim_t)soft, (rlim_t)hard};
    return setrlimit((__rlimit_resource_t)resource, &limit);
}

static int set_limit(int resource, int64_t value)
{
    return set_limits(resource, value, value);
}

static int set_all_limits(const struct sandbox_limits *l)
{
    if (set_limits(RLIMIT_CPU, l->cpu_s, l->cpu_s * SANDBOX_CPU_ROUNDS) != 0 ||
        set_limit(RLIMIT_FSIZE, l->file_bytes) != 0 || set_limit(RLIMIT_NOFILE, 32) != 0 ||
        set_limit(RLIMIT_CORE, 0) != 0)
        return -1;
#ifndef __SANITIZE_ADDRESS__ /* its shadow memory takes terabytes of addresses */
    if (set_limit(RLIMIT_AS, l->memory_bytes) != 0)
        return -1;
#endif
    return 0;
}

int sandbox_enter(const struct sandbox_limits *l)
{
    enum sandbox_files files = SANDBOX_NO_FILES;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return -1;
    int confined = sandbox_landlock(l->fonts);
    if (confined < 0)
        return -1;
    if (l->fonts && confined == 1)
        files = SANDBOX_CONFINED;
    else if (l->fonts && sandbox_open_fonts())
        files = SANDBOX_OPENED;
    return set_all_limits(l) == 0 ? sandbox_seccomp(files) : -1;
}
