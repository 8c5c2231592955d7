/* The limits of the page reader, from the settings. */
#ifndef PDF_OCR_CORE_PROGRAM_LIMITS_H
#define PDF_OCR_CORE_PROGRAM_LIMITS_H

#include "core/config.h"
#include "ports/program_limits.h"

/* Strings stay the config's; there is no password. */
struct page_reader_limits page_reader_limits_of(const struct config *cfg);

#endif
