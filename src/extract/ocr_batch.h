/* Reading parts of pages by OCR, a batch of them in one call of the engine. */
#ifndef PDF_OCR_EXTRACT_OCR_BATCH_H
#define PDF_OCR_EXTRACT_OCR_BATCH_H

#include "extract/raster_batch.h"
#include "extract/recognizer.h"
#include "extract/region.h"

/* Draws and reads the parts of b, which recognizer puts upright where the engine does not: out[i]
 * is what was seen in parts[i], freed by the caller with page_reading_free. The pixels are freed
 * again, the parts stay. On an error out holds nothing. */
enum err ocr_batch_read(struct raster_batch *b, const struct ocr_engine *engine,
                        struct recognizer *recognizer, const char *languages,
                        struct page_reader *reader, const struct checkpoint *c,
                        struct page_reading *out, struct error *e);

#endif
