/* Reading a multipart body where it can do no harm. */
#ifndef PDF_OCR_API_MULTIPART_CHILD_H
#define PDF_OCR_API_MULTIPART_CHILD_H

#include "api/multipart.h"

/* multipart_copy_file in a process of its own, whose memory and CPU time are limited: GMime builds
 * every part and header of a body before it can be asked how many there are. Errors: those of
 * multipart_copy_file; ERR_UNPROCESSABLE also for a body that goes beyond the limits. */
enum err multipart_child_copy_file(int body_fd, const char *content_type, int out_fd,
                                   char file_name[MULTIPART_NAME_MAX], struct error *e);

#endif
