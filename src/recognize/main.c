/* pdf-ocr-recognize: reads images of pages by OCR for a worker, in a sandbox.
 *
 * usage: pdf-ocr-recognize CPU_SECONDS MEMORY_BYTES MAX_PIXELS LANGUAGE TESSDATA_FOLDER
 *        pdf-ocr-recognize --languages TESSDATA_FOLDER
 *
 * What it is told and what it answers is in ocr/wire.h. An empty LANGUAGE reads nothing, but puts
 * images upright; an empty TESSDATA_FOLDER is Tesseract's own. The data is loaded before the
 * sandbox stands, in which no file can be opened. The second form lists the languages that are
 * installed, a line each, and an empty line.
 */
#include <leptonica/allheaders.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cpu_yield.h"
#include "ocr/page.h"
#include "ocr/read.h"
#include "ocr/wire.h"
#include "sandbox/sandbox.h"

#define USAGE_ERROR   2
#define SANDBOX_ERROR 3

static bool answer(TessBaseAPI *api, enum wire_verb verb, const struct raster *image)
{
    struct ocr_result r = {0};
    struct raster upright = {0};
    struct error e;
    enum err err = ERR_INTERNAL;
    if (verb == WIRE_PREPARE)
        err = ocr_page_prepare(image, &r, &upright, &e);
    else if (api != NULL)
        err = ocr_page_read(api, image, &r, &e);
    bool ok = err == ERR_OK
                  ? wire_write_answer(stdout, WIRE_OK, &r, verb == WIRE_PREPARE ? &upright : NULL)
                  : wire_write_answer(stdout, WIRE_FAILED, NULL, NULL);
    raster_free(&upright);
    ocr_result_free(&r);
    return ok;
}

static void serve(TessBaseAPI *api, int64_t max_pixels)
{
    struct wire_command c;
    struct raster image;
    bool ok = wire_write_answer(stdout, WIRE_OK, NULL, NULL);
    while (ok && wire_read_command(stdin, max_pixels, &c, &image)) {
        ok = answer(api, (enum wire_verb)c.verb, &image);
        raster_free(&image);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--languages") == 0) {
        tesseract_list(argv[2][0] != '\0' ? argv[2] : NULL, stdout);
        (void)puts("");
        return EXIT_SUCCESS;
    }
    if (argc != 6) {
        (void)fputs("pdf-ocr-recognize is started by pdf-ocr-api and pdf-ocr-extract\n", stderr);
        return USAGE_ERROR;
    }
    const struct sandbox_limits limits = {.cpu_s = strtoll(argv[1], NULL, 10),
                                          .memory_bytes = strtoll(argv[2], NULL, 10)};
    const char *language = argv[4], *folder = argv[5][0] != '\0' ? argv[5] : NULL;
    TessBaseAPI *api = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)setMsgSeverity(L_SEVERITY_NONE); /* what Leptonica cannot do shows in what it returns */
    if (language[0] != '\0' && (api = tesseract_load(folder, language)) == NULL) {
        (void)wire_write_answer(stdout, WIRE_NO_LANGUAGE, NULL, NULL);
        return EXIT_FAILURE;
    }
    cpu_yield_begin();
    if (sandbox_enter(&limits) != 0)
        return SANDBOX_ERROR;
    serve(api, strtoll(argv[3], NULL, 10));
    tesseract_close(api);
    return EXIT_SUCCESS;
}
