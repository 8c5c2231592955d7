/* Fonts where the kernel has no Landlock (gVisor): each file and folder is opened before the
 * sandbox stands. From then on the filter of system calls turns an openat(2) into SIGSYS, whose
 * handler gives what was opened, or refuses. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

#define OPENED_MOST 2048
#define KEPT_AT     64 /* descriptors from here on, beyond those that programs are left */
#define DEPTH       16

const char *const sandbox_font_folders[] = {
    "/usr/share/fonts",      "/usr/local/share/fonts",     "/usr/share/poppler",
    "/usr/share/fontconfig", "/var/cache/fontconfig",      "/etc/fonts",
    "/usr/share/X11/fonts",  "/var/lib/ghostscript/fonts", NULL};

#if defined(__x86_64__)
#define PATH_AT(u)   (&(u)->uc_mcontext.gregs[REG_RSI])
#define ANSWER(u, n) ((u)->uc_mcontext.gregs[REG_RAX] = (n))
#elif defined(__aarch64__)
#define PATH_AT(u)   (&(u)->uc_mcontext.regs[1])
#define ANSWER(u, n) ((u)->uc_mcontext.regs[0] = (__u64)(n))
#endif

#ifdef PATH_AT
static struct opened {
    char *path;
    int fd;
} opened[OPENED_MOST];
static size_t n_opened;

/* Of nftw(3). What cannot be opened is passed over; beyond OPENED_MOST nothing is. */
static int open_before(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)ftw;
    if (kind == FTW_NS || !(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode)))
        return 0;
    int fd = n_opened < OPENED_MOST ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    int kept = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, KEPT_AT) : -1;
    char *name = kept >= 0 ? strdup(path) : NULL;
    if (fd >= 0)
        (void)close(fd);
    if (name != NULL)
        opened[n_opened++] = (struct opened){name, kept};
    else if (kept >= 0)
        (void)close(kept);
    return 0;
}

/* A copy has the offset of what it is copied from. */
static long give(const char *path)
{
    for (size_t i = 0; i < n_opened; i++) {
        if (strcmp(opened[i].path, path) != 0)
            continue;
        int fd = fcntl(opened[i].fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            return -errno;
        (void)lseek(fd, 0, SEEK_SET);
        return fd;
    }
    return -EACCES;
}

static void answer_openat(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    const char *path;
    int kept_errno = errno;
    (void)number;
    (void)info;
    memcpy(&path, PATH_AT(u), sizeof path);
    ANSWER(u, give(path));
    errno = kept_errno;
}

bool sandbox_open_fonts(void)
{
    struct sigaction action = {.sa_sigaction = answer_openat,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER};
    for (size_t i = 0; sandbox_font_folders[i] != NULL; i++)
        (void)nftw(sandbox_font_folders[i], open_before, DEPTH, FTW_PHYS);
    return sigaction(SIGSYS, &action, NULL) == 0;
}
#else
bool sandbox_open_fonts(void)
{
    return false;
}
#endif
