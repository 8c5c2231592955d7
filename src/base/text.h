/* Copies of text that may be missing, and what text is made of. */
#ifndef PDF_OCR_BASE_TEXT_H
#define PDF_OCR_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A copy, owned by the caller; NULL of NULL. When memory is out it is NULL and *ok becomes false,
 * which is left alone otherwise: it is looked at once, after all copies. */
char *text_dup(const char *text, bool *ok);

/* The length of the well-formed UTF-8 sequence at p (Unicode, table 3-7), or 0. */
size_t text_utf8_sequence(const unsigned char *p);

/* Whether all of it is. */
bool text_is_utf8(const char *text);

/* Whether it has a digit, 0 to 9. */
bool text_has_digit(const char *text);

#endif
