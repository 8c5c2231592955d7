/* Problems as JSON (RFC 9457). */
#ifndef PDF_OCR_HTTP_PROBLEM_H
#define PDF_OCR_HTTP_PROBLEM_H

#include "base/buffer.h"
#include "base/error.h"

/* Appends `{"type":...,"code":...,"title":...,"status":...,"detail":...`: a problem that is not
 * closed, so that more members can follow. */
void problem_open(const struct error *e, struct buffer *out);

#endif
