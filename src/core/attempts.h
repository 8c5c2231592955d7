/* Whether jobs can be worked on at all, in memory shared by all workers. */
#ifndef PDF_OCR_CORE_ATTEMPTS_H
#define PDF_OCR_CORE_ATTEMPTS_H

#include <stdbool.h>

#include "base/error.h"

/* Maps the shared memory; called once, before the workers are forked. Without it nothing is noted.
 */
enum err attempts_setup(struct error *e);

/* An attempt at a job has ended: ERR_OK, or the kind of its failure. */
void attempts_note(enum err kind);

/* Whether the last attempts, several in a row and the last of them within a minute, failed for want
 * of memory, descriptors or processes (ERR_EXHAUSTED). */
bool attempts_exhausted(void);

#endif
