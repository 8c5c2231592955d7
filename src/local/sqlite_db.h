/* The SQLite file that holds jobs, feedback and tasks. */
#ifndef PDF_OCR_LOCAL_SQLITE_DB_H
#define PDF_OCR_LOCAL_SQLITE_DB_H

#include <sqlite3.h>

#include "base/error.h"

#define SQLITE_DB_BUSY_MS 5000 /* how long a statement waits for another's transaction */

/* Opens the file (WAL, synchronous FULL, so that what was acknowledged survives a power cut),
 * makes its tables or upgrades them (local/sqlite_schema.h). One connection a process. */
enum err sqlite_db_open(const char *path, sqlite3 **out, struct error *e);

/* Turns the connection's last error into ours: full, busy, or unavailable. */
enum err sqlite_db_error(sqlite3 *db, struct error *e);

/* Prepares a statement that is kept for the life of the connection. */
enum err sqlite_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct error *e);

/* Runs text without parameters: BEGIN IMMEDIATE, COMMIT. */
enum err sqlite_db_exec(sqlite3 *db, const char *sql, struct error *e);

/* Runs a statement that gives no rows and resets it. */
enum err sqlite_db_run(sqlite3 *db, sqlite3_stmt *s, struct error *e);

#endif
