/* pdf-ocr-page: reads one document, a PDF or images, for a worker, in a sandbox.
 *
 * usage: pdf-ocr-page CPU_SECONDS MEMORY_BYTES MAX_PAGES MAX_PIXELS
 *
 * The document is open at descriptor 3. The first line of standard input is its password, empty
 * where there is none; the answer is a line {"pages":N} or {"error":CODE}. Each further line is a
 * command, and its answer a line of JSON.
 *
 * - page N: what document_describe_page writes
 * - resolution N: {"dpi":DPI}, of the image that the page is, or 0 (reader/scan.h)
 * - images N: {"images":PART}, how much of the page images cover, 0..1
 * - raster N X Y W H DPI: {"width","height","dpi"}, then width * height grey bytes
 * - rules N DPI: {"rules":COUNT,"boxes":COUNT,"areas":COUNT}, then each rule on a line,
 *   [x,y,w,h,vertical], each check box, [x,y,w,h,marked], and each filled area, [x,y,w,h]
 * - sizes: what document_sizes writes
 * - image N WIDTH: {"width","height","bytes"}, then a PNG of that many bytes
 * - pdf BYTES, then as many bytes that name pages and words (searchable_write): {"bytes"}, then a
 *   PDF of that many bytes
 *
 * An answer {"error":CODE} leaves the reader ready for the next command.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cpu_yield.h"
#include "ocr/raster_areas.h"
#include "ocr/raster_boxes.h"
#include "ocr/raster_rules.h"
#include "reader/document.h"
#include "reader/page_image.h"
#include "reader/scan.h"
#include "reader/searchable.h"
#include "sandbox/sandbox.h"

#define DOCUMENT_FD   3
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

static void answer_page(struct document_page *page)
{
    struct buffer b = BUFFER_INIT;
    document_describe_page(page, &b);
    answer_line(&b);
}

static void answer_sizes(struct document *doc)
{
    struct buffer b = BUFFER_INIT;
    document_sizes(doc, &b);
    answer_line(&b);
}

static void answer_image(struct document_page *page, int wanted, int64_t max_pixels)
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

/* What comes behind the command is read in any case. */
static bool read_bytes(size_t n, struct buffer *out)
{
    char chunk[4096];
    while (n > 0) {
        size_t got = fread(chunk, 1, n < sizeof chunk ? n : sizeof chunk, stdin);
        if (got == 0)
            return false;
        buffer_append(out, chunk, got);
        n -= got;
    }
    return !buffer_failed(out);
}

static void answer_pdf(const struct document *doc, size_t n)
{
    struct buffer pages = BUFFER_INIT, pdf = BUFFER_INIT;
    if (read_bytes(n, &pages) && pages.len > 0 && searchable_write(doc, &pages, &pdf)) {
        (void)printf("{\"bytes\":%zu}\n", pdf.len);
        (void)fwrite(pdf.data, 1, pdf.len, stdout);
    } else {
        answer_error("pdf");
    }
    buffer_free(&pages);
    buffer_free(&pdf);
}

static void answer_raster(struct page_image *kept, struct document_page *page, int number,
                          const double part[4], double dpi, int64_t max_pixels)
{
    int width, height;
    uint8_t *grey = page_image_part(kept, page, number, part, &dpi, max_pixels, &width, &height);
    if (grey == NULL) {
        answer_error("raster");
        return;
    }
    (void)printf("{\"width\":%d,\"height\":%d,\"dpi\":%ld}\n", width, height, lround(dpi));
    (void)fwrite(grey, (size_t)width, (size_t)height, stdout);
    free(grey);
}

/* flag: a JSON value after a comma, or empty. */
static void put_box(struct box b, const char *flag)
{
    (void)printf("[%.17g,%.17g,%.17g,%.17g%s]\n", b.x, b.y, b.w, b.h, flag);
}

/* Of the whole page, drawn at that resolution. */
static void answer_rules(struct page_image *kept, struct document_page *page, int number, int dpi,
                         int64_t max_pixels)
{
    static const double whole[] = {0, 0, 1, 1};
    struct raster image = {0};
    struct rule *rules = NULL;
    struct check_box *boxes = NULL;
    struct box *areas = NULL;
    struct error e;
    size_t n = 0, n_boxes = 0, n_areas = 0;
    double drawn = dpi;
    image.pixels =
        page_image_part(kept, page, number, whole, &drawn, max_pixels, &image.width, &image.height);
    image.dpi = (int)drawn;
    if (image.pixels == NULL || raster_find_rules(&image, &rules, &n, &e) != ERR_OK ||
        raster_find_boxes(&image, &boxes, &n_boxes, &e) != ERR_OK ||
        raster_find_areas(&image, &areas, &n_areas, &e) != ERR_OK) {
        answer_error("raster");
        n = n_boxes = 0;
    } else {
        (void)printf("{\"rules\":%zu,\"boxes\":%zu,\"areas\":%zu}\n", n, n_boxes, n_areas);
    }
    for (size_t i = 0; i < n; i++)
        put_box(rules[i].box, rules[i].vertical ? ",true" : ",false");
    for (size_t i = 0; i < n_boxes; i++)
        put_box(boxes[i].box, boxes[i].marked ? ",true" : ",false");
    for (size_t i = 0; i < n_areas; i++)
        put_box(areas[i], "");
    free(areas);
    free(boxes);
    free(rules);
    raster_free(&image);
}

static void answer_command(struct document *doc, struct page_image *kept, const char *line,
                           int64_t max_pixels)
{
    char verb[16];
    int number, rules_dpi = 0, width = 0;
    double part[4], dpi = 0;
    size_t bytes;
    if (sscanf(line, "pdf %zu", &bytes) == 1) {
        answer_pdf(doc, bytes);
        return;
    }
    int n = sscanf(line, "%15s %d %lf %lf %lf %lf %lf", verb, &number, &part[0], &part[1], &part[2],
                   &part[3], &dpi);
    if (n == 1 && strcmp(verb, "sizes") == 0) {
        answer_sizes(doc);
        return;
    }
    struct document_page page = {0};
    if (n < 2 || !document_page_open(doc, number, &page))
        answer_error("page");
    else if (n == 2 && strcmp(verb, "page") == 0)
        answer_page(&page);
    else if (n == 2 && strcmp(verb, "images") == 0)
        (void)printf("{\"images\":%.4f}\n", document_image_coverage(&page));
    else if (n == 2 && strcmp(verb, "resolution") == 0)
        (void)printf("{\"dpi\":%.6f}\n", scan_resolution(doc, &page));
    else if (sscanf(line, "rules %d %d", &number, &rules_dpi) == 2 && rules_dpi > 0)
        answer_rules(kept, &page, number, rules_dpi, max_pixels);
    else if (n == 7 && dpi > 0 && strcmp(verb, "raster") == 0)
        answer_raster(kept, &page, number, part, dpi, max_pixels);
    else if (sscanf(line, "image %d %d", &number, &width) == 2 && width > 0)
        answer_image(&page, width, max_pixels);
    else
        answer_error("command");
    document_page_close(&page);
}

static int serve(const struct limits *l)
{
    char line[256];
    const char *why = NULL;
    struct page_image kept = {0};
    if (fgets(line, sizeof line, stdin) == NULL)
        return 0;
    line[strcspn(line, "\n")] = '\0';
    struct document doc;
    bool open = document_open(&doc, DOCUMENT_FD, line, l->max_pages, &why);
    explicit_bzero(line, sizeof line);
    if (open)
        (void)printf("{\"pages\":%d}\n", doc.pages);
    else
        answer_error(why);
    (void)fflush(stdout);
    while (open && fgets(line, sizeof line, stdin) != NULL) {
        answer_command(&doc, &kept, line, l->max_pixels);
        if (fflush(stdout) != 0)
            break;
    }
    page_image_free(&kept);
    document_close(&doc);
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
