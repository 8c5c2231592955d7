/* What of the text of cells is a number. */
#ifndef PDF_OCR_FORMATS_NUMBER_H
#define PDF_OCR_FORMATS_NUMBER_H

#include <stdbool.h>

/* Reads a whole text as a decimal number: a sign, digits, whose thousands commas may part, a point
 * and more digits. What a number would not give back is none: leading zeros (007), more than 15
 * digits, a decimal comma, exponents, units. */
bool number_read(const char *text, double *out);

#endif
