/* Taking the one file out of a multipart/form-data body. */
#ifndef PDF_OCR_API_MULTIPART_H
#define PDF_OCR_API_MULTIPART_H

#include "base/error.h"

#define MULTIPART_NAME_MAX 256

/* Copies the part named `file` of the body at body_fd to out_fd; file_name is as the client sent
 * it, "" when it did not. Parsed by GMime, a MIME library that reads parts from the body's file,
 * so that memory does not grow with the size. content_type is the request's header, with its
 * boundary. Both descriptors stay the caller's. ERR_UNPROCESSABLE: not multipart, broken off, no
 * part `file`, several files; ERR_STORAGE_FULL, ERR_UNAVAILABLE. */
enum err multipart_copy_file(int body_fd, const char *content_type, int out_fd,
                             char file_name[MULTIPART_NAME_MAX], struct error *e);

#endif
