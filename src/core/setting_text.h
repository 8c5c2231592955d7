/* The texts that some settings take. */
#ifndef PDF_OCR_CORE_SETTING_TEXT_H
#define PDF_OCR_CORE_SETTING_TEXT_H

#include <stdbool.h>

/* Origins of CORS_ORIGINS: JSON array or comma separated. */
bool origins_valid(const char *value);

/* Addresses or networks (10.0.0.0/8), comma separated; or any. */
bool networks_valid(const char *value);

/* A whole number from 1 to 512, or auto. */
bool count_valid(const char *value);

/* Whether it has neither control characters nor any of the forbidden ones. */
bool text_printable(const char *value, const char *forbidden);

#endif
