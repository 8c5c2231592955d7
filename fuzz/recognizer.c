/* Any bytes as the answers of a pdf-ocr-recognize that was taken over, and as the commands that it
 * is given. The first byte chooses. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "extract/recognizer.h"
#include "fake_child.h"
#include "ocr/wire.h"

#define MAX_PIXELS 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum err child_send(struct child *r, const void *bytes, size_t n, struct error *e)
{
    (void)bytes, (void)e;
    if (r->pid <= 0 || n == 0)
        abort();
    return ERR_OK;
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
