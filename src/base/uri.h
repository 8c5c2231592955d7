/* Text percent-encoded for URIs (RFC 3986): all but the unreserved characters. */
#ifndef PDF_OCR_BASE_URI_H
#define PDF_OCR_BASE_URI_H

#include "base/buffer.h"

/* Appends text as one path segment or query value. */
void uri_escape(struct buffer *out, const char *text);

/* Appends text as a path: its slashes stay. */
void uri_escape_path(struct buffer *out, const char *text);

#endif
