/* A ZIP (APPNOTE 6.3), written as its files come, by libarchive. The same files give the same
 * bytes: they are dated 2000-01-01. Names are UTF-8. */
#ifndef PDF_OCR_FORMATS_ZIP_H
#define PDF_OCR_FORMATS_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct zip;

/* Appends the ZIP to out, which may have a drain. *made is to be freed by zip_free. ERR_EXHAUSTED.
 */
enum err zip_begin(struct zip **made, struct buffer *out, struct error *e);

/* Adds a file of n bytes. ERR_EXHAUSTED: memory is out, or out has failed. */
enum err zip_add(struct zip *z, const char *name, const void *bytes, size_t n, struct error *e);

/* The same with what fd has from its offset to its end, size bytes; ERR_UNAVAILABLE: it has fewer,
 * or cannot be read. */
enum err zip_add_fd(struct zip *z, const char *name, int fd, uint64_t size, struct error *e);

/* Writes what ends a ZIP; nothing can be added any more. */
enum err zip_end(struct zip *z, struct error *e);

/* NULL is allowed. */
void zip_free(struct zip *z);

#endif
