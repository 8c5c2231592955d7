/* Work on what a document holds, which grows with the square of it at worst: counted in steps, so
 * that the checkpoint is passed now and then, and a page that takes too many is refused. */
#ifndef PDF_OCR_EXTRACT_PACE_H
#define PDF_OCR_EXTRACT_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "ports/page.h"

#define WORK_BUDGET_STEPS                                                                          \
    UINT64_C(10000000000) /* most steps: some ten seconds of a current CPU                         \
                           */
#define SORT_STEPS 20     /* for each of a million items to be sorted */

struct work_budget {
    const struct checkpoint *c; /* may be NULL */
    uint64_t steps, passed_at;
};

/* Counts a*b steps of some nanoseconds each. ERR_UNPROCESSABLE when the page
 * is too complex; the checkpoint's errors. p may be NULL: nothing is counted. */
enum err work_budget_spend(struct work_budget *p, size_t a, size_t b, struct error *e);

enum err work_budget_exceeded(struct error *e);

#endif
