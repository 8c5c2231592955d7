/* Reading what Gemini answers: GenerateContentResponse, and the JSON that the model wrote.
 * https://ai.google.dev/api/generate-content */
#ifndef PDF_OCR_GOOGLE_GEMINI_REPLY_H
#define PDF_OCR_GOOGLE_GEMINI_REPLY_H

#include <jansson.h>

#include "ports/structurer.h"

#define GEMINI_ROWS_MAX 2000
#define GEMINI_COLS_MAX 200
#define GEMINI_CELL_MAX 10000 /* bytes */

/* Fills *out with the rows of {"rows": [["cell", ...], ...]}. ERR_UNPROCESSABLE when the model
 * stopped early (too long, blocked), or wrote something else or more than the limits above;
 * ERR_UNAVAILABLE when the answer around it is broken. On an error *out holds nothing. */
enum err gemini_reply_read(const json_t *reply, struct table_proposal *out, struct error *e);

#endif
