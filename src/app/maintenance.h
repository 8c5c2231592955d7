/* What is done on a timer: jobs nobody works on, what has expired, files nobody will ask for. */
#ifndef PDF_OCR_APP_MAINTENANCE_H
#define PDF_OCR_APP_MAINTENANCE_H

#include "core/job_service.h"
#include "core/retention.h"

/* How long tasks and the timer may take to send what was noted for the analysts. */
#define FLUSH_MS 5000

struct maintenance {
    const struct services *services;
    struct retention retention;
    int64_t files_due_us; /* monotonic; 0: at once */
};

/* Does what is due; self is a struct maintenance. */
void maintenance_run(void *self);

/* Does it every SWEEP_INTERVAL_S until *stop is set: where somebody else delivers the tasks. */
void maintenance_loop(struct maintenance *m, const volatile int *stop);

#endif
