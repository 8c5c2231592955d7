/* Reading and checking the body of POST /batches. */
#ifndef PDF_OCR_CORE_BATCH_REQUEST_H
#define PDF_OCR_CORE_BATCH_REQUEST_H

#include <jansson.h>

#include "core/extraction_request.h"
#include "core/job_service.h"

struct batch_request {
    struct extraction_request *items; /* owned */
    size_t n;
    bool has_password; /* one of them has */
};

/* Reads {items: [...], options?: {...}}. An item is the body of POST /extract, or without regions
 * that of POST /extract/agentic; a member of options holds for each item that does not have it, and
 * an item's template or regions count before those of options. A template is of owner's.
 *
 * ERR_UNPROCESSABLE and ERR_UNKNOWN_NAME with a pointer (/items/3/pages) where the body is no
 * request; whether the documents are there is not asked. *out is freed by batch_request_free, after
 * an error as well. */
enum err batch_request_read(const struct services *s, const char *owner, json_t *body,
                            struct batch_request *out, struct error *e);

void batch_request_free(struct batch_request *b);

#endif
