/* By what time things may be erased for good, which a clock that is wrong for a moment must not
 * decide. */
#ifndef PDF_OCR_CORE_RETENTION_H
#define PDF_OCR_CORE_RETENTION_H

#include "base/clock.h"

/* The last look at the clocks; zeroed at first. */
struct retention {
    int64_t time_us, at_us; /* at_us: steady */
};

/* Looks at the clocks again. Returns what may be taken for now: the earlier of the wall clock and
 * the steady one, and no later than the last look and the time since then allow; 0 at the first
 * look, when nothing may be erased yet. So a jump forward counts only when two looks agree. */
int64_t retention_look(struct retention *r, const struct clock *s);

#endif
