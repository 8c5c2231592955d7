/* Structured queries and masks of Firestore. What is consumed is so when memory is out too; NULL
 * then. https://cloud.google.com/firestore/docs/reference/rest/v1/StructuredQuery
 */
#ifndef PDF_OCR_GOOGLE_FIRESTORE_QUERY_H
#define PDF_OCR_GOOGLE_FIRESTORE_QUERY_H

#include <jansson.h>

/* A filter on one field; value is consumed. op: EQUAL, LESS_THAN. */
json_t *firestore_condition(const char *field, const char *op, json_t *value);

/* What meets all of an array of filters, which is consumed. */
json_t *firestore_all_of(json_t *conditions);

/* direction: ASCENDING, DESCENDING. */
json_t *firestore_order(const char *field, const char *direction);

/* where may be NULL; where and orders are consumed. */
json_t *firestore_query(const char *collection, json_t *where, json_t *orders, int limit);

/* The mask that names all of these fields, which are borrowed. */
json_t *firestore_mask(const json_t *fields);

/* The write that makes a document of fields, which are consumed: one that is not there yet, or one
 * in place of that of the update time `replacing`. */
json_t *firestore_create(const char *name, json_t *fields, const char *replacing);

#endif
