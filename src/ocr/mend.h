/* What the ink says against a reading: separators of numbers that were overlooked, letters for
 * digits, marks that are no text. */
#ifndef PDF_OCR_OCR_MEND_H
#define PDF_OCR_OCR_MEND_H

#include "base/buffer.h"
#include "ocr/lines.h"

/* Mends a word's text. glyphs: its ink, left to right; alone: nothing else is in its run.
 * False when it is no text: what is left of rules. A failed allocation shows in the buffer. */
bool mend_word(struct buffer *text, const struct span *glyphs, size_t n, const struct text_run *run,
               bool alone);

#endif
