/* Taking the one file out of a multipart/form-data body. */
#ifndef PDF_OCR_MULTIPART_MULTIPART_H
#define PDF_OCR_MULTIPART_MULTIPART_H

#define MULTIPART_NAME_MAX 256

/* Loads what GMime needs, while files can still be opened. */
void multipart_init(void);

/* Copies the part named `file` of the body at body_fd to out_fd; file_name is as the client sent
 * it, "" when it did not. Parsed by GMime, a MIME library that reads parts from the body's file,
 * so that memory does not grow with the size. content_type is the request's header, with its
 * boundary. body_fd is closed. Returns NULL, or a code: "not_multipart", "broken_off",
 * "too_many_parts", "no_file", "several_files", "encoded", "full", "read". */
const char *multipart_copy_file(int body_fd, const char *content_type, int out_fd,
                                char file_name[MULTIPART_NAME_MAX]);

#endif
