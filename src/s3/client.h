/* Requests to one bucket, with the errors of S3 as ours.
 *
 * What may pass by itself is tried again with full jitter, for RETRY_S seconds at most and never
 * beyond the deadline of the request at hand (base/context.h). Keys that have ended are renewed
 * once. A server that keeps failing is left alone for a while (base/circuit.h). Nothing secret is
 * logged. A client belongs to one process. */
#ifndef PDF_OCR_S3_CLIENT_H
#define PDF_OCR_S3_CLIENT_H

#include "s3/exchange.h"
#include "s3/keys.h"

struct s3_client;

struct s3_request {
    const char *method;
    const char *name;           /* of the object; NULL: the bucket itself */
    const char *query;          /* percent-encoded, in the order of the names, each with a `=` */
    const char *const *headers; /* `Name: value`, ended by NULL; may be NULL */

    /* The body: bytes, or a part of a file. Borrowed. */
    const void *body;
    int64_t body_len;
    bool body_from_file;
    int body_fd;
    int64_t body_at;

    bool to_file; /* a 2xx body is appended to sink_fd; such a request is tried once */
    int sink_fd;
    bool moves_bytes; /* may take as long as bytes move */
};

/* settings and source are borrowed. Asks nobody yet. */
enum err s3_client_open(const struct s3_settings *settings, const struct clock *clock,
                        struct s3_client **out, struct error *e);
void s3_client_close(struct s3_client *c);

/* Makes a request. ERR_OK for 2xx, else reply_judge's kinds (s3/reply.h) and exchange_run's
 * (s3/exchange.h). *a is filled in every case and cleared by the caller. */
enum err s3_call(struct s3_client *c, const struct s3_request *q, struct answer *a,
                 struct error *e);

/* For those who try again by themselves: whether that is worth it after err, since started_us
 * (monotonic); then it has slept. tries: how many there were. */
bool s3_again(enum err err, int64_t started_us, int tries);

/* Appends the bucket's URL, where requests go; links: where links point. No slash at the end. */
void s3_base_url(const struct s3_settings *settings, bool links, struct buffer *out);

/* Appends scheme and host of links. */
void s3_origin(const struct s3_settings *settings, struct buffer *out);

/* The keys of now (s3/keys.h), for links. */
enum err s3_client_keys(struct s3_client *c, const struct s3_keys **out, struct error *e);

#endif
