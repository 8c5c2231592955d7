/* Small files read into memory. */
#ifndef PDF_OCR_BASE_FILE_H
#define PDF_OCR_BASE_FILE_H

#include "base/buffer.h"

/* Appends a file of at most most_bytes to out. Returns 0, or the errno: EFBIG when it is larger,
 * ENOMEM when memory is out. */
int file_read(const char *path, size_t most_bytes, struct buffer *out);

#endif
