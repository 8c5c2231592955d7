/* A Firestore collection, read page by page in the order of the documents' names.
 *
 * A page starts after the last document of the one before: such a place stays good for ever, so
 * that a run can go on at any time. The documents come by gRPC, which takes a fifth of the bytes
 * and of Firestore's time that JSON does, and are handed over while the next ones are still on
 * their way. https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1
 */
#ifndef PDF_OCR_MIGRATE_READER_H
#define PDF_OCR_MIGRATE_READER_H

#include "google/bigquery_schema.h"
#include "google/client.h"

/* Who takes the documents. */
struct reader_sink {
    void *self;
    /* A try of the page begins: what was taken of it before counts for nothing. */
    enum err (*begin)(void *self, struct error *e);
    /* A document in its JSON form, borrowed. unreadable: why it could not be read, and only its
     * name is there; else NULL. *enough: the page may end here. */
    enum err (*take)(void *self, const json_t *document, const char *unreadable, bool *enough,
                     struct error *e);
};

struct reader {
    struct google_client *client;
    const char *project, *database, *collection;
    const struct bigquery_table *table; /* its columns are the fields that are asked for */
    const struct checkpoint *checkpoint;
    int most;      /* documents of the next page */
    int page_size; /* 0 at first; the reader's own, which aims at a size in bytes */
};

/* Reads the page after the document named cursor (NULL: the first) into the sink. *end tells that
 * there are no more. The errors of the call or of the sink; what was taken then counts for nothing.
 */
enum err reader_page(struct reader *r, const char *cursor, const struct reader_sink *sink,
                     bool *end, struct error *e);

/* How many documents there are, or -1 when that cannot be told. */
int64_t reader_count(const struct reader *r);

#endif
