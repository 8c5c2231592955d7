/* What a worker and pdf-ocr-recognize say to each other over two pipes. Both are of one build and
 * on one machine, so numbers go as they lie in memory.
 *
 * The program begins with an answer that says whether it is ready. Then each command is a struct
 * wire_command and its pixels, and each answer a struct wire_answer and, if its status is WIRE_OK,
 * n_rules times a struct wire_rule, n_words times a struct wire_word with its text, and the pixels
 * of the upright image where those were asked for.
 */
#ifndef PDF_OCR_OCR_WIRE_H
#define PDF_OCR_OCR_WIRE_H

#include <stdint.h>
#include <stdio.h>

#include "ports/ocr_engine.h"

enum wire_verb {
    WIRE_PREPARE = 1, /* put the image upright, and find its rules */
    WIRE_READ         /* read it, too */
};

enum wire_status {
    WIRE_OK,
    WIRE_NO_LANGUAGE, /* only at first: the language is not installed */
    WIRE_FAILED       /* out of memory, or too much on the image */
};

struct wire_command {
    int32_t verb;
    int32_t width, height, dpi; /* width * height grey bytes follow */
};

struct wire_answer {
    int32_t status;
    int32_t quarters; /* of the pose */
    double angle;
    uint32_t n_rules, n_words;
    int32_t width, height; /* of the upright image; 0 when it was not asked for */
};

struct wire_rule {
    struct box box;
    uint64_t vertical;
};

struct wire_word {
    struct box box;
    float confidence;
    uint32_t alone;
    uint64_t length; /* bytes of UTF-8 that follow */
};

/* Reads a command and its pixels, which raster_free frees. False at the end, and when it asks for
 * what there is not or for more than max_pixels. */
bool wire_read_command(FILE *in, int64_t max_pixels, struct wire_command *c, struct raster *image);

/* Writes an answer. r and upright may be NULL. False when nobody takes it. */
bool wire_write_answer(FILE *out, enum wire_status status, const struct ocr_result *r,
                       const struct raster *upright);

#endif
