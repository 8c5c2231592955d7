/* What is counted of the calls of S3 (base/call_counters.h). */
#ifndef PDF_OCR_S3_COUNTERS_H
#define PDF_OCR_S3_COUNTERS_H

#include "base/call_counters.h"

/* As call_counters_setup. */
enum err s3_counters_setup(struct error *e);

/* As call_counters_note; nothing before the set-up. */
void s3_counters_note(enum call_event event, long status, int64_t latency_us);

/* As call_counters_write: pdf_ocr_s3_calls_total and the others. */
void s3_counters_write(struct buffer *out);

#endif
