/* Reading what Document AI answers: the Document of `processors.process`.
 * https://cloud.google.com/document-ai/docs/reference/rest/v1/Document */
#ifndef PDF_OCR_GOOGLE_DOCUMENTAI_REPLY_H
#define PDF_OCR_GOOGLE_DOCUMENTAI_REPLY_H

#include <jansson.h>

#include "ports/ocr_engine.h"

/* Fills *out with the words, in the order of the tokens, and when structure is asked for with the
 * tables and form fields. Boxes are fractions of the image, cut at its edges. White space in texts
 * is one space; names have no colon at the end. ERR_UNAVAILABLE for anything but a Document;
 * ERR_UNPROCESSABLE or ERR_UNAVAILABLE for one whose error is set. Then, as on every error, *out
 * holds nothing. */
enum err documentai_reply_read(const json_t *reply, bool structure, struct ocr_result *out,
                               struct error *e);

#endif
