/* The header X-PDF-Password, for calls whose body is the document or that have none. */
#ifndef PDF_OCR_API_PDF_PASSWORD_H
#define PDF_OCR_API_PDF_PASSWORD_H

#include "http/http.h"
#include "ports/program_limits.h"

/* The password, percent-decoded UTF-8; "" where there is none. The caller wipes out.
 * ERR_UNPROCESSABLE: too long, or bytes that no password has. */
enum err pdf_password_header(const struct request *r, char out[PDF_PASSWORD_MAX + 1],
                             struct error *e);

#endif
