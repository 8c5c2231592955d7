/* What the request at hand gives to the calls made for it: until when, and under which trace.
 * A process serves one request at a time, so this is one per process. */
#ifndef PDF_OCR_BASE_CONTEXT_H
#define PDF_OCR_BASE_CONTEXT_H

#include <stdint.h>

/* deadline_us: monotonic, 0: none. traceparent (W3C Trace Context) may be NULL; copied. */
void context_set(int64_t deadline_us, const char *traceparent);

/* What follows is done under this trace. */
void context_trace(const char *traceparent);

/* Microseconds left, INT64_MAX when there is no deadline; may be negative. */
int64_t context_left_us(void);

/* "" when there is none. */
const char *context_traceparent(void);

#endif
