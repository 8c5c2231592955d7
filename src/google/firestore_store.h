/* What the files of the job store in Firestore share. */
#ifndef PDF_OCR_GOOGLE_FIRESTORE_STORE_H
#define PDF_OCR_GOOGLE_FIRESTORE_STORE_H

#include <jansson.h>

#include "base/clock.h"
#include "google/client.h"
#include "ports/job_store.h"

#define NAME_MAX_LEN 640

struct firestore {
    struct google_client *client;
    const struct clock *clock;
    char *documents; /* projects/P/databases/D/documents */
    char *collection, *feedback, *idempotency;
};

/* The name of a document. */
void firestore_name(const struct firestore *t, const char *collection, const char *id,
                    char out[NAME_MAX_LEN]);

/* Commits writes, which are consumed. Its 404 and FAILED_PRECONDITION (ERR_CONFLICT) mostly are
 * answers to the writes' own conditions. *r is cleared by the caller. */
enum err firestore_commit(struct firestore *t, json_t *writes, struct google_reply *r,
                          struct error *e);

/* Gives each document that a query, which is consumed, finds to take; false: memory is out. */
enum err firestore_run_query(struct firestore *t, json_t *query,
                             bool (*take)(void *to, const json_t *document), void *to,
                             struct error *e);

/* After a conflict in creating a document with a random id: ERR_OK when it is there, by our own
 * commit; else ERR_CONFLICT, with *e as it was. */
enum err firestore_find_created(struct firestore *t, const char *collection, const char *id,
                                const char *field, const char *mark, struct error *e);

/* No condition of the commit's can have failed, so Firestore itself did not want it. */
enum err firestore_refused(struct error *e);

/* firestore_feedback.c: feedback_add, feedback_list and counters of ports/job_store.h, and the
 * removal of a job's feedback. */
enum err firestore_feedback_add(void *self, const struct job *j, const struct feedback *f,
                                const struct counter *add, size_t n, struct error *e);
enum err firestore_feedback_list(void *self, const char *job_id, const struct feedback *after,
                                 int max, struct feedback_list *out, struct error *e);
enum err firestore_counters(void *self, struct counter *io, size_t n, struct error *e);
enum err firestore_feedback_remove(struct firestore *t, const char *job_id, struct error *e);

#endif
