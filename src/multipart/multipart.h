/* Taking the one file, and the fields, out of a multipart/form-data body. */
#ifndef PDF_OCR_MULTIPART_MULTIPART_H
#define PDF_OCR_MULTIPART_MULTIPART_H

#include "base/buffer.h"

#define MULTIPART_NAME_MAX   256
#define MULTIPART_FIELDS_MAX 32768 /* bytes of all fields together */

/* Loads what GMime needs, while files can still be opened. */
void multipart_init(void);

/* Copies the part named `file` of the body at body_fd to out_fd; file_name is as the client sent
 * it, "" when it did not. The other parts with a name are appended to fields, as the members of a
 * JSON object: `"pages":"1-3","engine":"auto"`. Parsed by GMime, a MIME library that reads parts
 * from the body's file, so that memory does not grow with the size. content_type is the request's
 * header, with its boundary. body_fd is closed. Returns NULL, or a code: "not_multipart",
 * "broken_off", "too_many_parts", "no_file", "several_files", "encoded", "bad_field", "full",
 * "read". */
const char *multipart_copy_file(int body_fd, const char *content_type, int out_fd,
                                char file_name[MULTIPART_NAME_MAX], struct buffer *fields);

#endif
