/* What is filled into a page: the values of its form (AcroForm) and its free text notes. */
#ifndef PDF_OCR_READER_FIELDS_H
#define PDF_OCR_READER_FIELDS_H

#include <poppler.h>

struct page_field {
    PopplerRectangle box; /* points, origin top left */
    char *name, *value;   /* g_free; empty: not filled in; a check box has true or false, a group of
                             radio buttons the label beside the one chosen */
    char *group;          /* of radio buttons: its whole name; NULL of other fields; g_free */
};

/* The fields that are shown and can have a value, as a list of struct page_field; g_array_unref
 * frees them. Their values, and those of notes, are appended to words (reader/words.h). */
GArray *fields_of_page(PopplerPage *page, GArray *words);

#endif
