/* Counters that all instances share, one document each. */
#ifndef PDF_OCR_GOOGLE_FIRESTORE_COUNTER_H
#define PDF_OCR_GOOGLE_FIRESTORE_COUNTER_H

#include <stdint.h>

#include "google/client.h"

/* count() of ports/job_store.h. documents: projects/P/databases/D/documents; the counters are in
 * the collection {collection}_counters, whose documents expire by `expires_at`. */
enum err firestore_count(struct google_client *client, const char *documents,
                         const char *collection, const char *name, int64_t n, int64_t most,
                         int64_t expires_us, int64_t *value, struct error *e);

#endif
