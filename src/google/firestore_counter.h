/* Counters that all instances share, one document each. */
#ifndef PDF_OCR_GOOGLE_FIRESTORE_COUNTER_H
#define PDF_OCR_GOOGLE_FIRESTORE_COUNTER_H

#include <stdint.h>

#include "google/client.h"
#include "ports/job_store.h"

/* count() of ports/job_store.h. documents: projects/P/databases/D/documents; the counters are in
 * the collection {collection}_counters, whose documents expire by `expires_at`. */
enum err firestore_count(struct google_client *client, const char *documents,
                         const char *collection, const char *name, int64_t n, int64_t most,
                         int64_t expires_us, int64_t *value, struct error *e);

/* The write that adds n to a counter that does not expire. NULL: memory is out. The caller's. */
json_t *firestore_counter_add(const char *documents, const char *collection, const char *name,
                              int64_t n);

/* counters() of ports/job_store.h. */
enum err firestore_counters_read(struct google_client *client, const char *documents,
                                 const char *collection, struct counter *io, size_t n,
                                 struct error *e);

#endif
