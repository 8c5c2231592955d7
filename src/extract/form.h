/* Forms: names that end in a colon, and the values beside them. */
#ifndef PDF_OCR_EXTRACT_FORM_H
#define PDF_OCR_EXTRACT_FORM_H

#include "extract/layout.h"
#include "ports/extraction.h"

/* Finds `Name: value` pairs; several may stand in one line. *fields is an array of *n the caller
 * frees (form_field_free, free). */
enum err form_find(const struct layout *l, const struct page_info *page, struct form_field **fields,
                   size_t *n, struct error *e);

/* The part of the lines that hold a name, 0..1. */
double form_share(const struct layout *l);

#endif
