/* Any bytes as the pixels of a page in which rules, check boxes and filled areas are looked for.
 * What is found must lie in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ocr/raster_areas.h"
#include "ocr/raster_boxes.h"
#include "ocr/raster_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_lie_inside(const struct box *b)
{
    if (!(b->x >= 0 && b->y >= 0 && b->w >= 0 && b->h >= 0 && b->x + b->w <= 1.001 &&
          b->y + b->h <= 1.001))
        abort();
}

/* The first byte tells how wide it is; each of the others is a run of black or white. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rule *rules = NULL;
    struct check_box *boxes = NULL;
    struct box *areas = NULL;
    struct error e = {0};
    size_t n = 0;
    if (size < 2)
        return 0;
    struct raster image = {.width = 1 + data[0], .height = 200, .dpi = 100};
    size_t pixels = (size_t)image.width * (size_t)image.height;
    if ((image.pixels = malloc(pixels)) == NULL)
        return 0;
    memset(image.pixels, 255, pixels);
    for (size_t i = 1, at = 0; at < pixels; i = i + 1 < size ? i + 1 : 1) {
        size_t run = 1 + (data[i] & 127U);
        memset(image.pixels + at, data[i] < 128 ? 255 : 0, run < pixels - at ? run : pixels - at);
        at += run;
    }
    if (raster_find_rules(&image, &rules, &n, &e) == ERR_OK)
        for (size_t i = 0; i < n; i++)
            must_lie_inside(&rules[i].box);
    if (raster_find_boxes(&image, &boxes, &n, &e) == ERR_OK)
        for (size_t i = 0; i < n; i++)
            must_lie_inside(&boxes[i].box);
    if (raster_find_areas(&image, &areas, &n, &e) == ERR_OK)
        for (size_t i = 0; i < n; i++)
            must_lie_inside(&areas[i]);
    free(areas);
    free(boxes);
    free(rules);
    free(image.pixels);
    return 0;
}
