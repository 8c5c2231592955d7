/* What is filled into a page: the values of its form (AcroForm) and its free text notes. */
#ifndef PDF_OCR_READER_FIELDS_H
#define PDF_OCR_READER_FIELDS_H

#include <poppler.h>

struct page_field {
    PopplerRectangle box; /* points, origin top left */
    char *name, *value;   /* g_free; a check box or radio button has true or false */
};

/* The fields that have a value, as a list of struct page_field; g_array_unref frees them. Their
 * values, and those of notes, are appended to words (reader/words.h). */
GArray *fields_of_page(PopplerPage *page, GArray *words);

#endif
