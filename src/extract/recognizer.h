/* The client of pdf-ocr-recognize, in which Tesseract and Leptonica see the pixels of documents.
 *
 * A process is started for each language that is asked for and kept for the next page and job; it
 * ends when it has used much CPU time or has read a large image, which gives its memory back. An
 * image that takes too long or too much memory is ERR_UNPROCESSABLE; a process that was killed or
 * got too little computing time is transient (ERR_UNAVAILABLE, ERR_TIMEOUT).
 */
#ifndef PDF_OCR_EXTRACT_RECOGNIZER_H
#define PDF_OCR_EXTRACT_RECOGNIZER_H

#include "ports/ocr_engine.h"
#include "ports/program_limits.h"

struct recognizer;

/* Starts nothing yet. The strings of l stay the caller's and must live as long. ERR_INTERNAL: out
 * of memory. */
enum err recognizer_open(const struct recognizer_limits *l, struct recognizer **out,
                         struct error *e);

/* Sets the error of an OCR program that cannot work here, ERR_UNAVAILABLE; the caller adds the
 * cause. */
void recognizer_unavailable(struct error *e);

/* Ends the processes and frees; NULL is allowed. */
void recognizer_close(struct recognizer *r);

/* Puts an image upright: pose and rules are in *out, the image in *upright, which the caller frees
 * (ocr_result_free, raster_free). On an error both are empty. */
enum err recognizer_prepare(struct recognizer *r, const struct raster *image,
                            const struct checkpoint *c, struct ocr_result *out,
                            struct raster *upright, struct error *e);

/* The engine that reads by it. Its close does nothing: the recognizer is closed by its owner. */
struct ocr_engine recognizer_engine(struct recognizer *r);

#endif
