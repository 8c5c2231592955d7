/* A page as it was read: its text layer and, where something needed it, OCR. */
#ifndef PDF_OCR_EXTRACT_SIGHT_H
#define PDF_OCR_EXTRACT_SIGHT_H

#include "base/buffer.h"
#include "extract/region.h"

struct sight {
    struct page_reading layer, ocr; /* layer.content.warning: what of the page could not be read */
    bool unread;                    /* nothing of it could */
    bool kept;                      /* it was read by an earlier task of the job */
};

void sight_free(struct sight *s);

/* Appends the page as JSON, of which sight_parse makes the same page. */
enum err sight_write(const struct sight *s, struct buffer *out, struct error *e);

/* ERR_UNPROCESSABLE: that is no page, or another release has written it; *out is empty then. */
enum err sight_parse(const char *text, size_t len, struct sight *out, struct error *e);

#endif
