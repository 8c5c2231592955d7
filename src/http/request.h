/* From FastCGI parameters (RFC 3875 names) to struct request. */
#ifndef PDF_OCR_HTTP_REQUEST_H
#define PDF_OCR_HTTP_REQUEST_H

#include <fcgiapp.h>

#include "http/http.h"

/* Fills r but for the body. r borrows from cgi. path_copy holds the path without its trailing
 * slash. ERR_METHOD_NOT_ALLOWED for a method we do not know, ERR_BAD_REQUEST. */
enum err request_read(FCGX_Request *cgi, char path_copy[2048], struct request *r, struct error *e);

/* Reads the body as the route wants it. uploads_dir: where a body file must lie. */
enum err request_read_body(FCGX_Request *cgi, const struct route *route, int64_t max_json_bytes,
                           const char *uploads_dir, struct request *r, struct error *e);

/* Whether text is a W3C traceparent.  https://www.w3.org/TR/trace-context/ */
bool traceparent_valid(const char *text);

/* Writes the traceparent of an X-Cloud-Trace-Context, `TRACE/SPAN;o=1`; "" when it is none.
 * https://cloud.google.com/trace/docs/trace-context#legacy-http-header */
void traceparent_of_cloud(const char *text, char out[TRACEPARENT_MAX]);

#endif
