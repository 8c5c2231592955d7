/* A job as a document of Firestore. */
#ifndef PDF_OCR_GOOGLE_FIRESTORE_JOB_H
#define PDF_OCR_GOOGLE_FIRESTORE_JOB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ports/job.h"

/* The fields of a new job (all), or what a change writes: the mask of a change names exactly
 * these. write_id marks the write. NULL: memory is out. The caller's. */
json_t *firestore_job_fields(const struct job *j, const char *write_id, bool all);

/* A document of the service that this one replaces has fewer fields; it reads as a job of nobody's,
 * with what it has. NULL: memory is out, or it is no document. The caller's. */
struct job *firestore_job_read(const json_t *document);

/* JSON text as a Value; null for NULL and for what is no JSON. The caller's. */
json_t *firestore_json_value(const char *text);

/* Copies text into an array of size, cut where it does not fit; NULL is "". */
void firestore_copy(char *to, size_t size, const char *from);

#endif
