/* What a run has done so far, in a folder of its own: an SQLite file, and the rows of the load job
 * that is being filled and of the one that runs (`batch-0.ndjson`, `batch-1.ndjson`).
 *
 * What state_page_done has taken survives a kill at any point: the rows reach the disk before the
 * transaction that counts them. Each document's fingerprint is kept until the verification.
 */
#ifndef PDF_OCR_MIGRATE_STATE_H
#define PDF_OCR_MIGRATE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "migrate/row.h"

#define RUN_ID_LEN 16

/* Where a collection stands, in this order. */
enum phase { PHASE_READ, PHASE_MERGE, PHASE_VERIFY, PHASE_DONE };

/* Batches in hand: while one is loaded the next is read, in turn into one file and the other. */
#define STATE_BATCHES 2

/* A batch whose rows are all there and that is being loaded; bytes 0: none. */
struct batch {
    int64_t number, bytes;
};

struct progress {
    enum phase phase;
    char *cursor; /* name of the last document read; NULL: none; owned by the state */
    bool closing; /* the batch is full or the last one: it is to be loaded */
    bool ended;   /* all documents are read */
    int64_t read, rejected, bytes;          /* bytes: of rows, as JSON */
    int64_t batch, batch_rows, batch_bytes; /* of the one that is being filled */
    struct batch loading[STATE_BATCHES];    /* batch n at n % STATE_BATCHES, as its file */
    int64_t inserted, updated;              /* by the MERGE */
};

/* How a row compares. */
enum difference { DIFF_MISSING, DIFF_EXTRA, DIFF_DIFFERING, DIFF_NEWER, DIFF__MAX };
extern const char *const difference_names[DIFF__MAX];

struct state;

/* Opens the run in the folder dir, which is made where it is missing. purpose tells what the run is
 * for: project, dataset, collections, batch size. With resume the run that is there goes on; it is
 * ERR_CONFLICT when its purpose is another. Without, *left (owned by the caller; NULL: none) is the
 * id of a run that was left unfinished and whose staging tables should go, and a new run starts.
 * ERR_CONFLICT when another process works in dir. resumed tells whether a run goes on. */
enum err state_open(const char *dir, const char *purpose, bool resume, struct state **out,
                    char **left, bool *resumed, struct error *e);

/* Closes; with done the folder's files are removed, and the folder when it is empty. */
void state_close(struct state *s, bool done);

const char *state_run_id(const struct state *s);

/* The file of a batch. */
int state_batch_fd(const struct state *s, int64_t batch);

/* The progress of table i of bigquery_tables; changed by its owner, kept by the calls below. */
struct progress *state_progress(struct state *s, size_t i);

/* A page is taken as a whole or not at all. Between begin and done: rows and rejects. line may be
 * NULL, then no rows are kept (a dry run). A row whose id an earlier document has too is kept as
 * the MERGE keeps it, the newer one; *loser is then the other document's id (owned by the caller),
 * else NULL. */
enum err state_page_begin(struct state *s, struct error *e);
enum err state_row(struct state *s, size_t i, const struct row *r, const char *document,
                   char **loser, struct error *e);
enum err state_reject(struct state *s, size_t i, const char *path, const char *reason,
                      struct error *e);
enum err state_page_done(struct state *s, size_t i, const void *lines, size_t n, struct error *e);
void state_page_undo(struct state *s);

/* Forgets a row that BigQuery does not take; *was: the document's row was there. */
enum err state_forget(struct state *s, size_t i, const char *id, const char *document, bool *was,
                      struct error *e);

/* Keeps the progress of table i. */
enum err state_save(struct state *s, size_t i, struct error *e);

/* The batch is full and goes to loading, whose place must be free; the next one begins. */
enum err state_batch_close(struct state *s, size_t i, struct error *e);

/* A batch that was loading is in the staging table: its file is emptied. */
enum err state_batch_clear(struct state *s, size_t i, int64_t batch, struct error *e);

/* The verification of table i: what the target holds, id by id, then the end, which finds what is
 * missing. Done again it starts over. */
enum err state_compare_begin(struct state *s, size_t i, struct error *e);
enum err state_compare(struct state *s, size_t i, const char *id, int64_t version_us,
                       const unsigned char fingerprint[FINGERPRINT_LEN], struct error *e);
enum err state_compare_end(struct state *s, size_t i, int64_t counts[DIFF__MAX], int64_t *same,
                           struct error *e);

/* Calls take with each difference of table i, or each reject of all tables, in order. */
enum err state_each_difference(struct state *s, size_t i,
                               void (*take)(void *self, enum difference d, const char *id),
                               void *self, struct error *e);
enum err state_each_reject(struct state *s,
                           enum err (*take)(void *self, const char *path, const char *reason,
                                            struct error *e),
                           void *self, struct error *e);

#endif
