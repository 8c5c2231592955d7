/* Lines of text in the pixels of an upright page, found by the glyphs alone: what stands in the
 * cells of a table is found as well as running text. Geometry in pixels, origin top left. */
#ifndef PDF_OCR_OCR_LINES_H
#define PDF_OCR_OCR_LINES_H

#include <leptonica/allheaders.h>
#include <stdbool.h>
#include <stddef.h>

struct span {
    int x0, y0, x1, y1;
};

/* Glyphs, or parts of them, with no more than word spaces between. */
struct text_run {
    struct span box;
    struct span *glyphs; /* left to right; within the lines' */
    size_t n;
    int baseline, height; /* of most glyphs */
};

/* Runs on one baseline, left to right. */
struct text_line {
    struct text_run *runs; /* within the lines' */
    size_t n;
    struct span box;
    int height;
    float confidence; /* of its reading, set by the reader */
    double ascent;    /* of its font, pixels above the baseline, set by the reader; 0: not known */
};

/* A dash that stands alone in the middle of a line, and in no run. */
struct dash {
    struct span box;
    size_t line; /* index */
};

struct text_lines {
    struct text_line *lines; /* top to bottom */
    size_t n;
    struct text_run *runs;
    struct span *glyphs;
    struct dash *dashes;
    size_t n_runs, n_glyphs, n_dashes;
};

struct dividers;

/* Finds the lines of ink (1 bit a pixel, 1 is ink, without rules). dpi: of the image. What dividers
 * part is in two runs, however close it stands. False when memory is out, or there are more marks
 * than a page of text has. */
bool lines_find(PIX *ink, int dpi, const struct dividers *dividers, struct text_lines *out);
void lines_free(struct text_lines *l);

#endif
