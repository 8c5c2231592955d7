/* What the sandboxed programs are started with. core/program_limits.h and
 * tesseract/settings.h fill it from the settings.
 */
#ifndef PDF_OCR_PORTS_PROGRAM_LIMITS_H
#define PDF_OCR_PORTS_PROGRAM_LIMITS_H

#include <stdint.h>

/* The longest password that a PDF may have, in bytes (ISO 32000-2, 7.6.4). */
#define PDF_PASSWORD_MAX 127

/* The page reader (extract/page_reader.h). */
struct page_reader_limits {
    const char *program; /* path of pdf-ocr-page */
    int64_t cpu_s, memory_bytes;
    int64_t max_pages;
    int64_t max_raster_pixels;
    const char
        *password; /* of an encrypted PDF, UTF-8; NULL: none; only page_reader_open reads it */
};

/* OCR (extract/recognizer.h). */
struct recognizer_limits {
    const char *program;      /* path of pdf-ocr-recognize */
    const char *tessdata_dir; /* NULL: Tesseract's own */
    const char *language;     /* or several: "eng+deu" */
    int64_t cpu_s;            /* for an image */
    int64_t memory_bytes;     /* of a process */
    int64_t max_raster_pixels;
};

#endif
