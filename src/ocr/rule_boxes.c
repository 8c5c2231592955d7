#include "ocr/rule_boxes.h"

#include <stdlib.h>

enum err rule_boxes_add(PIX *page, BOXA *boxes, bool vertical, struct rule **out, size_t *n,
                        struct error *e)
{
    double width = pixGetWidth(page), height = pixGetHeight(page);
    int count = boxes != NULL ? boxaGetCount(boxes) : 0;
    struct rule *rules =
        boxes != NULL ? realloc(*out, (*n + (size_t)count + 1) * sizeof *rules) : NULL;
    if (rules == NULL)
        return error_no_memory(e);
    *out = rules;
    for (int i = 0; i < count; i++) {
        int x, y, w, h;
        (void)boxaGetBoxGeometry(boxes, i, &x, &y, &w, &h);
        rules[(*n)++] = (struct rule){{x / width, y / height, w / width, h / height}, vertical};
    }
    return ERR_OK;
}
