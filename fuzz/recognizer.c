/* Any bytes as the answers of a pdf-ocr-recognize that was taken over, and as the commands that it
 * is given. The first byte chooses. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "extract/recognizer.h"
#include "ocr/wire.h"
#include "sandbox/child.h"

#define MAX_PIXELS 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    const uint8_t *data;
    size_t size;
} answers;

/* --- a child that says what the fuzzer wants --- */

enum err child_start(struct child *r, const char *const argv[], int fd, struct error *e)
{
    (void)argv, (void)fd, (void)e;
    r->pid = 1;
    return ERR_OK;
}

bool child_lives(struct child *r)
{
    return r->pid > 0;
}

int64_t child_cpu_s(const struct child *r)
{
    (void)r;
    return 0;
}

void child_allow(struct child *r, int64_t cpu_s)
{
    (void)r, (void)cpu_s;
}

enum err child_send(struct child *r, const void *bytes, size_t n, struct error *e)
{
    (void)bytes, (void)e;
    if (r->pid <= 0 || n == 0)
        abort();
    return ERR_OK;
}

enum err child_bytes(struct child *r, void *to, size_t n, struct error *e)
{
    (void)r;
    if (n > answers.size)
        return error_set(e, ERR_UNAVAILABLE, "The answers have ended.");
    memcpy(to, answers.data, n);
    answers.data += n;
    answers.size -= n;
    return ERR_OK;
}

void child_end(struct child *r)
{
    r->pid = 0;
}

enum err child_damaged(const struct child *r, struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE, "%s is damaged.", r->subject);
}

/* --- what is asked --- */

static void ask(bool prepare)
{
    static const struct recognizer_limits limits = {
        .program = "none", .language = "eng", .cpu_s = 60, .max_raster_pixels = MAX_PIXELS};
    uint8_t pixels[6] = {0};
    const struct raster image = {3, 2, 72, pixels};
    struct recognizer *r = NULL;
    struct ocr_result out = {0};
    struct raster upright = {0};
    struct error e;
    if (recognizer_open(&limits, &r, &e) != ERR_OK)
        return;
    struct ocr_engine engine = recognizer_engine(r);
    if (prepare)
        (void)recognizer_prepare(r, &image, NULL, &out, &upright, &e);
    else
        (void)engine.ops->recognize(engine.self, &image, 1, "", NULL, &out, &e);
    ocr_result_free(&out);
    raster_free(&upright);
    recognizer_close(r);
}

static void command(void)
{
    struct wire_command c;
    struct raster image;
    FILE *in = answers.size > 0 ? fmemopen((void *)answers.data, answers.size, "r") : NULL;
    while (in != NULL && wire_read_command(in, MAX_PIXELS, &c, &image))
        raster_free(&image);
    if (in != NULL)
        (void)fclose(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    answers.data = data + 1;
    answers.size = size - 1;
    if (data[0] % 3 == 2)
        command();
    else
        ask(data[0] % 3 == 1);
    return 0;
}
