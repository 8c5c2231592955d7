/* The client of pdf-ocr-page, with readers that misbehave and documents that take their time. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/source.h"
#include "extract/page_reader.h"
#include "tests/unit/suite.h"

static const struct box whole = {0, 0, 1, 1};

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

/* What opening the document with this script for a reader ends in. */
static enum err open_with(const char *script, struct error *e)
{
    char path[] = "/tmp/reader-XXXXXX";
    struct page_reader *reader = NULL;
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && write(fd, script, strlen(script)) > 0 &&
                         fchmod(fd, 0700) == 0 && close(fd) == 0);
    enum err err = open_reader(path, 60, &reader, e);
    CU_ASSERT_EQUAL(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left behind */
    (void)unlink(path);
    return err;
}

static void reader_that_closes_its_answers_and_lives_is_ended(void)
{
    struct error e;
    int64_t start_us = monotonic_us();
    CU_ASSERT_EQUAL(open_with("#!/bin/sh\nexec 1>&-\nexec sleep 60\n", &e), ERR_UNPROCESSABLE);
    CU_ASSERT_TRUE(monotonic_us() - start_us < 30 * US_PER_S); /* it did not wait for its end */
}

static void reader_killed_from_outside_is_no_fault_of_the_document(void)
{
    struct error e;
    CU_ASSERT_EQUAL(open_with("#!/bin/sh\nkill -KILL $$\n", &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(open_with("#!/bin/sh\nkill -XCPU $$\n", &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(open_with("#!/bin/sh\nkill -SEGV $$\n", &e), ERR_UNPROCESSABLE);
}

static double children_cpu_s(void)
{
    struct rusage used;
    (void)getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* Rasters at ever other resolutions, so that none is kept from the last one. */
static void each_answer_has_the_time_of_a_reader(void)
{
    struct page_reader *reader = NULL;
    struct error e;
    double before = children_cpu_s();
    CU_ASSERT_EQUAL_FATAL(open_reader("./pdf-ocr-page", 1, &reader, &e), ERR_OK);
    for (int i = 0; i < 60; i++) {
        struct raster image = {0};
        CU_ASSERT_EQUAL_FATAL(page_reader_raster(reader, 1, whole, 400 + i, &image, &e), ERR_OK);
        raster_free(&image);
    }
    page_reader_close(reader);
    CU_ASSERT_TRUE(children_cpu_s() - before > 2); /* twice what one answer may take */
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

static const struct test_case tests[] = {
    TEST(reader_that_closes_its_answers_and_lives_is_ended),
    TEST(reader_killed_from_outside_is_no_fault_of_the_document),
    TEST(each_answer_has_the_time_of_a_reader),
    TEST(reader_ends_with_its_worker),
};

int main(void)
{
    return RUN_SUITE("page reader", tests);
}
