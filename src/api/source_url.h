/* A document that is fetched because a request names where it is. */
#ifndef PDF_OCR_API_SOURCE_URL_H
#define PDF_OCR_API_SOURCE_URL_H

#include "api/upload.h"

/* Reads the JSON body {"source_url": ...}, fetches the document into a file beside the body's, and
 * fills fd, path, copied, file_name and members of *in. source_url is an https URL whose host may
 * be called (outbound/call.h), or where the blob store knows it the name of an object,
 * gs://bucket/a.pdf. ERR_BAD_REQUEST and ERR_UNPROCESSABLE: the body, or what it names;
 * ERR_TOO_LARGE; those of the store. */
enum err source_url_read(const struct services *s, const struct request *r, struct incoming *in,
                         struct error *e);

#endif
