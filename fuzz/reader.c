/* Any bytes as the answers of a page reader that was taken over: words, fields, sizes, pixels,
 * PNGs, rules. The first byte chooses what is asked. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extract/page_reader.h"
#include "sandbox/child.h"

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

void child_allow(struct child *r, int64_t cpu_s)
{
    (void)r, (void)cpu_s;
}

enum err child_send(struct child *r, const void *bytes, size_t n, struct error *e)
{
    (void)e;
    if (r->pid <= 0 || n == 0 || memchr(bytes, '\n', n) != (const char *)bytes + n - 1)
        abort();
    return ERR_OK;
}

static enum err ended(struct error *e)
{
    return error_set(e, ERR_UNAVAILABLE, "The answers have ended.");
}

enum err child_line(struct child *r, size_t max, const char **line, size_t *n, struct error *e)
{
    const uint8_t *end = answers.size > 0 ? memchr(answers.data, '\n', answers.size) : NULL;
    if (end == NULL)
        return ended(e);
    *line = (const char *)answers.data;
    *n = (size_t)(end - answers.data);
    if (*n > max)
        return child_damaged(r, e);
    answers.data += *n + 1;
    answers.size -= *n + 1;
    return ERR_OK;
}

enum err child_bytes(struct child *r, void *to, size_t n, struct error *e)
{
    (void)r;
    if (n > answers.size)
        return ended(e);
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

static void ask(struct page_reader *r, int what)
{
    static const struct box whole = {0, 0, 1, 1};
    struct page_content page = {0};
    struct raster image = {0};
    struct page_size *sizes = NULL;
    struct buffer png = BUFFER_INIT;
    struct error e;
    if (what == 0)
        (void)page_reader_page(r, 1, true, &page, &e);
    else if (what == 1)
        (void)page_reader_raster(r, 1, whole, 72, &image, &e);
    else if (what == 2)
        (void)page_reader_sizes(r, &sizes, &e);
    else
        (void)page_reader_image(r, 1, 100, &png, &e);
    page_content_free(&page);
    raster_free(&image);
    free(sizes);
    buffer_free(&png);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct page_reader_limits limits = {
        .program = "none", .cpu_s = 60, .max_pages = 100, .max_raster_pixels = 1 << 20};
    struct page_reader *r = NULL;
    struct error e;
    if (size == 0)
        return 0;
    int pages = 0, fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    answers.data = data + 1;
    answers.size = size - 1;
    if (page_reader_open(&limits, fd, NULL, &r, &pages, &e) == ERR_OK)
        for (int i = 0; i < 4; i++)
            ask(r, (data[0] + i) % 4);
    page_reader_close(r);
    (void)close(fd);
    return 0;
}
