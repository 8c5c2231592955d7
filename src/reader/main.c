/* pdf-ocr-page: reads one PDF for a worker, in a sandbox.
 *
 * usage: pdf-ocr-page CPU_SECONDS MEMORY_BYTES MAX_PAGES MAX_PIXELS
 *
 * The PDF is open at descriptor 3. First comes a line {"pages":N} or {"error":CODE}. Then each
 * line of standard input is a command, and its answer a line of JSON:
 *   page N IMAGES              what document_describe_page writes
 *   raster N X Y W H DPI      {"width","height","dpi"}, then width * height grey bytes
 *   rules N DPI               {"rules":COUNT}, then on a line each [x,y,w,h,vertical]
 *   sizes                     what document_sizes writes
 *   image N WIDTH             {"width","height","bytes"}, then a PNG of that many bytes
 * An answer {"error":CODE} leaves the reader ready for the next command.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cpu_yield.h"
#include "ocr/raster_rules.h"
#include "reader/document.h"
#include "reader/page_image.h"
#include "sandbox/sandbox.h"

#define PDF_FD        3
#define USAGE_ERROR   2
#define SANDBOX_ERROR 3

struct limits {
    struct sandbox_limits sandbox;
    int64_t max_pages, max_pixels;
};

static void answer_error(const char *code)
{
    (void)printf("{\"error\":\"%s\"}\n", code);
}

static void answer_line(struct buffer *line)
{
    if (buffer_failed(line))
        answer_error("memory");
    else
        (void)printf("%s\n", line->data);
    buffer_free(line);
}

static void answer_page(PopplerPage *page, bool images)
{
    struct buffer b = BUFFER_INIT;
    document_describe_page(page, images, &b);
    answer_line(&b);
}

static void answer_sizes(PopplerDocument *doc)
{
    struct buffer b = BUFFER_INIT;
    document_sizes(doc, &b);
    answer_line(&b);
}

static void answer_image(PopplerPage *page, int wanted, int64_t max_pixels)
{
    struct buffer png = BUFFER_INIT;
    int width, height;
    if (document_image(page, wanted, max_pixels, &png, &width, &height)) {
        (void)printf("{\"width\":%d,\"height\":%d,\"bytes\":%zu}\n", width, height, png.len);
        (void)fwrite(png.data, 1, png.len, stdout);
    } else {
        answer_error("raster");
    }
    buffer_free(&png);
}

static void answer_raster(struct page_image *kept, PopplerPage *page, int number,
                          const double part[4], int dpi, int64_t max_pixels)
{
    int width, height;
    uint8_t *grey = page_image_part(kept, page, number, part, &dpi, max_pixels, &width, &height);
    if (grey == NULL) {
        answer_error("raster");
        return;
    }
    (void)printf("{\"width\":%d,\"height\":%d,\"dpi\":%d}\n", width, height, dpi);
    (void)fwrite(grey, (size_t)width, (size_t)height, stdout);
    free(grey);
}

/* Of the whole page, drawn at that resolution. */
static void answer_rules(struct page_image *kept, PopplerPage *page, int number, int dpi,
                         int64_t max_pixels)
{
    static const double whole[] = {0, 0, 1, 1};
    struct raster image = {.dpi = dpi};
    struct rule *rules = NULL;
    struct error e;
    size_t n = 0;
    image.pixels = page_image_part(kept, page, number, whole, &image.dpi, max_pixels, &image.width,
                                   &image.height);
    if (image.pixels == NULL || raster_find_rules(&image, &rules, &n, &e) != ERR_OK)
        answer_error("raster");
    else
        (void)printf("{\"rules\":%zu}\n", n);
    for (size_t i = 0; i < n; i++)
        (void)printf("[%.17g,%.17g,%.17g,%.17g,%s]\n", rules[i].box.x, rules[i].box.y,
                     rules[i].box.w, rules[i].box.h, rules[i].vertical ? "true" : "false");
    free(rules);
    raster_free(&image);
}

static void answer_command(PopplerDocument *doc, struct page_image *kept, const char *line,
                           int64_t max_pixels)
{
    char verb[16];
    int number, dpi = 0, width = 0;
    int images = 0;
    double part[4];
    int n = sscanf(line, "%15s %d %lf %lf %lf %lf %d", verb, &number, &part[0], &part[1], &part[2],
                   &part[3], &dpi);
    if (n == 1 && strcmp(verb, "sizes") == 0) {
        answer_sizes(doc);
        return;
    }
    PopplerPage *page = n >= 2 && number >= 1 ? poppler_document_get_page(doc, number - 1) : NULL;
    if (page == NULL)
        answer_error("page");
    else if (sscanf(line, "page %d %d", &number, &images) == 2)
        answer_page(page, images != 0);
    else if (sscanf(line, "rules %d %d", &number, &dpi) == 2 && dpi > 0)
        answer_rules(kept, page, number, dpi, max_pixels);
    else if (n == 7 && strcmp(verb, "raster") == 0)
        answer_raster(kept, page, number, part, dpi, max_pixels);
    else if (sscanf(line, "image %d %d", &number, &width) == 2 && width > 0)
        answer_image(page, width, max_pixels);
    else
        answer_error("command");
    if (page != NULL)
        g_object_unref(page);
}

static int serve(const struct limits *l)
{
    char line[256];
    const char *why = NULL;
    struct page_image kept = {0};
    PopplerDocument *doc = document_open(PDF_FD, &why);
    int pages = doc != NULL ? poppler_document_get_n_pages(doc) : 0;
    if (doc != NULL && pages > l->max_pages)
        why = "too_many_pages";
    if (why != NULL)
        answer_error(why);
    else
        (void)printf("{\"pages\":%d}\n", pages);
    (void)fflush(stdout);
    while (why == NULL && fgets(line, sizeof line, stdin) != NULL) {
        answer_command(doc, &kept, line, l->max_pixels);
        if (fflush(stdout) != 0)
            break;
    }
    page_image_free(&kept);
    if (doc != NULL)
        g_object_unref(doc);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fputs("pdf-ocr-page is started by pdf-ocr-api and pdf-ocr-extract\n", stderr);
        return USAGE_ERROR;
    }
    struct limits l = {{strtoll(argv[1], NULL, 10), strtoll(argv[2], NULL, 10), 0, true},
                       strtoll(argv[3], NULL, 10),
                       strtoll(argv[4], NULL, 10)};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    document_prepare();
    cpu_yield_begin();
    if (sandbox_enter(&l.sandbox) != 0)
        return SANDBOX_ERROR;
    return serve(&l);
}
