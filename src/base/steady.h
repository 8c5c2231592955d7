/* A clock for leases, delays and due times that the wall clock's jumps do not move.
 *
 * Within a boot it is CLOCK_BOOTTIME, which nobody sets, with a constant added so that it started
 * as the wall clock; across boots it starts from the wall clock anew. What it gives can be stored
 * and compared by all processes that share the file of the constant.
 */
#ifndef PDF_OCR_BASE_STEADY_H
#define PDF_OCR_BASE_STEADY_H

#include <stdint.h>

#include "base/error.h"

/* Reads the constant of this boot from the file at path, or makes it; called once, before workers
 * are forked. Until then, and where it is not called, the steady clock is the wall clock. */
enum err steady_open(const char *path, struct error *e);

/* Microseconds; clock_steady_us of system_clock. */
int64_t steady_us(void);

#endif
