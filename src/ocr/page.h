/* An image of a page as it was drawn or scanned, made fit to be read, and read. */
#ifndef PDF_OCR_OCR_PAGE_H
#define PDF_OCR_OCR_PAGE_H

#include <tesseract/capi.h>

#include "ports/ocr_engine.h"

/* Puts the image upright: *upright is dark on white. Its pose and rules go into *out, which
 * ocr_result_free frees. On an error both are empty. ERR_INTERNAL: out of memory. */
enum err ocr_page_prepare(const struct raster *image, struct ocr_result *out,
                          struct raster *upright, struct error *e);

/* Puts the image upright, finds and erases its rules and reads it: pose, rules and words are in
 * *out, in which on an error is nothing. ERR_INTERNAL: out of memory, or too much on it. */
enum err ocr_page_read(TessBaseAPI *api, const struct raster *image, struct ocr_result *out,
                       struct error *e);

#endif
