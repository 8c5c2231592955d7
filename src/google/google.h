/* The adapters of Google's services. Each fills its port; close it by ops->close. The client is
 * borrowed and must outlive them. */
#ifndef PDF_OCR_GOOGLE_GOOGLE_H
#define PDF_OCR_GOOGLE_GOOGLE_H

#include "base/clock.h"
#include "google/client.h"
#include "google/credentials.h"
#include "ports/analytics.h"
#include "ports/blob_store.h"
#include "ports/job_store.h"
#include "ports/task_queue.h"

/* Jobs and feedback as Firestore documents: collection/{job_id}, feedback_collection/{id}, and
 * {collection}_idempotency. A change is a commit with the precondition currentDocument.updateTime.
 * The queries need the composite indexes of docs/firestore.indexes.json. */
struct firestore_options {
    const struct clock *clock;
    const char *project, *database; /* "(default)" */
    const char *collection, *feedback_collection;
};
enum err firestore_job_store_open(struct google_client *client, const struct firestore_options *o,
                                  struct job_store *out, struct error *e);

/* Objects of one bucket. Links are V4 signed URLs, signed by the local key or by IAM's signBlob.
 * Files above 8 MiB are sent as resumable uploads. open() downloads to an unlinked file in
 * temp_dir. */
struct cloud_storage_options {
    const struct clock *clock;
    struct google_credentials *credentials;
    const char *bucket;
    const char *source_buckets; /* of objects that are none of ours, comma separated; NULL: none */
    const char *temp_dir;
    const char *link_base; /* https://storage.googleapis.com; where links point */
};
enum err cloud_storage_open(struct google_client *client, const struct cloud_storage_options *o,
                            struct blob_store *out, struct error *e);

/* Tasks of one queue. They carry an OIDC token of service_account, or, where that is NULL, the
 * header X-API-Key. */
enum { TASK_MARGIN_S = 30 }; /* what Cloud Tasks waits beyond TASK_DEADLINE_S */
struct cloud_tasks_options {
    const char *project, *location, *queue;
    const char *target_base_url; /* API_BASE_URL */
    const char *service_account; /* NULL: api_key is sent */
    const char *api_key;
    int dispatch_deadline_s; /* 15..1800 */
};
enum err cloud_tasks_open(struct google_client *client, const struct cloud_tasks_options *o,
                          struct task_queue *out, struct error *e);

/* Rows of the tables jobs and feedback of a dataset, streamed by insertAll. */
struct bigquery_options {
    const char *project, *dataset;
    const char *bucket;         /* for gs:// names of results */
    void (*lost)(int64_t rows); /* told of rows that are given up; may be NULL */
};
enum err bigquery_analytics_open(struct google_client *client, const struct bigquery_options *o,
                                 struct analytics *out, struct error *e);

#endif
