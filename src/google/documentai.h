/* Adapter of ports/ocr_engine.h: Document AI v1, `projects.locations.processors.process`. */
#ifndef PDF_OCR_GOOGLE_DOCUMENTAI_H
#define PDF_OCR_GOOGLE_DOCUMENTAI_H

#include "google/client.h"
#include "ports/ocr_engine.h"

/* The client is borrowed; the other texts are copied. batch: how many images the engine asks for
 * at once. An image that is too large for a request is read in bands, and then has words only. */
enum err documentai_engine_open(struct google_client *client, const char *project,
                                const char *location, const char *processor_id, int batch,
                                struct ocr_engine *out, struct error *e);

#endif
