/* A request that is answered later, when something has happened: a descriptor and a number.
 *
 * libfcgi keeps two buffers of 8 KiB and the parameters for each open request. They are given back
 * here, and what is answered is written as FastCGI records (fastcgi.h, FastCGI 1.0, section 3.3).
 */
#ifndef PDF_OCR_PROCESS_DEFERRED_H
#define PDF_OCR_PROCESS_DEFERRED_H

#include <fcgiapp.h>
#include <stdbool.h>
#include <stddef.h>

#define DEFERRED_TEXT_MAX 65535 /* of one record */

struct deferred {
    int fd; /* owned; -1: none */
    int id;
};

/* Takes over the connection of the request that FCGX_Accept_r has just read, and gives back all
 * else of it: its parameters are gone. */
struct deferred deferred_take(FCGX_Request *cgi);

/* Sends n bytes of the answer, DEFERRED_TEXT_MAX at most, or none, and ends it where last is set.
 * Never waits. false: nothing was sent, as the peer does not read at the moment, or has gone. */
bool deferred_send(const struct deferred *d, const char *text, size_t n, bool last);

void deferred_close(struct deferred *d);

#endif
