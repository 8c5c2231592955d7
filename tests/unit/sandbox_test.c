/* What the page reader may still do once its sandbox stands. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "tests/unit/suite.h"

/* From now on the kernel has no Landlock. */
static int deny_landlock(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0
               ? -1
               : 0;
}

static bool without_landlock;

/* Runs a deed in a sandboxed child: its exit status, or 128 + the signal that killed it. */
static int sandboxed(int (*deed)(void))
{
    static const struct sandbox_limits limits = {5, INT64_C(1) << 30, 0, true};
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if ((without_landlock && deny_landlock() != 0) || sandbox_enter(&limits) != 0)
            _exit(99);
        _exit(deed());
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define KILLED (128 + SIGSYS)

static int open_passwd(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0 ? 1 : errno == EACCES ? 0 : 2;
}

static int open_font_folder_for_writing(void)
{
    return open("/usr/share/fonts/x", O_WRONLY | O_CREAT, 0600) >= 0 ? 1 : 0;
}

static int open_path_of_passwd(void)
{
    return open("/etc/passwd", O_PATH) >= 0 ? 1 : errno == EACCES ? 0 : 2;
}

static int map_memory_for_code(void)
{
    int prot = PROT_READ | PROT_WRITE | PROT_EXEC;
    return mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 1 : 0;
}

static int make_memory_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return 2;
    return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 1 : 0;
}

static int open_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 1 : 2;
}

static int fork_child(void)
{
    return fork() >= 0 ? 1 : 2;
}

static int run_program(void)
{
    char name[] = "true";
    char *const argv[] = {name, NULL};
    (void)execv("/bin/true", argv);
    return 2;
}

static pid_t parent;

static int signal_the_parent(void)
{
    return syscall(SYS_tgkill, parent, parent, 0) == 0 ? 1 : errno == EACCES ? 0 : 2;
}

static int have_the_kernel_signal_the_parent(void)
{
    return fcntl(0, F_SETOWN, parent) == 0 ? 1 : errno == EACCES ? 0 : 2;
}

static int give_up(void)
{
    abort();
}

static int use_memory(void)
{
    void *p = malloc(1 << 20);
    free(p);
    return p != NULL ? 0 : 1;
}

static void files_cannot_be_opened(void)
{
    CU_ASSERT_EQUAL(sandboxed(open_passwd), 0);
    CU_ASSERT_EQUAL(sandboxed(open_path_of_passwd), 0);
    CU_ASSERT_EQUAL(sandboxed(open_font_folder_for_writing), 0);
}

/* Any file of the fonts' folders. */
#define FONTS_SETTINGS "/etc/fonts/fonts.conf"

/* The whole file each time, also when it is open already. */
static int read_settings_of_fonts_twice(void)
{
    char one[16] = "", two[16] = "";
    int a = open(FONTS_SETTINGS, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(a, one, sizeof one);
    int b = openat(AT_FDCWD, FONTS_SETTINGS, O_RDONLY);
    ssize_t m = read(b, two, sizeof two);
    return a >= 0 && b >= 0 && n == 16 && m == 16 && memcmp(one, two, 16) == 0 ? 0 : 1;
}

static int list_folder_of_fonts(void)
{
    int n = 0;
    for (int round = 0; round < 2; round++) {
        DIR *folder = opendir("/etc/fonts");
        while (folder != NULL && readdir(folder) != NULL)
            n++;
        if (folder == NULL || closedir(folder) != 0 || n < 3 * (round + 1))
            return 1;
    }
    return 0;
}

static int open_what_is_not_there(void)
{
    return open("/etc/fonts/none", O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

static void fonts_can_be_read(void)
{
    CU_ASSERT_EQUAL(sandboxed(read_settings_of_fonts_twice), 0);
    CU_ASSERT_EQUAL(sandboxed(list_folder_of_fonts), 0);
}

static void fonts_can_be_read_without_landlock_and_nothing_else(void)
{
    without_landlock = true;
    fonts_can_be_read();
    CU_ASSERT_EQUAL(sandboxed(open_what_is_not_there), 0);
    files_cannot_be_opened();
    without_landlock = false;
}

static void memory_never_becomes_code(void)
{
    CU_ASSERT_EQUAL(sandboxed(map_memory_for_code), 0);
    CU_ASSERT_EQUAL(sandboxed(make_memory_code), 0);
}

static void network_processes_and_programs_are_deadly(void)
{
    CU_ASSERT_EQUAL(sandboxed(open_socket), KILLED);
    CU_ASSERT_EQUAL(sandboxed(fork_child), KILLED);
    CU_ASSERT_EQUAL(sandboxed(run_program), KILLED);
}

static void others_cannot_be_signalled(void)
{
    parent = getpid();
    CU_ASSERT_EQUAL(sandboxed(signal_the_parent), 0);
    CU_ASSERT_EQUAL(sandboxed(have_the_kernel_signal_the_parent), 0);
}

static void ordinary_work_goes_on(void)
{
    CU_ASSERT_EQUAL(sandboxed(give_up), 128 + SIGABRT);
    CU_ASSERT_EQUAL(sandboxed(use_memory), 0);
}

static const struct test_case tests[] = {
    TEST(files_cannot_be_opened),
    TEST(fonts_can_be_read),
    TEST(fonts_can_be_read_without_landlock_and_nothing_else),
    TEST(memory_never_becomes_code),
    TEST(network_processes_and_programs_are_deadly),
    TEST(others_cannot_be_signalled),
    TEST(ordinary_work_goes_on),
};

int main(void)
{
    return RUN_SUITE("sandbox", tests);
}
