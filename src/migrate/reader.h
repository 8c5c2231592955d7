/* A Firestore collection, read page by page in the order of the documents' names.
 *
 * A page starts after the last document of the one before: unlike the tokens of documents.list such
 * a place stays good for ever, so that a run can go on at any time, and the emulator answers such a
 * query several times as fast. https://firestore.googleapis.com/$discovery/rest?version=v1 */
#ifndef PDF_OCR_MIGRATE_READER_H
#define PDF_OCR_MIGRATE_READER_H

#include "google/bigquery_schema.h"
#include "google/client.h"

struct reader {
    struct google_client *client;
    const char *project, *database, *collection;
    const struct bigquery_table *table; /* its columns are the fields that are asked for */
    const struct checkpoint *checkpoint;
    int most;      /* documents of the next page */
    int page_size; /* 0 at first; the reader's own, which aims at a size in bytes */
};

/* Reads the page after the document named cursor (NULL: the first) and calls take with each
 * document, which is only borrowed; an error of take ends the page. *end tells that there are no
 * more. ERR_BAD_REQUEST: the answer was broken, and what was taken of it counts for nothing; the
 * page can be asked for again. Else the errors of the call. */
enum err reader_page(struct reader *r, const char *cursor,
                     enum err (*take)(void *self, const json_t *document, struct error *e),
                     void *self, bool *end, struct error *e);

/* How many documents there are, or -1 when that cannot be told. */
int64_t reader_count(const struct reader *r);

#endif
