/* The client of pdf-ocr-page, with readers that misbehave and documents that take their time. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "extract/page_reader.h"
#include "tests/unit/suite.h"

static const struct box whole = {0, 0, 1, 1};

/* A checkpoint is passed at each wait of half a second: the second one stops. */
static enum err stop_after_a_while(void *self, struct error *e)
{
    static int passed;
    (void)self;
    return ++passed < 2 ? ERR_OK : error_set(e, ERR_GONE, "stopped");
}

static enum err open_reader(const char *program, int64_t cpu_s, struct page_reader **out,
                            struct error *e)
{
    struct page_reader_limits limits = {.program = program,
                                        .cpu_s = cpu_s,
                                        .memory_bytes = INT64_C(1) << 40,
                                        .max_pages = 100,
                                        .max_raster_pixels = 40000000};
    int pages = 0, fd = open("samples/form.pdf", O_RDONLY | O_CLOEXEC);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    enum err err = page_reader_open(&limits, fd, NULL, out, &pages, e);
    (void)close(fd);
    return err;
}

/* A reader made of shell commands, which has read the line of the password; unlink it. */
static void write_reader(char path[], const char *commands)
{
    char script[512];
    int n = snprintf(script, sizeof script, "#!/bin/sh\nread password\n%s\n", commands);
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && n > 0 && write(fd, script, (size_t)n) == n &&
                         fchmod(fd, 0700) == 0 && close(fd) == 0);
}

/* What page 1 of such a reader comes to. */
static enum err read_with(const char *commands, int64_t cpu_s, struct error *e)
{
    char path[] = "/tmp/reader-XXXXXX";
    struct page_reader *reader = NULL;
    struct page_content page = {0};
    write_reader(path, commands);
    enum err err = open_reader(path, cpu_s, &reader, e);
    if (err == ERR_OK)
        err = page_reader_page(reader, 1, &page, e);
    page_content_free(&page);
    page_reader_close(reader);
    CU_ASSERT_EQUAL(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left behind */
    (void)unlink(path);
    return err;
}

/* How it would have ended is not known: no document is condemned for that. */
static void reader_that_closes_its_answers_and_lives_is_ended(void)
{
    struct error e;
    CU_ASSERT_EQUAL(read_with("exec 1>&-; exec sleep 1000", 60, &e), ERR_UNAVAILABLE);
}

/* One page of 9 by 9 points with so many words, which come next; then there are no rules. */
#define PAGE_OF(n, words)                                                                          \
    "echo '{\"pages\":1}'; read x; echo '{\"width\":9,\"height\":9,\"words\":" n "}'; " words      \
    "; read x; echo '{\"rules\":0}'; read x"

static void a_word_in_no_place_costs_only_itself(void)
{
    static const char commands[] =
        PAGE_OF("4", "echo '[0,0,-1,0,\"a\"]'; echo '[9,0,0,0,\"b\"]'; echo '[0,0,1e9,0,\"c\"]'; "
                     "echo '[0,0,0.1,0.1,\"d\"]'");
    char path[] = "/tmp/reader-XXXXXX";
    struct page_reader *reader = NULL;
    struct page_content page = {0};
    struct error e;
    write_reader(path, commands);
    CU_ASSERT_EQUAL_FATAL(open_reader(path, 60, &reader, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(page_reader_page(reader, 1, &page, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(page.words.n, 1);
    CU_ASSERT_STRING_EQUAL(page.words.items[0].text, "d");
    CU_ASSERT_PTR_NOT_NULL_FATAL(page.warning);
    CU_ASSERT_STRING_EQUAL(page.warning,
                           "Page 1: some words have no place on the page and are left out.");
    page_content_free(&page);
    page_reader_close(reader);
    (void)unlink(path);
}

/* Writes items with boxes of any kind, the same at each run. */
static void write_boxes(FILE *out, int n, const char *rest)
{
    static const char *const odd[] = {"0", "-0.0", "1e-300", "-1e-9", "2",    "1e308", "-1e308",
                                      "1", "null", "-1",     "0.5",   "true", "\"x\"", "[]"};
    static uint32_t seed = 7;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 4; k++) {
            seed = seed * 1664525 + 1013904223;
            (void)fprintf(out, "%s%s", k > 0 ? "," : "[",
                          odd[(seed >> 8) % (sizeof odd / sizeof *odd)]);
        }
        (void)fprintf(out, ",%s]\n", rest);
    }
}

static void no_box_of_an_answer_costs_the_page(void)
{
    char answer[] = "/tmp/answer-XXXXXX", path[] = "/tmp/reader-XXXXXX", commands[256];
    struct page_reader *reader = NULL;
    struct page_content page = {0};
    struct error e;
    int fd = mkstemp(answer);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    (void)fprintf(out, "{\"width\":9,\"height\":9,\"words\":2001,\"fields\":500}\n");
    write_boxes(out, 2000, "\"w\"");
    (void)fprintf(out, "[0.1,0.1,0.1,0.1,\"kept\"]\n");
    write_boxes(out, 500, "\"name\",\"value\"");
    (void)fprintf(out, "{\"rules\":2000,\"boxes\":500,\"areas\":500}\n");
    write_boxes(out, 3000, "true");
    CU_ASSERT_EQUAL_FATAL(fclose(out), 0);
    (void)snprintf(commands, sizeof commands, "echo '{\"pages\":1}'; cat %s; cat >/dev/null",
                   answer);
    write_reader(path, commands);
    CU_ASSERT_EQUAL_FATAL(open_reader(path, 60, &reader, &e), ERR_OK);
    CU_ASSERT_EQUAL(page_reader_page(reader, 1, &page, &e), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(page.warning);
    bool kept = false;
    for (size_t i = 0; i < page.words.n; i++) {
        const struct box *b = &page.words.items[i].box;
        kept = kept || strcmp(page.words.items[i].text, "kept") == 0;
        CU_ASSERT_TRUE(b->w >= 0 && b->h >= 0 && b->w <= 2 && b->h <= 2);
    }
    CU_ASSERT_TRUE(kept);
    page_content_free(&page);
    page_reader_close(reader);
    (void)unlink(path);
    (void)unlink(answer);
}

static void a_page_of_too_many_words_says_which_limit(void)
{
    struct error e;
    CU_ASSERT_EQUAL(read_with(PAGE_OF("2000001", ":"), 60, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_STRING_EQUAL(e.detail, "Page 1 has more text than a page may have, 2000000 words or "
                                     "64 MiB of them.");
}

static void reader_stopped_from_outside_is_the_services_trouble(void)
{
    struct error e;
    CU_ASSERT_EQUAL(read_with("kill -KILL $$", 60, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(read_with("kill -TERM $$", 60, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(read_with("echo '{\"pages\":1}'; read x; kill -KILL $$", 60, &e),
                    ERR_UNAVAILABLE);
    CU_ASSERT_TRUE(err_is_transient(e.kind));
}

static void reader_that_breaks_off_is_the_documents_trouble(void)
{
    struct error e;
    CU_ASSERT_EQUAL(read_with("kill -SEGV $$", 60, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_with("exit 1", 60, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_with("echo '{\"pages\":1}'; read x; kill -XCPU $$", 60, &e),
                    ERR_UNPROCESSABLE);
    CU_ASSERT_STRING_EQUAL(e.detail, "Page 1 is too complex: reading it takes more than 60 s.");
}

/* cpu_s 0: twenty seconds of the wall clock, in which a sleeper uses none of the CPU. */
static void deadline_without_cpu_time_is_the_machines_trouble(void)
{
    struct error e;
    CU_ASSERT_EQUAL(read_with("echo '{\"pages\":1}'; exec sleep 60", 0, &e), ERR_TIMEOUT);
    CU_ASSERT_TRUE(err_is_transient(e.kind));
}

/* AddressSanitizer keeps what was freed for a while, and takes more time for each pixel. */
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_KIB (1024 << 10)
#define DPI        200
#else
#define GROWTH_KIB (256 << 10)
#define DPI        400
#endif

/* Answers that would cost the parent far more than their bytes, or that do not end. */
static void reader_cannot_fill_its_parent(void)
{
    struct rusage before, after;
    struct error e;
    (void)getrusage(RUSAGE_SELF, &before);
    CU_ASSERT_EQUAL(read_with("echo '{\"pages\":1}'; read x; echo '{\"width\":9,\"height\":9,"
                              "\"words\":1}'; echo '['; yes '{},' | tr -d '\\n'",
                              60, &e),
                    ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_with("yes '{},{},{},{},' | tr -d '\\n'", 60, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_with("echo '{\"pages\":1}'; read x; echo '{\"width\":9,\"height\":9,"
                              "\"words\":2000000}'; yes \"[0,0,0,0,\\\"$(printf %01000d 0)\\\"]\"",
                              60, &e),
                    ERR_UNPROCESSABLE);
    (void)getrusage(RUSAGE_SELF, &after);
    CU_ASSERT_TRUE(after.ru_maxrss - before.ru_maxrss < GROWTH_KIB);
}

/* One that answers without reading: its commands fill the pipe. */
static void reader_that_reads_nothing_cannot_hold_its_parent(void)
{
    static const struct checkpoint stopped = {stop_after_a_while, NULL};
    char path[] = "/tmp/reader-XXXXXX";
    struct page_reader_limits limits = {
        .program = path, .cpu_s = 60, .max_pages = 100, .max_raster_pixels = 40000000};
    struct page_reader *reader = NULL;
    struct error e;
    int pages, fd = open("samples/form.pdf", O_RDONLY | O_CLOEXEC);
    enum err err = ERR_OK;
    write_reader(path, "echo '{\"pages\":1}'; yes '{\"error\":\"page\"}'");
    CU_ASSERT_EQUAL_FATAL(page_reader_open(&limits, fd, &stopped, &reader, &pages, &e), ERR_OK);
    (void)close(fd);
    for (int i = 0; i < 100000 && (err == ERR_OK || err == ERR_UNPROCESSABLE); i++) {
        struct raster image;
        err = page_reader_raster(reader, 1, whole, 72, &image, &e);
    }
    CU_ASSERT_EQUAL(err, ERR_GONE); /* the checkpoint's */
    page_reader_close(reader);
    (void)unlink(path);
}

static void page_of_a_dead_reader_costs_only_itself(void)
{
    char path[] = "/tmp/reader-XXXXXX";
    struct page_reader *reader = NULL;
    struct page_content page = {0};
    struct error e;
    write_reader(path, "echo '{\"pages\":2}'; while read what n rest; do case $n in 1) kill -SEGV "
                       "$$;; *) echo '{\"width\":9,\"height\":9}';; esac; done");
    CU_ASSERT_EQUAL_FATAL(open_reader(path, 60, &reader, &e), ERR_OK);
    CU_ASSERT_EQUAL(page_reader_page(reader, 1, &page, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "Page 1 "));
    CU_ASSERT_EQUAL(page_reader_page(reader, 2, &page, &e), ERR_OK);
    page_content_free(&page);
    page_reader_close(reader);
    (void)unlink(path);
}

/* --- a signal between fork and exec --- */

/* Kills whoever calls execve(2) through the filter that hands the call over to us. */
static void *kill_at_exec(void *listener)
{
    struct seccomp_notif call = {0};
    if (ioctl(*(int *)listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
        (void)kill((pid_t)call.pid, SIGKILL);
    return NULL;
}

static int listen_for_exec(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

/* In a process of its own, as the filter stays. */
static void reader_killed_before_exec_is_the_services_trouble(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct page_reader *reader = NULL;
        struct error e;
        pthread_t killer;
        int listener = listen_for_exec();
        if (listener < 0 || pthread_create(&killer, NULL, kill_at_exec, &listener) != 0)
            _exit(2);
        enum err err = open_reader("./pdf-ocr-page", 60, &reader, &e);
        _exit(err == ERR_UNAVAILABLE ? 0 : 1);
    }
    int status = 1;
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
}

static double children_cpu_s(void)
{
    struct rusage used;
    (void)getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* The CPU time of a reader that draws n rasters, each at another resolution than the last one. */
static double draw(int n, int64_t cpu_s)
{
    struct page_reader *reader = NULL;
    struct error e;
    double before = children_cpu_s();
    CU_ASSERT_EQUAL_FATAL(open_reader("./pdf-ocr-page", cpu_s, &reader, &e), ERR_OK);
    for (int i = 0; i < n; i++) {
        struct raster image = {0};
        CU_ASSERT_EQUAL_FATAL(page_reader_raster(reader, 1, whole, DPI + i % 2, &image, &e),
                              ERR_OK);
        raster_free(&image);
    }
    page_reader_close(reader);
    return children_cpu_s() - before;
}

static void each_answer_has_the_time_of_a_reader(void)
{
    double each = draw(10, 60) / 10;
    CU_ASSERT_TRUE_FATAL(each > 0.001);
    CU_ASSERT_TRUE(draw((int)(4 / each), 1) > 2); /* twice what one answer may take */
}

static void reader_ends_with_its_worker(void)
{
    struct page_reader *reader = NULL;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    pid_t worker = fork();
    if (worker == 0) {
        enum err err = setpgid(0, 0) == 0 ? open_reader("./pdf-ocr-page", 60, &reader, &e) : ERR_OK;
        if (fork() == 0) /* holds the pipes, else the reader would see its commands end */
            (void)pause();
        _exit(err == ERR_OK ? 0 : 1);
    }
    int status = 1;
    CU_ASSERT_EQUAL(waitpid(worker, &status, 0), worker);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_TRUE(waitpid(-1, &status, 0) > 0); /* the reader: the other one waits for ever */
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    (void)kill(-worker, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

/* It could not be told to the reader, or would be a command. */
static void a_password_of_many_bytes_or_lines_is_refused(void)
{
    char many[PDF_PASSWORD_MAX + 2];
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    const char *const wrong[] = {many, "one\ntwo", "one\rtwo"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct page_reader_limits limits = {.program = "./pdf-ocr-page", .password = wrong[i]};
        struct page_reader *reader = NULL;
        struct error e;
        int pages = 0, fd = open("samples/form.pdf", O_RDONLY | O_CLOEXEC);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        CU_ASSERT_EQUAL(page_reader_open(&limits, fd, NULL, &reader, &pages, &e),
                        ERR_UNPROCESSABLE);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "127 bytes"));
        CU_ASSERT_PTR_NULL(reader);
        (void)close(fd);
    }
}

static const struct test_case tests[] = {
    TEST(reader_that_closes_its_answers_and_lives_is_ended),
    TEST(a_word_in_no_place_costs_only_itself),
    TEST(no_box_of_an_answer_costs_the_page),
    TEST(a_page_of_too_many_words_says_which_limit),
    TEST(reader_stopped_from_outside_is_the_services_trouble),
    TEST(reader_that_breaks_off_is_the_documents_trouble),
    TEST(deadline_without_cpu_time_is_the_machines_trouble),
    TEST(reader_cannot_fill_its_parent),
    TEST(reader_that_reads_nothing_cannot_hold_its_parent),
    TEST(page_of_a_dead_reader_costs_only_itself),
    TEST(reader_killed_before_exec_is_the_services_trouble),
    TEST(each_answer_has_the_time_of_a_reader),
    TEST(a_password_of_many_bytes_or_lines_is_refused),
    TEST(reader_ends_with_its_worker),
};

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as the service does */
    return RUN_SUITE("page reader", tests);
}
