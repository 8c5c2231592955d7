/* Reading and checking the body of POST /extract and /extract/agentic. */
#ifndef PDF_OCR_CORE_EXTRACTION_REQUEST_H
#define PDF_OCR_CORE_EXTRACTION_REQUEST_H

#include <jansson.h>

#include "core/config.h"
#include "ports/extraction.h"

/* Whether id looks like a pdf_id: a UUID or a SHA-256, in lower case. */
bool pdf_id_valid(const char *id);

/* Checks that body holds only what extraction_request_read reads: ERR_UNKNOWN_NAME. */
enum err extraction_request_only_known(json_t *body, struct error *e);

/* Checks body against the limits of cfg and fills *out (free it with extraction_request_free).
 *
 * {pdf_id, regions:[{page, x, y, width, height, region_id?, region_type?}], output_format?,
 *  engine?, pages?: "1-3,7" , escape_formulas?, join_pages?, also_formats?: [...],
 *  languages?: ["eng", "deu"], password?, callback_url?, and those of
 * core/sheet_request.h}. Members that are not
 * known are passed over. agentic: regions may be missing or empty. ERR_UNPROCESSABLE with a JSON
 * Pointer and what was expected. A page past the end of the document is known only when the job
 * runs. */
enum err extraction_request_read(json_t *body, bool agentic, const struct config *cfg,
                                 struct extraction_request *out, struct error *e);

/* Reads "1-3,7,9-" into out->pages. ERR_UNPROCESSABLE tells what was expected. */
enum err page_ranges_read(const char *text, struct extraction_request *out, struct error *e);

/* Adds a language, which looks like a name of Tesseract's. ERR_UNPROCESSABLE tells what was
 * expected. */
enum err languages_add(const char *name, struct extraction_request *out, struct error *e);

/* Appends the canonical JSON of a request: what is stored with the job and sent in tasks. Reading
 * it back gives the same request but for the password: that there is one (has_password). */
void extraction_request_write(const struct extraction_request *r, struct buffer *out);

/* Reads that JSON back. */
enum err extraction_request_parse(const char *text, size_t len, const struct config *cfg,
                                  struct extraction_request *out, struct error *e);

#endif
