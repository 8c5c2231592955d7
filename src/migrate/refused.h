/* Rows that BigQuery does not take: they become rejects, and the run goes on. */
#ifndef PDF_OCR_MIGRATE_REFUSED_H
#define PDF_OCR_MIGRATE_REFUSED_H

#include "migrate/run.h"

/* Rejects the rows of a batch that its load job left out. reason: what the job tells. */
enum err refused_by_load(struct run *m, size_t i, const struct batch *b, const char *reason,
                         struct error *e);

/* Rejects the staged rows whose JSON is refused; the MERGE leaves them out. */
enum err refused_by_merge(struct run *m, size_t i, struct error *e);

#endif
