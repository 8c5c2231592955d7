/* A document as a row of the analysts' tables: pure, no I/O. */
#ifndef PDF_OCR_MIGRATE_ROW_H
#define PDF_OCR_MIGRATE_ROW_H

#include <jansson.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "google/bigquery_schema.h"

#define FINGERPRINT_LEN 32 /* SHA-256 */

struct row {
    char *id;           /* the value of the table's id column */
    int64_t version_us; /* of its newest column: of two rows of an id the newer one counts */
    unsigned char fingerprint[FINGERPRINT_LEN];
};

/* Converts a Firestore document (as the REST API gives it) and appends the row as one line of JSON,
 * with a member `document`, the document's id, and JSON columns as their text, for the staging
 * table. What is missing or null gets
 * its default; a value of another type is taken where nothing is lost: digits as a number, a number
 * as text, every form of times.h as a time. bucket (may be NULL) completes the names of objects.
 *
 * ERR_UNPROCESSABLE when it cannot be a row, with `FIELD: reason` in e->detail; line is then as it
 * was. out->id is owned by the caller. */
enum err row_convert(const struct bigquery_table *t, const json_t *document, const char *bucket,
                     struct buffer *line, struct row *out, struct error *e);

/* The document's own id: what follows the last slash of its name; NULL when it has none. */
const char *row_document_id(const json_t *document);

/* Whether the column counts in the fingerprint: the owner of feedback does not, since the documents
 * do not have it. */
bool row_fingerprinted(const struct bigquery_table *t, const struct bigquery_column *c);

#endif
