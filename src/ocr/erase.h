/* Taking the ruling lines out of the image of a page. */
#ifndef PDF_OCR_OCR_ERASE_H
#define PDF_OCR_OCR_ERASE_H

#include "ocr/ink.h"
#include "ports/ocr_engine.h"

/* Whitens the rules of a page in its image and its ink; the pieces of the ink stay as they were.
 * Those that are strokes of large letters are taken out of the page's rules and stay in the image.
 * ERR_INTERNAL: out of memory. */
enum err erase_rules(struct ink *ink, struct ocr_result *page, struct error *e);

#endif
