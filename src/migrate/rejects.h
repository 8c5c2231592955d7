/* The file of the documents that could not be converted. */
#ifndef PDF_OCR_MIGRATE_REJECTS_H
#define PDF_OCR_MIGRATE_REJECTS_H

#include "migrate/state.h"

/* Writes path as a whole or not at all: a line {"document": path, "reason": text} for each reject
 * of the state. With none, a file of an earlier run is emptied and none is made. */
enum err rejects_write(struct state *s, const char *path, struct error *e);

#endif
