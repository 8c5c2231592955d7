/* The client of pdf-ocr-recognize, with programs that misbehave and images that are too much. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "extract/languages.h"
#include "extract/recognizer.h"
#include "ocr/wire.h"
#include "tests/unit/suite.h"

#define REAL  "./pdf-ocr-recognize"
#define SIDE  40
#define READY "head -c 32 /dev/zero; "

_Static_assert(sizeof(struct wire_answer) == 32, "READY is such an answer");

/* A checkpoint is passed at each wait of half a second: the second one stops. */
static enum err stop_after_a_while(void *self, struct error *e)
{
    int *passed = self;
    return ++*passed < 2 ? ERR_OK : error_set(e, ERR_GONE, "stopped");
}

static struct recognizer *open_with(const char *program, int64_t memory_bytes)
{
    const struct recognizer_limits limits = {.program = program,
                                             .language = "eng",
                                             .cpu_s = 60,
                                             .memory_bytes = memory_bytes,
                                             .max_raster_pixels = 40000000};
    struct recognizer *r = NULL;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(recognizer_open(&limits, &r, &e), ERR_OK);
    return r;
}

/* A program of shell commands; unlink it. */
static void write_program(char path[], const char *commands)
{
    char script[512];
    int n = snprintf(script, sizeof script, "#!/bin/sh\n%s\n", commands);
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && n > 0 && write(fd, script, (size_t)n) == n &&
                         fchmod(fd, 0700) == 0 && close(fd) == 0);
}

/* White, or with marks of two pixels all over. */
static struct raster image_of(int side, bool marks)
{
    size_t n = (size_t)side * (size_t)side;
    struct raster image = {side, side, 200, malloc(n)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(image.pixels);
    memset(image.pixels, 255, n);
    for (size_t i = 0; marks && i < n; i++)
        if (i % 8 < 2 && i / (size_t)side % 8 < 2)
            image.pixels[i] = 0;
    return image;
}

static enum err read_in(struct recognizer *r, const char *languages, int side, bool marks,
                        const struct checkpoint *c, struct error *e)
{
    struct ocr_engine engine = recognizer_engine(r);
    struct raster image = image_of(side, marks);
    struct ocr_result out;
    enum err err = engine.ops->recognize(engine.self, &image, 1, languages, c, &out, e);
    ocr_result_free(&out);
    raster_free(&image);
    return err;
}

static enum err read_image(struct recognizer *r, int side, bool marks, const struct checkpoint *c,
                           struct error *e)
{
    return read_in(r, "", side, marks, c, e);
}

/* What an image comes to with such a program. */
static enum err read_with(const char *commands, int side, const struct checkpoint *c,
                          struct error *e)
{
    char path[] = "/tmp/recognize-XXXXXX";
    write_program(path, commands);
    struct recognizer *r = open_with(path, INT64_C(1) << 40);
    enum err err = read_image(r, side, false, c, e);
    recognizer_close(r);
    CU_ASSERT_EQUAL(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left behind */
    (void)unlink(path);
    return err;
}

static void killed_program_is_the_services_trouble(void)
{
    struct error e;
    CU_ASSERT_EQUAL(read_with("kill -KILL $$", SIDE, NULL, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(read_with(READY "head -c 16 >/dev/null; kill -KILL $$", SIDE, NULL, &e),
                    ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(read_with(READY "head -c 16 >/dev/null; kill -SYS $$", SIDE, NULL, &e),
                    ERR_UNAVAILABLE);
    CU_ASSERT_TRUE(err_is_transient(e.kind));
}

static void program_that_breaks_off_is_the_images_trouble(void)
{
    struct error e;
    CU_ASSERT_EQUAL(read_with(READY "head -c 16 >/dev/null; kill -SEGV $$", SIDE, NULL, &e),
                    ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_with(READY "head -c 16 >/dev/null; kill -XCPU $$", SIDE, NULL, &e),
                    ERR_UNPROCESSABLE);
    CU_ASSERT_STRING_EQUAL(e.detail, "The page is too complex: reading it takes more than 60 s.");
}

/* A program that reads an image and is ended by the signal at the next one, whatever that is. */
static struct recognizer *open_one_that_breaks_off(const char *signal_name, char path[])
{
    char commands[256];
    (void)snprintf(commands, sizeof commands,
                   READY "head -c %d >/dev/null; " READY "head -c 16 >/dev/null; kill -%s $$",
                   16 + SIDE * SIDE, signal_name);
    write_program(path, commands);
    return open_with(path, INT64_C(1) << 40);
}

static void image_is_not_to_blame_for_those_before(void)
{
    char path[] = "/tmp/recognize-XXXXXX";
    struct error e;
    struct recognizer *r = open_one_that_breaks_off("ABRT", path);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(read_image(r, SIDE, false, NULL, &e), ERR_OK);
    recognizer_close(r);
    (void)unlink(path);
}

static void image_that_used_up_its_time_gets_no_more(void)
{
    char path[] = "/tmp/recognize-XXXXXX";
    struct error e;
    struct recognizer *r = open_one_that_breaks_off("XCPU", path);
    CU_ASSERT_EQUAL(read_image(r, SIDE, false, NULL, &e), ERR_OK);
    CU_ASSERT_EQUAL(read_image(r, SIDE, false, NULL, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "too complex"));
    CU_ASSERT_EQUAL(read_image(r, SIDE, false, NULL, &e), ERR_OK);
    recognizer_close(r);
    (void)unlink(path);
}

static void missing_program_is_the_services_trouble(void)
{
    struct error e;
    struct recognizer *r = open_with("/nowhere", INT64_C(1) << 40);
    CU_ASSERT_EQUAL(read_image(r, SIDE, false, NULL, &e), ERR_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.cause, "set OCR_READER"));
    recognizer_close(r);
}

/* Counts, places, sizes and texts that cannot be; the last one is not UTF-8. */
static void garbage_is_refused(void)
{
    static const char *const answers[] = {
        "yes",
        "printf '\\000\\000\\000\\000\\004'; cat /dev/zero",
        "head -c 16 /dev/zero; printf '\\377\\377\\377\\377'; cat /dev/zero",
        "head -c 20 /dev/zero; printf '\\001'; cat /dev/zero",
        "head -c 20 /dev/zero; printf '\\001'; head -c 11 /dev/zero; yes",
        "head -c 20 /dev/zero; printf '\\001'; head -c 47 /dev/zero; printf '\\001\\000\\000\\000'"
        "; yes '\377'",
    };
    struct error e;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        char commands[256];
        (void)snprintf(commands, sizeof commands, READY "%s", answers[i]);
        CU_ASSERT_EQUAL(read_with(commands, SIDE, NULL, &e), ERR_UNPROCESSABLE);
    }
    CU_ASSERT_EQUAL(read_with("yes", SIDE, NULL, &e), ERR_UNPROCESSABLE);
}

/* One that neither reads nor answers: its image fills the pipe, or its answer is waited for. */
static void hung_program_cannot_hold_its_parent(void)
{
    struct error e;
    for (int side = SIDE; side <= 20 * SIDE; side *= 20) {
        int passed = 0;
        const struct checkpoint stopped = {stop_after_a_while, &passed};
        CU_ASSERT_EQUAL(read_with(READY "exec sleep 60", side, &stopped, &e), ERR_GONE);
    }
    int passed = 0;
    const struct checkpoint stopped = {stop_after_a_while, &passed};
    CU_ASSERT_EQUAL(read_with("exec sleep 60", SIDE, &stopped, &e), ERR_GONE);
}

static void program_gets_no_descriptor_of_its_parents(void)
{
    struct error e;
    int secret = fcntl(STDERR_FILENO, F_DUPFD, 77); /* not even close-on-exec */
    CU_ASSERT_TRUE_FATAL(secret >= 77);
    char commands[256];
    (void)snprintf(commands, sizeof commands,
                   "[ -e /proc/$$/fd/%d ] && exit 3; [ \"$(env | grep -v ^PWD=)\" ] && exit 3; "
                   "exec " REAL " \"$@\"",
                   secret);
    CU_ASSERT_EQUAL(read_with(commands, SIDE, NULL, &e), ERR_OK);
    (void)close(secret);
}

#ifndef __SANITIZE_ADDRESS__ /* which takes terabytes of addresses: no limit holds */
static void image_that_is_too_much_costs_only_itself(void)
{
    struct error e;
    struct rusage used;
    struct recognizer *r = open_with(REAL, INT64_C(1) << 28);
    CU_ASSERT_EQUAL(read_image(r, 6300, true, NULL, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(read_image(r, SIDE, false, NULL, &e), ERR_OK);
    recognizer_close(r);
    (void)getrusage(RUSAGE_CHILDREN, &used);
    CU_ASSERT_TRUE(used.ru_maxrss <= 1 << 18); /* KiB */
}
#endif

/* For the last three languages. */
static void programs_are_kept_between_images(void)
{
    static const char *const asked[] = {"", "", "a", "b", "", "a", "c", "b", "eng", "c"};
    char path[] = "/tmp/recognize-XXXXXX", log[] = "/tmp/recognized-XXXXXX", commands[256];
    char started[64] = "";
    struct error e;
    int fd = mkstemp(log);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    (void)snprintf(commands, sizeof commands,
                   "printf '%%s ' $4 >>%s; head -c 32 /dev/zero; while [ \"$(head -c %d | wc -c)\" "
                   "-gt 0 ]; do head -c 32 /dev/zero; done",
                   log, 16 + SIDE * SIDE);
    write_program(path, commands);
    struct recognizer *r = open_with(path, INT64_C(1) << 40);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        CU_ASSERT_EQUAL(read_in(r, asked[i], SIDE, false, NULL, &e), ERR_OK);
    CU_ASSERT_TRUE(read(fd, started, sizeof started - 1) > 0);
    CU_ASSERT_STRING_EQUAL(started, "eng a b c b eng ");
    recognizer_close(r);
    (void)close(fd);
    (void)unlink(path);
    (void)unlink(log);
}

static void languages_that_are_not_installed_are_told(void)
{
    struct languages l = {0};
    struct error e;
    CU_ASSERT_EQUAL(languages_check(&l, REAL, NULL, "eng", &e), ERR_OK);
    CU_ASSERT_EQUAL(languages_check(&l, REAL, NULL, "eng+xx_yy", &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "tesseract-ocr-xx-yy"));
    CU_ASSERT_EQUAL(languages_check(&l, REAL, NULL, "en", &e), ERR_UNPROCESSABLE);
    languages_free(&l);
    CU_ASSERT_EQUAL(languages_check(&l, "/nowhere", NULL, "eng", &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(languages_check(&l, "/bin/true", NULL, "eng", &e), ERR_UNAVAILABLE);
}

static const struct test_case tests[] = {
    TEST(killed_program_is_the_services_trouble),
    TEST(program_that_breaks_off_is_the_images_trouble),
    TEST(image_is_not_to_blame_for_those_before),
    TEST(image_that_used_up_its_time_gets_no_more),
    TEST(missing_program_is_the_services_trouble),
    TEST(garbage_is_refused),
    TEST(hung_program_cannot_hold_its_parent),
    TEST(program_gets_no_descriptor_of_its_parents),
#ifndef __SANITIZE_ADDRESS__
    TEST(image_that_is_too_much_costs_only_itself),
#endif
    TEST(programs_are_kept_between_images),
    TEST(languages_that_are_not_installed_are_told),
};

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    return RUN_SUITE("recognizer", tests);
}
