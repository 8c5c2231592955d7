/* What a client would rather have: Accept (RFC 9110, section 12.5.1) and Prefer (RFC 7240). */
#ifndef PDF_OCR_HTTP_NEGOTIATION_H
#define PDF_OCR_HTTP_NEGOTIATION_H

#include <stdbool.h>
#include <stdint.h>

/* How much a media type is wanted, 0 (not at all) to 1000, by the range that names it most exactly.
 * No header (NULL or empty) is 1000 for all. A type's own parameters are passed over. */
int accept_quality(const char *accept, const char *media_type);

/* Finds wait=N of a Prefer header; NULL: no header. Of several the first counts, and one that is no
 * whole number is passed over, as what is not understood must be. */
bool prefer_wait(const char *prefer, int64_t *seconds);

#endif
