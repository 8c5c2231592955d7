/* The result of a job, in the format that the caller wants. */
#ifndef PDF_OCR_API_RESULT_H
#define PDF_OCR_API_RESULT_H

#include "core/job_service.h"
#include "http/http.h"

/* The format of an answer: the named one, or with no name (NULL) what Accept likes best, and
 * preferred where it has no wish. ERR_UNPROCESSABLE: there is none of that name;
 * ERR_NOT_ACCEPTABLE. */
enum err result_format(const struct request *r, const char *name, int preferred, int *format,
                       struct error *e);

/* ERR_NOT_FOUND: format (-1) is none, and name was asked for; ERR_CONFLICT: j has no results. */
enum err result_check(const struct job *j, int format, const char *name, struct error *e);

/* The blob of a job's result in a format, and whether the job was asked for that. */
struct result_place {
    char blob[BLOB_NAME_MAX + 1];
    const char *extension; /* of the blob, without a dot; static */
    int format;
    bool was_asked_for;
};
enum err result_place(const struct services *s, const struct job *j, int format,
                      struct result_place *out, struct error *e);

/* Why a completed job, which had a file in each format that it was asked for, has none there:
 * ERR_GONE or ERR_NOT_FOUND. */
enum err result_missing(const struct result_place *place, struct error *e);

/* Why a job that has ended has no result: ERR_CONFLICT, it was cancelled; else a kind
 * that is a 422. */
enum err result_explain_end(const struct job *j, struct error *e);

/* Sets the headers of a result; who saves it does so under the last part of the blob's name
 * (RFC 6266). */
enum err result_headers(const char *blob, struct reply *p, struct error *e);

#define RESULT_ADDRESS_MAX 128

/* Where the result of a job is in that format. seconds: that are waited for it, -1: none are told.
 */
void result_address(const char *job_id, int format, int64_t seconds, char out[RESULT_ADDRESS_MAX]);

#endif
