/* What a searchable PDF gets of the pages that were read: the words that OCR has seen on them.
 *
 * Each page is a line "NUMBER WORDS", and each of its words a line "X Y DX DY HEIGHT TEXT": where
 * its lower left corner is, as it is read, how far it leads right and down, and how high it is.
 * These are points of the page as it is shown, from its top left, so that a page that was put
 * upright to be read has its words where they are seen.
 */
#ifndef PDF_OCR_EXTRACT_SEARCHABLE_H
#define PDF_OCR_EXTRACT_SEARCHABLE_H

#include "base/buffer.h"
#include "extract/sight.h"

/* Whether the page has no text that can be searched: none, or not that of what is seen. */
bool searchable_needs_ocr(const struct page_reading *layer);

/* Appends the page. One whose text layer is good, or that OCR could not read, has no words. A
 * failed allocation shows in the buffer. */
void searchable_add(const struct sight *page, struct buffer *out);

#endif
