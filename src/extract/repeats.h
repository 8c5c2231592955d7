/* Regions that a request names more than once: each is read once, and what was found there stands
 * for all of them. */
#ifndef PDF_OCR_EXTRACT_REPEATS_H
#define PDF_OCR_EXTRACT_REPEATS_H

#include "base/error.h"
#include "ports/extraction.h"

struct repeats {
    const struct extraction_request *asked; /* borrowed */
    struct extraction_request once; /* the same with each region once; its pages are borrowed */
    size_t *place;                  /* of each region of asked, in once */
};

/* Two regions are the same when their pages, boxes and types are. ERR_EXHAUSTED: memory is out.
 * r must outlive *out, which is freed with repeats_free, on errors too. */
enum err repeats_find(const struct extraction_request *r, struct repeats *out, struct error *e);

/* Puts a result for each region of asked in place of x's results, one for each region of once. A
 * repeated one borrows all but its region from the first. ERR_EXHAUSTED: x is as before. */
enum err repeats_expand(const struct repeats *p, struct extraction *x, struct error *e);

void repeats_free(struct repeats *p);

#endif
