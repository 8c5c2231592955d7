/* What the blobs of documents and jobs are called, and nothing else knows. */
#ifndef PDF_OCR_CORE_BLOB_NAMES_H
#define PDF_OCR_CORE_BLOB_NAMES_H

#include "ports/blob_store.h"
#include "ports/extraction.h"
#include "ports/job.h"

/* Who a blob is for, as a part of its name: an owner may be called what a blob may not. */
#define OWNER_HEX 32
void owner_hex(const char *owner, char out[OWNER_HEX + 1]);

/* A template of an owner's: templates/{owner}/{id}/template.json; and what is before the id. */
void template_name(const char *owner, const char *id, char out[BLOB_NAME_MAX + 1]);
void templates_prefix(const char *owner, char out[BLOB_NAME_MAX + 1]);

/* A batch of an owner's: batches/{owner}/{id}/batch.json. */
void batch_name(const char *owner, const char *id, char out[BLOB_NAME_MAX + 1]);

/* A PDF that was put to a link: pdfs/{id}/{file name}; and what is before its file name. */
void pdf_name(const char *pdf_id, const char *file_name, char out[BLOB_NAME_MAX + 1]);
void pdf_prefix(const char *pdf_id, char out[BLOB_NAME_MAX + 1]);

/* A document that is stored once for all who send the same bytes: documents/{hash}.pdf. */
void document_name(const char *sha256, char out[BLOB_NAME_MAX + 1]);

/* What all the files of a job begin with: results/{id}/. */
void results_prefix(const char *job_id, char out[BLOB_NAME_MAX + 1]);

/* A job's result by its file name, as links tell it. */
void result_file_name(const char *job_id, const char *file_name, char out[BLOB_NAME_MAX + 1]);

/* The blob of j's result in a format, named after the document: results/{id}/invoice.csv;
 * result.csv for a job that knows no name. */
void result_name(const struct job *j, int format, const struct sheet_choices *c,
                 char out[BLOB_NAME_MAX + 1]);

/* The blobs of its debug graph, and of its regions where they are many. */
void graph_name(const struct job *j, char out[BLOB_NAME_MAX + 1]);
void regions_name(const struct job *j, char out[BLOB_NAME_MAX + 1]);

/* A page that was read and is kept for the job's next task, and what all of them begin with. */
void kept_page_name(const char *job_id, int page, char out[BLOB_NAME_MAX + 1]);
void kept_pages_prefix(const char *job_id, char out[BLOB_NAME_MAX + 1]);

/* The password of the job's document while it waits, and what is before it. */
void sealed_name(const char *job_id, char out[BLOB_NAME_MAX + 1]);
void sealed_prefix(const char *job_id, char out[BLOB_NAME_MAX + 1]);

/* A mark for each try to tell a job's end: callbacks/{id}/{version}-{attempt}; what is before them,
 * and before those of all jobs. */
#define CALLBACKS_PREFIX "callbacks/"
void callback_mark_name(const char *job_id, int64_t version, int attempt,
                        char out[BLOB_NAME_MAX + 1]);
void callback_marks_prefix(const char *job_id, char out[BLOB_NAME_MAX + 1]);

#endif
