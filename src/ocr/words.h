/* The symbols that an engine read in a line of text, made words by the ink they stand for: marks
 * without ink are dropped, what a wide white parts is parted, and the text is mended. */
#ifndef PDF_OCR_OCR_WORDS_H
#define PDF_OCR_OCR_WORDS_H

#include "ocr/lines.h"

#define SYMBOL_BYTES 32

struct symbol {
    char text[SYMBOL_BYTES]; /* UTF-8 */
    int x0, x1;              /* pixels of the page */
    size_t run;              /* of the line */
    bool starts;             /* a word */
    float confidence;        /* 0..1 */
};

struct ink_word {
    const char *text;
    struct span box;  /* of its ink, as high as the line */
    float confidence; /* of its least sure symbol */
};

/* Takes a word; false stops. */
typedef bool ink_word_fn(void *self, const struct ink_word *w);

/* Gives the words of a line to take, left to right, and sets the line's ascent. symbols is changed.
 * False when memory is out or take said so. */
bool ink_words(struct text_line *line, struct symbol *symbols, size_t n, ink_word_fn *take,
               void *self);

/* Makes a box as high as the letters of the line's font stand above and below a baseline, whatever
 * letters there are: else lines of numbers would be farther apart than others. */
void stand_in_line(const struct text_line *line, int baseline, struct span *box);

#endif
