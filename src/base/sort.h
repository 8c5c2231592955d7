/* Sorting of plain numbers. */
#ifndef PDF_OCR_BASE_SORT_H
#define PDF_OCR_BASE_SORT_H

#include <stddef.h>

/* Puts n numbers, of which none is NaN, in ascending order. */
void sort_doubles(double *values, size_t n);

#endif
