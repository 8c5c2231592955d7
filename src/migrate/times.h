/* Times as documents hold them. */
#ifndef PDF_OCR_MIGRATE_TIMES_H
#define PDF_OCR_MIGRATE_TIMES_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a time into microseconds since the epoch; digits beyond them are cut off. Forms:
 * RFC 3339 with `Z` or an offset (+02:00, +0200, +02); without either, UTC is meant (Python's
 * datetime.isoformat()); no seconds; a space instead of the `T` (str(datetime)); a date alone; nine
 * digits or more: see time_from_number. False when it is none of these or lies outside the years 1
 * to 9999.
 */
bool time_from_text(const char *text, int64_t *us);

/* Seconds since the epoch (time.time()), or milliseconds or microseconds where the number is too
 * large for seconds: from 1e11, the year 5138, and 1e14 on. */
bool time_from_number(double number, int64_t *us);

#endif
