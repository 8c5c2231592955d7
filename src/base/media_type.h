/* What kind of document a file is, by its first bytes. */
#ifndef PDF_OCR_BASE_MEDIA_TYPE_H
#define PDF_OCR_BASE_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes to look at: readers look for %PDF- this far (PDF 1.7, appendix H, note 13). */
#define MEDIA_TYPE_WINDOW 1024

/* application/pdf, image/png, image/jpeg or image/tiff, each static; NULL: none of them. */
const char *media_type_of_bytes(const char *head, size_t n);

/* The same of a file's name, by what comes behind its last dot; application/pdf where that is
 * nothing known. */
const char *media_type_of_name(const char *file_name);

/* Whether it is one of the four. */
bool media_type_is_document(const char *type);

#endif
