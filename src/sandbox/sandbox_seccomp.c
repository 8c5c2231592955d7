#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

/* What poppler, cairo and fontconfig use once the program runs. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(fstatfs),
    SCMP_SYS(statfs),
    SCMP_SYS(getdents64),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(poll),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getcwd),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrlimit),
    SCMP_SYS(sched_yield),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sched_getaffinity),
};

/* Not F_SETOWN and F_SETSIG, which make the kernel send any signal to any process of the user. */
static const int fcntls[] = {F_GETFD, F_SETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC};

/* Both take the protection as their third argument: all code is in place by now. */
static const int mappings[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

/* Landlock lets O_PATH pass. */
#define NOT_TO_OPEN_WITH (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_PATH)

/* No PDF needs these; a program that tries them has been taken over. All others just fail. */
static const int deadly[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),
    SCMP_SYS(vfork),  SCMP_SYS(clone),    SCMP_SYS(clone3),
    SCMP_SYS(ptrace), SCMP_SYS(socket),   SCMP_SYS(connect),
    SCMP_SYS(kill),   SCMP_SYS(unlink),   SCMP_SYS(unlinkat),
    SCMP_SYS(bpf),    SCMP_SYS(mount),    SCMP_SYS(process_vm_readv),
};

int sandbox_seccomp(enum sandbox_files files)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EACCES));
    int failed = filter == NULL ? -ENOMEM : 0;
    for (size_t i = 0; failed == 0 && i < sizeof allowed / sizeof allowed[0]; i++)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; failed == 0 && i < sizeof deadly / sizeof deadly[0]; i++)
        failed = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    for (size_t i = 0; failed == 0 && i < sizeof fcntls / sizeof fcntls[0]; i++)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                  SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fcntls[i]));
    if (failed == 0) /* abort() */
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    for (size_t i = 0; failed == 0 && i < sizeof mappings / sizeof mappings[0]; i++)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, mappings[i], 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (failed == 0 && files != SANDBOX_NO_FILES)
        failed =
            seccomp_rule_add(filter, files == SANDBOX_OPENED ? SCMP_ACT_TRAP : SCMP_ACT_ALLOW,
                             SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, NOT_TO_OPEN_WITH, 0));
    if (failed == 0)
        failed = seccomp_load(filter);
    if (filter != NULL)
        seccomp_release(filter);
    errno = -failed;
    return failed == 0 ? 0 : -1;
}
