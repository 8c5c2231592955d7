/* The local adapters: SQLite and files. Each fills its port; close it by ops->close. */
#ifndef PDF_OCR_LOCAL_LOCAL_H
#define PDF_OCR_LOCAL_LOCAL_H

#include "base/clock.h"
#include "core/part.h"
#include "core/signed_url.h"

#define SQLITE_DATABASE "pdf-ocr.sqlite3" /* in DATA_DIR */

/* Once, before workers are forked: makes the file, or upgrades that of an older release, after a
 * copy. ERR_UNPROCESSABLE when it is a newer release's. */
enum err sqlite_prepare(const char *path, struct error *e);

/* Jobs and feedback in DATA_DIR/pdf-ocr.sqlite3 (WAL, synchronous FULL); made when missing. */
enum err sqlite_job_store_open(const char *path, const struct clock *clock, struct job_store *out,
                               struct error *e);

/* Tasks in the same file. notify_fd: an eventfd written to after each enqueue so that the
 * dispatcher wakes at once; -1: none. */
enum err sqlite_task_queue_open(const char *path, const struct clock *clock, int notify_fd,
                                struct task_queue *out, struct error *e);

/* Files under DATA_DIR/blobs; URLs are signed local ones under base_url. */
enum err file_blob_store_open(const char *root, const char *base_url,
                              const unsigned char signing_key[SIGNING_KEY_BYTES],
                              const struct clock *clock, struct blob_store *out, struct error *e);

/* Erases what nobody will ask for again: bodies of uploads and half-written blobs older than an
 * hour, and PDFs and results older than keep_us to which no job belongs. jobs NULL: there are no
 * blobs here, only bodies. *erased: how many files. Stops at the first error of the store. */
enum err file_sweep(const char *data_dir, const struct job_store *jobs, int64_t now_us,
                    int64_t keep_us, int *erased, struct error *e);

/* Delivers the tasks of the queue at db_path, see part.deliver. */
enum err sqlite_deliver(const struct queue_run *o, const char *db_path, struct error *e);

extern const struct part sqlite_jobs_part, sqlite_queue_part, sqlite_analytics_part, files_part;

#endif
