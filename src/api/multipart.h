/* Finding the one file in a multipart/form-data body that lies in a file. */
#ifndef PDF_OCR_API_MULTIPART_H
#define PDF_OCR_API_MULTIPART_H

#include <stdint.h>

#include "base/error.h"

struct multipart_file {
    int64_t start, end;  /* where its bytes lie in the body */
    char file_name[256]; /* as the client sent it; "" when it did not */
};

/* Parsed by GMime, a MIME library that reads parts as ranges of the file, so that memory does not
 * grow with the body. body_fd stays the caller's. content_type is the request's header, with its
 * boundary. ERR_UNPROCESSABLE: not multipart, broken off, no part `file`, several files. */
enum err multipart_find_file(int body_fd, const char *content_type, struct multipart_file *out,
                             struct error *e);

#endif
