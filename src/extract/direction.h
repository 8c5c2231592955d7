/* The order in which the words of a line are read: from the right where its writing runs so. */
#ifndef PDF_OCR_EXTRACT_DIRECTION_H
#define PDF_OCR_EXTRACT_DIRECTION_H

#include "extract/layout.h"

/* Appends the words of a line, which stand left to right, separated by spaces and in the order in
 * which they are read (Unicode's bidirectional algorithm, UAX 9, for whole words): words of Hebrew
 * or Arabic from the right, others from the left, the line as most of its words. A failed
 * allocation shows in the buffer. */
void direction_append(const struct item *items, size_t n, struct buffer *out);

#endif
