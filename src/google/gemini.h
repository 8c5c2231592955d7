/* Adapter of ports/structurer.h: Gemini, `models.generateContent` of v1beta. */
#ifndef PDF_OCR_GOOGLE_GEMINI_H
#define PDF_OCR_GOOGLE_GEMINI_H

#include "google/client.h"
#include "ports/structurer.h"

/* The client is borrowed; model ("gemini-2.5-flash") is copied. Images that are too large for a
 * request are sent at half the resolution, or less. */
enum err gemini_structurer_open(struct google_client *client, const char *model,
                                struct structurer *out, struct error *e);

#endif
