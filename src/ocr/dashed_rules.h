/* Finding ruling lines that are drawn as dots or dashes, in the ink of a page. */
#ifndef PDF_OCR_OCR_DASHED_RULES_H
#define PDF_OCR_OCR_DASHED_RULES_H

#include "ocr/ink.h"
#include "ports/page.h"

/* Rows of thin marks, at most 10 points long and 9 apart, that go on for 36 points (Leptonica).
 * Rows between words of one line are leaders, no rules; in a crowd of specks there are none either.
 * Appends to *out, an array of *n that the caller frees; boxes are fractions of the page.
 * ERR_INTERNAL: out of memory. */
enum err dashed_rules_add(const struct ink *ink, struct rule **out, size_t *n, struct error *e);

#endif
