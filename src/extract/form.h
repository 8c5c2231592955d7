/* Forms: names that end in a colon, and the values beside them; check boxes and their labels. */
#ifndef PDF_OCR_EXTRACT_FORM_H
#define PDF_OCR_EXTRACT_FORM_H

#include "extract/layout.h"
#include "ports/extraction.h"

/* Finds `Name: value` pairs; several may stand in one line. A check box is a pair too, of the label
 * after it, else before it, and true or false; a name before labelled ones has the labels of those
 * that are marked. *fields is an array of *n the caller frees (form_field_free, free), also after a
 * failure. */
enum err form_find(const struct layout *l, const struct page_info *page, struct form_field **fields,
                   size_t *n, struct error *e);

/* How many check boxes there are. */
size_t form_checks(const struct layout *l);

/* The part of the lines that hold a name, or check boxes with labels and nothing else, 0..1. */
double form_share(const struct layout *l);

#endif
