/* callback_url of requests. */
#ifndef PDF_OCR_API_CALLBACKS_H
#define PDF_OCR_API_CALLBACKS_H

#include "api/app.h"
#include "ports/extraction.h"

/* ERR_UNPROCESSABLE: the request has a callback_url that may not be called (outbound/call.h), or
 * the service has no secrets to sign with. */
enum err callback_check(const struct app *app, const struct extraction_request *r, struct error *e);

#endif
