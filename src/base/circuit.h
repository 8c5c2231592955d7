/* A circuit breaker: what keeps failing is left alone for a while.
 * https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker */
#ifndef PDF_OCR_BASE_CIRCUIT_H
#define PDF_OCR_BASE_CIRCUIT_H

#include <stdbool.h>
#include <stdint.h>

struct circuit {
    int failures; /* in a row */
    int64_t open_until_us;
};

/* How long it stays open from now_us (monotonic); 0: calls may be made. */
int64_t circuit_open_us(const struct circuit *c, int64_t now_us);

/* Whether it has opened and nothing has succeeded since: half open once its pause is over. */
bool circuit_tripped(const struct circuit *c);

/* Told once a call, when its tries are over. When half open, a failure opens it again at once.
 * true: it has just opened. */
bool circuit_note(struct circuit *c, bool failed, int64_t now_us);

#endif
