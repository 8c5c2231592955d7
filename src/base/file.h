/* Small files read into memory, and files without a name. */
#ifndef PDF_OCR_BASE_FILE_H
#define PDF_OCR_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Appends a file of at most most_bytes to out. Returns 0, or the errno: EFBIG when it is larger,
 * ENOMEM when memory is out. */
int file_read(const char *path, size_t most_bytes, struct buffer *out);

/* The same of what is left of an open file, which stays open. */
int file_read_open(int fd, size_t most_bytes, struct buffer *out);

/* Writes all bytes, however often a signal breaks in; false with errno. */
bool file_write(int fd, const void *bytes, size_t n);

/* A buffer's drain (base/buffer.h) that writes to a file. */
struct file_sink {
    int fd;
    int code; /* the errno of what could not be written; 0: nothing */
};
bool file_drain(void *sink, const char *bytes, size_t n);

/* A new file in folder that is gone when it is closed, for reading and writing; -1 with errno. */
int file_temporary(const char *folder);

#endif
