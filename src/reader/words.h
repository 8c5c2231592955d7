/* The words of a page's text layer, as a person reads them. */
#ifndef PDF_OCR_READER_WORDS_H
#define PDF_OCR_READER_WORDS_H

#include <poppler.h>
#include <stdbool.h>

struct page_word {
    PopplerRectangle box; /* points, origin top left; x1 <= x2, y1 <= y2 */
    int turn;             /* degrees clockwise by which its letters are turned: 0, 90, 180, 270 */
    char *text;           /* UTF-8, logical order; g_free */
};

/* A list of struct page_word; g_array_unref frees the words. What poppler tells is mended: boxes
 * with negative sides are turned round and impossible ones dropped; ligatures and presentation
 * forms become letters; soft hyphens, bidi controls, leader dots and lines of dashes are left out;
 * letters drawn twice count once, spaced letters are one word; raised digits become superscripts
 * (U+00B9 and others) on the line of what they belong to. *lost: some boxes were impossible. */
GArray *words_of_page(PopplerPage *page, bool *lost);

/* An empty list of struct page_word. */
GArray *words_none(void);

/* Moves the words of `more`, which is freed, to the end of words. */
void words_move(GArray *words, GArray *more);

/* Adds the words of a value that stands in an area, where its letters may be: an empty one adds
 * none. */
void words_add_value(GArray *words, const char *value, const PopplerRectangle *area);

#endif
