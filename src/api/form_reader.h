/* The client of pdf-ocr-form, which reads multipart/form-data bodies. */
#ifndef PDF_OCR_API_FORM_READER_H
#define PDF_OCR_API_FORM_READER_H

#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

#define FORM_NAME_MAX 256

struct form_limits {
    const char *program; /* FORM_READER */
    int64_t max_bytes;   /* of the file, and some more */
};

/* Copies the part named `file` of the body at body_fd to out_fd, in a process of its own;
 * file_name is as the client sent it, "" when it did not. *fields, which the caller owns, is an
 * object of the other parts, strings by their names. content_type: the request's header. Both
 * descriptors stay the caller's; they share their offsets with the process. ERR_UNPROCESSABLE: not
 * multipart, broken off, no part `file`, several files, fields twice or too long, too complex;
 * ERR_STORAGE_FULL,
 * ERR_EXHAUSTED, ERR_UNAVAILABLE. */
enum err form_reader_copy_file(const struct form_limits *l, int body_fd, const char *content_type,
                               int out_fd, char file_name[FORM_NAME_MAX], json_t **fields,
                               struct error *e);

#endif
