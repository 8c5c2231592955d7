/* A line of text cut out of its page: its runs with no more than a wide space between, and nothing
 * of other lines. */
#ifndef PDF_OCR_OCR_STRIP_H
#define PDF_OCR_OCR_STRIP_H

#include "ocr/lines.h"

struct strip {
    PIX *image; /* 8 bits a pixel; owned */
    int *at;    /* where each run of the line begins; owned */
    int top;    /* the page's row that the strip's first one is */
};

/* page: 8 bits a pixel, dark on white. all: to leave out what belongs to other lines.
 * False when memory is out. */
bool strip_cut(PIX *page, const struct text_lines *all, const struct text_line *line,
               struct strip *out);
void strip_free(struct strip *s);

/* Where a place in the strip is in the page. *run: the index of its run. */
int strip_to_page(const struct strip *s, const struct text_line *line, int x, size_t *run);

#endif
