/* The job record: what every job store keeps. Data only; its rules are in core/job_state.h. */
#ifndef PDF_OCR_PORTS_JOB_H
#define PDF_OCR_PORTS_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "ports/blob_store.h"

enum job_status {
    JOB_QUEUED,
    JOB_PROCESSING,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATUS__MAX
};

enum job_outcome {
    OUTCOME_NONE, /* not final yet */
    OUTCOME_SUCCESS,
    OUTCOME_PARTIAL_SUCCESS, /* some regions gave nothing */
    OUTCOME_NO_MATCH,        /* nothing was found anywhere */
    OUTCOME_FAILED,
    JOB_OUTCOME__MAX
};

/* The names used in JSON and in stores, indexed by the enumerations. OUTCOME_NONE is NULL. */
extern const char *const job_status_names[JOB_STATUS__MAX + 1];
extern const char *const job_outcome_names[JOB_OUTCOME__MAX + 1];

#define FORMAT_NAME_MAX 15
#define JOB_PDF_ID_MAX  64 /* a UUID, or the SHA-256 of a document in hex */
#define JOB_OWNER_MAX   64
#define JOB_TRACE_MAX   55 /* a W3C traceparent */

struct job_progress {
    int regions_done, regions_total;
    int pages_done, pages_total;
};

/* Times are microseconds since the epoch, 0 when not set. Strings are owned by the job, NULL when
 * not set. */
struct job {
    char id[UUID_LEN + 1];
    char owner[JOB_OWNER_MAX + 1]; /* the subject of the key that made it */
    char pdf_id[JOB_PDF_ID_MAX + 1];
    char pdf_version[BLOB_VERSION_MAX + 1]; /* the one it was made for; "": any */
    char traceparent[JOB_TRACE_MAX + 1];    /* of the request that made it; "": none */
    enum job_status status;
    enum job_outcome outcome;
    char output_format[FORMAT_NAME_MAX + 1]; /* csv */
    int regions_count;
    struct job_progress progress;
    int attempts;    /* times it was claimed */
    int retry_count; /* transient failures recorded */
    int64_t created_us, updated_us;
    int64_t expires_us;       /* when the result is erased */
    int64_t lease_expires_us; /* while processing */
    int64_t next_attempt_us;  /* while queued: when a delivery is due */
    char lease_token[33];     /* while processing: who holds it */
    int64_t version;          /* grows by one with every change */
    char revision[40];        /* the store's own mark of this version; opaque to others */
    char *file_name;          /* of the document, as it was uploaded; NULL: not known */
    char *request_json;       /* the validated request, as stored and as sent in tasks */
    char error_code[ERROR_CODE_MAX + 1]; /* of the message, err_code(); "": none, or not known */
    char *error_message;
    char *result_name;           /* blob name: results/{id}/invoice.csv */
    char *debug_graph_name;      /* blob name, agentic jobs only */
    char *approved_regions_json; /* JSON array; given when the job completes */
    char *regions_name;          /* blob name of that array when it is too long for the job */
    bool has_feedback;
    int feedback_count;
    int64_t last_feedback_us;
};

/* A zeroed job, or NULL. */
struct job *job_new(void);

/* A deep copy, or NULL. */
struct job *job_copy(const struct job *j);

/* Frees the job and its strings; NULL is allowed. */
void job_free(struct job *j);

#endif
