/* The settings of Tesseract, the OCR of this machine. Strings are the config's; NULL: not set. */
#ifndef PDF_OCR_TESSERACT_SETTINGS_H
#define PDF_OCR_TESSERACT_SETTINGS_H

#include "core/config.h"
#include "ports/program_limits.h"

struct tesseract_settings {
    char *program;      /* OCR_READER: the installed pdf-ocr-recognize */
    char *tessdata_dir; /* TESSDATA_PREFIX: Tesseract's own default */
    char *language;     /* OCR_LANGUAGE: eng */
};

extern const struct setting_table tesseract_settings;

/* What pdf-ocr-recognize is started with; strings stay the config's. */
struct recognizer_limits tesseract_limits(const struct config *cfg);

#endif
