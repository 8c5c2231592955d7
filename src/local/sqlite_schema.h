/* The tables of the SQLite file, and how those of an older release become ours.
 *
 * `PRAGMA user_version` holds the version. An older file is upgraded in one transaction, after a
 * copy of it was made beside it, named FILE.before-vN by the version that it gets. A failure
 * leaves the file as it was.
 */
#ifndef PDF_OCR_LOCAL_SQLITE_SCHEMA_H
#define PDF_OCR_LOCAL_SQLITE_SCHEMA_H

#include <sqlite3.h>

#include "base/error.h"

/* ERR_UNPROCESSABLE, and nothing is written, when a newer release has made the tables. */
enum err sqlite_schema_check(sqlite3 *db, struct error *e);

/* Makes the tables of a new file, or upgrades an older one's; waits for another process that does
 * so. The connection is in no transaction. Errors: those of the store, and of writing the copy. */
enum err sqlite_schema_upgrade(sqlite3 *db, struct error *e);

#endif
