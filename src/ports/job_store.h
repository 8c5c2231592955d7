/* Port: where jobs and feedback live (SQLite, Firestore).
 *
 * Every change of a job is a compare-and-swap on `version`; the rules of what may follow what are
 * the core's (core/job_state.h), never the store's. All calls may fail with ERR_UNAVAILABLE,
 * ERR_TIMEOUT or ERR_STORAGE_FULL. An adapter belongs to one process: open it after fork().
 */
#ifndef PDF_OCR_PORTS_JOB_STORE_H
#define PDF_OCR_PORTS_JOB_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/random.h"
#include "ports/job.h"

/* What makes a repeated create the same create (the Idempotency-Key header). */
struct idempotency {
    const char *owner;
    const char *key;       /* as sent, at most 255 bytes */
    const char *body_hash; /* hex digest of the request's body */
    bool of_client;        /* who may send it again; else it was made here */
};

struct job_filter {
    const char *owner;      /* NULL: anybody's */
    const char *pdf_id;     /* NULL: any */
    int status;             /* enum job_status, or -1: any */
    int page_size;          /* 1..200 */
    const char *page_token; /* NULL: the first page; opaque, from job_page */
};

struct job_page {
    struct job **jobs; /* newest first */
    size_t n;
    char *next_page_token; /* NULL: no more */
};

void job_page_free(struct job_page *p);

/* Adds a job, which the page owns then; NULL is one that there was no memory for. false: memory is
 * out, and the job is freed. */
bool job_page_add(struct job_page *p, struct job *j);

/* Ends a page of page_size for which one job more was read: that one is dropped, and the token is
 * made. err is what reading came to; after an error the page is freed. */
enum err job_page_end(struct job_page *p, int page_size, enum err err, struct error *e);

/* A query of a store's for jobs with a time before before_us; statement is the store's own number.
 */
struct job_query {
    int statement;
    int64_t before_us;
};

/* Appends what a query finds to a page, max jobs at most. */
typedef enum err job_query_fn(void *store, const struct job_query *q, int max, struct job_page *out,
                              struct error *e);

/* Runs the n queries one after the other until *out has max jobs. It is empty after an error. */
enum err job_page_collect(struct job_page *out, job_query_fn *run, void *store,
                          const struct job_query *queries, size_t n, int max, struct error *e);

/* The token of the page that comes after what was made then and has this id: its place in the
 * order, made opaque. NULL when memory is out. And back: ERR_BAD_REQUEST for a token that is not
 * ours. */
char *page_token_make(int64_t created_us, const char *id);
enum err page_token_read(const char *token, int64_t *created_us, char id[UUID_LEN + 1],
                         struct error *e);

/* What a correction does: delete, move, resize, retype. */
enum { FEEDBACK_ACTIONS = 4 };
extern const char *const feedback_action_names[FEEDBACK_ACTIONS + 1];

struct feedback {
    char id[UUID_LEN + 1];
    char job_id[UUID_LEN + 1];
    char *corrections_json; /* JSON array, validated by the core */
    int corrections_count;
    int by_action[FEEDBACK_ACTIONS]; /* of them; not given back */
    char *user_id, *session_id;      /* may be NULL */
    int64_t timestamp_us;            /* when the user made it */
    char status[32];                 /* pending_analysis */
    int64_t created_us;
    int64_t expires_us; /* when its job goes, and takes it along; not given back */
};

struct feedback_list {
    struct feedback *items; /* oldest first */
    size_t n;
};

void feedback_clear(struct feedback *f);
void feedback_list_free(struct feedback_list *l);

#define COUNTER_NAME_MAX 127

/* A counter that all instances share, and that starts at 0. */
struct counter {
    char name[COUNTER_NAME_MAX + 1];
    int64_t n; /* what is added, or what it is */
};

struct job_store_ops {
    const char *name; /* for logs: "sqlite", "firestore" */

    /* Stores a new job (version becomes 1). With idem: if the same owner and key were used
     * before, nothing is stored and *existing is the job made then (owned by the caller), or
     * ERR_UNPROCESSABLE when body_hash differs. Otherwise *existing is NULL. A key is remembered
     * for at least 24 h. j->id is random and new. */
    enum err (*create)(void *self, const struct job *j, const struct idempotency *idem,
                       struct job **existing, struct error *e);

    /* *existing is the job that create would find by the key, NULL when there is none;
     * ERR_UNPROCESSABLE as there. */
    enum err (*find_by_key)(void *self, const struct idempotency *idem, struct job **existing,
                            struct error *e);

    /* ERR_NOT_FOUND. *out is owned by the caller. */
    enum err (*get)(void *self, const char *id, struct job **out, struct error *e);

    /* Writes next in place of the stored job if that one's version is still next->version; the
     * stored version becomes next->version + 1, and so does next->version. ERR_CONFLICT when
     * somebody was faster, ERR_NOT_FOUND. */
    enum err (*replace)(void *self, struct job *next, struct error *e);

    /* ERR_BAD_REQUEST for a page_token that is not ours. */
    enum err (*list)(void *self, const struct job_filter *f, struct job_page *out, struct error *e);

    /* Up to max jobs that nobody will take up by themselves: processing with lease_expires_us
     * before lease_before_us, and behind these, so that a backlog does not hide them, queued with
     * next_attempt_us before queued_before_us. */
    enum err (*list_stale)(void *self, int64_t queued_before_us, int64_t lease_before_us, int max,
                           struct job_page *out, struct error *e);

    /* Up to max final jobs with expires_us before now_us. */
    enum err (*list_expired)(void *self, int64_t now_us, int max, struct job_page *out,
                             struct error *e);

    /* Removes a job, its feedback and its idempotency key. Removing one that is not there is
     * ERR_OK. */
    enum err (*remove)(void *self, const char *id, struct error *e);

    /* Stores feedback on a job that was read and, in the same transaction, the job's has_feedback,
     * feedback_count, last_feedback_us and version, and adds to n counters, which are never
     * forgotten. ERR_CONFLICT when the job is gone or has got its first feedback since. */
    enum err (*feedback_add)(void *self, const struct job *j, const struct feedback *f,
                             const struct counter *add, size_t n, struct error *e);

    /* Reads n counters. */
    enum err (*counters)(void *self, struct counter *io, size_t n, struct error *e);

    /* Up to max (201 at most) of a job's, oldest first, behind the one made at after->created_us
     * with after->id; after NULL: from the first. */
    enum err (*feedback_list)(void *self, const char *job_id, const struct feedback *after, int max,
                              struct feedback_list *out, struct error *e);

    /* Adds n (0: none) to a counter; *value is what it is then. ERR_RATE_LIMITED when it would be
     * more than most: nothing is added. It is forgotten some time after expires_us. An answer that
     * was lost may count twice. */
    enum err (*count)(void *self, const char *name, int64_t n, int64_t most, int64_t expires_us,
                      int64_t *value, struct error *e);

    /* Whether the store answers. */
    enum err (*ping)(void *self, struct error *e);
    void (*close)(void *self);
};

struct job_store {
    const struct job_store_ops *ops;
    void *self;
};

#endif
