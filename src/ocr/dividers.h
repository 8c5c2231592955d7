/* What parts the cells of a line: the vertical rules of an upright page, and wide whites. */
#ifndef PDF_OCR_OCR_DIVIDERS_H
#define PDF_OCR_OCR_DIVIDERS_H

#include "ocr/lines.h"
#include "ports/page.h"

/* In pixels of the page; x is the middle of a rule. */
struct divider {
    int x, y0, y1;
};

struct dividers {
    struct divider *at; /* owned; left to right */
    size_t n;
};

/* Takes the vertical ones of a page's rules; width and height: of the page in pixels. False when
 * memory is out. dividers_free in any case. */
bool dividers_take(const struct rule *rules, size_t n, int width, int height, struct dividers *out);
void dividers_free(struct dividers *d);

/* Whether one of them stands between from and to, at the height of y. */
bool dividers_part(const struct dividers *d, int from, int to, int y);

/* The end of the cell that begins with a line's run first: the index of the run behind the next
 * divider, or behind a white of two heights, or the number of runs. */
size_t dividers_cell_end(const struct dividers *d, const struct text_line *line, size_t first);

#endif
