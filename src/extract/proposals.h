/* Asking a model for the structure of tables, and keeping what stands up to the words read. */
#ifndef PDF_OCR_EXTRACT_PROPOSALS_H
#define PDF_OCR_EXTRACT_PROPOSALS_H

#include "extract/raster_batch.h"
#include "extract/recognizer.h"
#include "ports/structurer.h"

/* Draws the regions that are the parts of b, those of scans upright, and has their structure
 * proposed in one call; parts[i].tag is the index of its result. A result whose proposal stands up
 * to its words (extract/verify.h) gets that table in the place of what it had; the others stay as
 * they are, with a warning where there was a proposal, or none for a reason. With required a
 * failure that passes is returned instead, and nothing is applied. The pixels are freed again, the
 * parts stay. */
enum err proposals_apply(struct raster_batch *b, const struct structurer *s, bool required,
                         struct page_reader *reader, struct recognizer *recognizer,
                         const struct checkpoint *c, struct region_result *results,
                         struct error *e);

/* Warns that the result's structure could not be checked. */
enum err proposals_warn(struct region_result *out, enum engine by, const struct error *why,
                        struct error *e);

#endif
