/* CORS_ORIGINS: the web origins (RFC 6454) that may call from a browser. */
#ifndef PDF_OCR_CORE_ORIGINS_H
#define PDF_OCR_CORE_ORIGINS_H

#include <stdbool.h>

#include "base/error.h"

#define ORIGINS_MAX 64

struct origins {
    char *items[ORIGINS_MAX + 1]; /* owned; ended by NULL */
};

/* Reads a comma separated list or a JSON array; NULL is an empty one. An origin is written as
 * browsers send it: scheme, host and, where it is not the scheme's own, port; or "*".
 * ERR_UNPROCESSABLE. */
enum err origins_read(const char *text, struct origins *out, struct error *e);
void origins_free(struct origins *o);

/* What to put into Access-Control-Allow-Origin: the origin, "*", or NULL when it may not call. */
const char *origins_allowed(const struct origins *o, const char *origin);

/* Whether text is an http or https URL. */
bool url_valid(const char *text);

/* Whether text is an https URL, or an http one of this machine. */
bool url_is_safe(const char *text);

#endif
