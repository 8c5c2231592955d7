/* Any bytes as the answers of a page reader that was taken over: words, fields, sizes, pixels,
 * PNGs, rules. The first byte chooses what is asked. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extract/page_reader.h"
#include "fake_child.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum err child_send(struct child *r, const void *bytes, size_t n, struct error *e)
{
    (void)e;
    if (r->pid <= 0 || n == 0 || ((const char *)bytes)[n - 1] != '\n')
        abort();
    return ERR_OK;
}

/* --- what is asked --- */

static void ask(struct page_reader *r, int what)
{
    static const struct box whole = {0, 0, 1, 1};
    struct page_content page = {0};
    struct raster image = {0};
    struct page_size *sizes = NULL;
    struct buffer png = BUFFER_INIT;
    struct buffer pages = {.data = "1 0\n", .len = 4};
    struct error e;
    char *pdf = NULL;
    size_t n;
    double images;
    if (what == 0)
        (void)page_reader_page(r, 1, &page, &e);
    else if (what == 1)
        (void)page_reader_raster(r, 1, whole, 72, &image, &e);
    else if (what == 2)
        (void)page_reader_sizes(r, &sizes, &e);
    else if (what == 3)
        (void)page_reader_images(r, 1, &images, &e);
    else if (what == 4)
        (void)page_reader_image(r, 1, 100, &png, &e);
    else
        (void)page_reader_searchable(r, &pages, 0, &pdf, &n, &e);
    free(pdf);
    page_content_free(&page);
    raster_free(&image);
    free(sizes);
    buffer_free(&png);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct page_reader_limits limits = {.program = "none",
                                                     .cpu_s = 60,
                                                     .memory_bytes = 1 << 20,
                                                     .max_pages = 100,
                                                     .max_raster_pixels = 1 << 20};
    struct page_reader *r = NULL;
    struct error e;
    if (size == 0)
        return 0;
    int pages = 0, fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    answers.data = data + 1;
    answers.size = size - 1;
    if (page_reader_open(&limits, fd, NULL, &r, &pages, &e) == ERR_OK)
        for (int i = 0; i < 6; i++)
            ask(r, (data[0] + i) % 6);
    page_reader_close(r);
    (void)close(fd);
    return 0;
}
