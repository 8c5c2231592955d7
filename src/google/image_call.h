/* What Document AI and Gemini share: images as base64 PNG in JSON bodies, several calls at once. */
#ifndef PDF_OCR_GOOGLE_IMAGE_CALL_H
#define PDF_OCR_GOOGLE_IMAGE_CALL_H

#include "google/client.h"

/* Both APIs take requests of at most 20 MB; the rest of the body has room in the difference. */
#define IMAGE_BASE64_MAX (18 * 1000 * 1000)

/* Appends the image as an 8-bit grey PNG in base64 (standard alphabet, padded). */
enum err image_base64(const struct raster *image, struct buffer *out, struct error *e);

/* The same, at half the resolution or less where it would be longer than max bytes. */
enum err image_base64_within(const struct raster *image, size_t max, struct buffer *out,
                             struct error *e);

/* Posts n JSON bodies to path at once; replies[i].json answers bodies[i], or errors[i] tells. Both
 * are n long; replies are cleared by the caller, on errors too. The first error is returned. A
 * missing or disabled API is the operator's matter: ERR_UNAVAILABLE. */
enum err image_call(struct google_client *client, enum google_api api, const char *path,
                    const struct buffer *bodies, size_t n, const struct checkpoint *c,
                    struct google_reply *replies, struct error *errors, struct error *e);

#endif
