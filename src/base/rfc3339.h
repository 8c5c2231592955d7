/* Times as text: RFC 3339. */
#ifndef PDF_OCR_BASE_RFC3339_H
#define PDF_OCR_BASE_RFC3339_H

#include <stdint.h>

#define RFC3339_LEN 27 /* 2026-01-02T03:04:05.678901Z */

/* Formats as RFC 3339 UTC with microseconds. */
void rfc3339_format(int64_t us, char out[RFC3339_LEN + 1]);

/* Parses an RFC 3339 time with any offset and fraction. Returns 0, or -1 when it
 * is not one, or its date is none (30 February). */
int rfc3339_parse(const char *text, int64_t *us);

#endif
