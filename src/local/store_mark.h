/* Noticing that the database is older than it was: its file or its WAL was lost, or replaced by a
 * copy. A number in the database and the same number in a file beside it grow together; a database
 * that knows less than the file has lost what came between. */
#ifndef PDF_OCR_LOCAL_STORE_MARK_H
#define PDF_OCR_LOCAL_STORE_MARK_H

#include <stdbool.h>

#include "base/error.h"

struct store_mark;

/* Opens the mark of the database at db_path, kept in db_path with ".mark" at its end. *out is the
 * caller's. Errors: those of the store. */
enum err store_mark_open(const char *db_path, struct store_mark **out, struct error *e);
void store_mark_close(struct store_mark *m);

/* Compares both, once at the start. *lost: the database knows less; this has been logged, with how
 * many jobs there were and are, and both are brought together again. */
enum err store_mark_check(struct store_mark *m, bool *lost, struct error *e);

/* Counts both up, the database first, if jobs have come or gone since the last time. */
enum err store_mark_set(struct store_mark *m, struct error *e);

#endif
