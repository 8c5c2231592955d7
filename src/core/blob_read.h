/* A small blob as text. */
#ifndef PDF_OCR_CORE_BLOB_READ_H
#define PDF_OCR_CORE_BLOB_READ_H

#include "ports/blob_store.h"

/* Appends the blob. ERR_NOT_FOUND; ERR_TOO_LARGE: it has more than max bytes; ERR_EXHAUSTED;
 * ERR_UNAVAILABLE. */
enum err blob_read(const struct blob_store *b, const char *name, size_t max, struct buffer *out,
                   struct error *e);

#endif
