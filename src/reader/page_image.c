#include "reader/page_image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void page_image_free(struct page_image *p)
{
    free(p->grey);
    memset(p, 0, sizeof *p);
}

/* Renders the whole page; p->grey stays NULL where that would be too large at this dpi. */
static void keep_page(struct page_image *p, struct document_page *page, int64_t max_pixels)
{
    double dpi = p->dpi;
    p->tried = true;
    p->grey = document_render(page, 0, 0, 1, 1, &dpi, max_pixels, &p->width, &p->height);
    if (dpi == p->dpi)
        return;
    free(p->grey);
    p->grey = NULL;
}

static int within(double at, int size)
{
    return at < 0 ? 0 : at > size - 1 ? size - 1 : (int)lround(at);
}

static uint8_t *cut(const struct page_image *p, const double part[4], int *width, int *height)
{
    int x = within(part[0] * p->width, p->width), y = within(part[1] * p->height, p->height);
    *width = 1 + within(ceil(part[2] * p->width) - 1, p->width - x);
    *height = 1 + within(ceil(part[3] * p->height) - 1, p->height - y);
    uint8_t *grey = malloc((size_t)*width * (size_t)*height);
    for (int row = 0; grey != NULL && row < *height; row++)
        memcpy(grey + (size_t)row * (size_t)*width,
               p->grey + (size_t)(y + row) * (size_t)p->width + x, (size_t)*width);
    return grey;
}

uint8_t *page_image_part(struct page_image *p, struct document_page *page, int number,
                         const double part[4], double *dpi, int64_t max_pixels, int *width,
                         int *height)
{
    bool again = p->number == number && p->dpi == *dpi;
    if (!again) {
        page_image_free(p);
        p->number = number;
        p->dpi = *dpi;
    } else if (!p->tried) {
        keep_page(p, page, max_pixels);
    }
    if (p->grey != NULL)
        return cut(p, part, width, height);
    return document_render(page, part[0], part[1], part[2], part[3], dpi, max_pixels, width,
                           height);
}
