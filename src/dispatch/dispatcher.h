/* The dispatcher: delivers the tasks of a table over HTTP as Cloud Tasks does. */
#ifndef PDF_OCR_DISPATCH_DISPATCHER_H
#define PDF_OCR_DISPATCH_DISPATCHER_H

#include "core/part.h"
#include "dispatch/task_table.h"

/* Delivers until *o->stop is set, and returns when its calls have ended or the grace period is
 * over; see part.deliver. The table stays the caller's. */
enum err dispatcher_run(const struct queue_run *o, const struct task_table *table, struct error *e);

#endif
