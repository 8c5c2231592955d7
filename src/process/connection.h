/* Taking connections of nginx, for libfcgi. */
#ifndef PDF_OCR_PROCESS_CONNECTION_H
#define PDF_OCR_PROCESS_CONNECTION_H

#include <fcgiapp.h>

/* Accepts one that waits at listen_fd. -1: none came, or none can be taken; then it has paused, as
 * the one that waits would wake the caller at once again. */
int connection_accept(int listen_fd);

/* Readies cgi to read a request from fd, which stays the caller's where this fails (-1). A peer
 * that stops in the middle is waited for 2 s. */
int connection_prepare(FCGX_Request *cgi, int fd);

#endif
