/* Copies of text that may be missing. */
#ifndef PDF_OCR_BASE_TEXT_H
#define PDF_OCR_BASE_TEXT_H

#include <stdbool.h>

/* A copy, owned by the caller; NULL of NULL. When memory is out it is NULL and *ok becomes false,
 * which is left alone otherwise: it is looked at once, after all copies. */
char *text_dup(const char *text, bool *ok);

#endif
