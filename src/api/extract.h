/* Asking for an extraction, whatever the request looks like. */
#ifndef PDF_OCR_API_EXTRACT_H
#define PDF_OCR_API_EXTRACT_H

#include "api/app.h"
#include "http/http.h"

/* ERR_UNPROCESSABLE: a language of the request is not installed. */
enum err extract_check_languages(struct app *app, const struct extraction_request *extraction,
                                 struct error *e);

/* What makes a request with the same Idempotency-Key the same one. */
struct extract_key {
    char made[80], hash[65];        /* what idempotency points to */
    struct idempotency idempotency; /* valid as long as this and the request */
};

/* Reads the header, and hashes the path and text. ERR_BAD_REQUEST. */
enum err extract_key_read(const struct services *s, const struct request *r, bool has_password,
                          const struct buffer *text, struct extract_key *out, struct error *e);

/* Queues a job for a PDF of the caller's. *out is owned by the caller. */
enum err extract_queue(struct app *app, const struct request *r,
                       const struct extraction_request *extraction,
                       const struct idempotency *idempotency, struct job **out, struct error *e);

/* Both, one after the other. */
enum err extract_submit(struct app *app, const struct request *r,
                        const struct extraction_request *extraction, const struct buffer *text,
                        struct job **out, struct error *e);

/* Fills *p with a job that has not ended: 202, and where it or its result will be. */
enum err extract_accepted(const struct services *s, const struct request *r, const struct job *j,
                          const char *location, struct reply *p, struct error *e);

#endif
