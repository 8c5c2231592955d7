/* Adapter of ports/structurer.h: Gemini, `models.generateContent` of v1beta. */
#ifndef PDF_OCR_GOOGLE_GEMINI_H
#define PDF_OCR_GOOGLE_GEMINI_H

#include "google/client.h"
#include "ports/structurer.h"

/* Asks whether there is a model of this name. ERR_NOT_FOUND: it has been retired, or never was. */
enum err gemini_find_model(struct google_client *client, const char *model, struct error *e);

/* The client is borrowed; model is copied. Images that are too large for a
 * request are sent at half the resolution, or less. */
enum err gemini_structurer_open(struct google_client *client, const char *model,
                                struct structurer *out, struct error *e);

#endif
