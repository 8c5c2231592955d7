/* Reading the lines of an upright page by Tesseract. */
#ifndef PDF_OCR_OCR_READ_H
#define PDF_OCR_OCR_READ_H

#include <stdio.h>
#include <tesseract/capi.h>

#include "ocr/ink.h"
#include "ports/ocr_engine.h"

/* Loads the data of a language, or of several ("eng+deu"), from a folder (NULL: Tesseract's own).
 * NULL when there is none; tesseract_close. */
TessBaseAPI *tesseract_load(const char *tessdata_dir, const char *language);
void tesseract_close(TessBaseAPI *api);

/* Writes the names of the languages that are in the folder, a line each. */
void tesseract_list(const char *tessdata_dir, FILE *out);

/* Adds the words of an upright page without rules to out; of noise none. Where those of some of its
 * lines are less sure than least the others are not read, and *whole is false. ERR_INTERNAL: out of
 * memory, or there is too much on it. */
enum err tesseract_read(TessBaseAPI *api, const struct ink *ink, double least,
                        struct ocr_result *out, bool *whole, struct error *e);

#endif
