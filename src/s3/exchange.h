/* One HTTP exchange on libcurl: a request, signed where it has keys, and its answer. No retries.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html */
#ifndef PDF_OCR_S3_EXCHANGE_H
#define PDF_OCR_S3_EXCHANGE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define ETAG_MAX 128

/* All of it is borrowed. */
struct exchange {
    const char *service;        /* whom errors name: "S3" */
    const char *method, *url;   /* percent-encoded; its query in the order of the names */
    const char *const *headers; /* `Name: value`, ended by NULL; may be NULL; all are signed */
    int timeout_s;              /* of everything */
    bool direct;                /* by no proxy */
    const char *ca_file;        /* NULL: the system's */

    /* The body: bytes, or body_len bytes of a file from body_at on. */
    const void *body;
    int64_t body_len;
    bool body_from_file;
    int body_fd;
    int64_t body_at;

    bool to_file; /* a 2xx body is appended to sink_fd */
    int sink_fd;

    const char *signature; /* CURLOPT_AWS_SIGV4; NULL: not signed */
    const char *access_key, *secret_key;
};

struct answer {
    long status;        /* 0: none came */
    struct buffer body; /* but what went to a file */
    char etag[ETAG_MAX];
    int64_t length;     /* Content-Length; -1: not told */
    int64_t updated_us; /* Last-Modified; 0: not told */
    int retry_after_s;  /* 0: not told */
};

/* Frees what an answer owns and zeroes it; a zeroed one is allowed. */
void answer_clear(struct answer *a);

/* Makes the exchange by easy, whose connections are used again. ERR_OK for an answer of any status;
 * ERR_TIMEOUT, ERR_UNAVAILABLE; ERR_STORAGE_FULL where sink_fd cannot be written. *a is filled in
 * every case and cleared by the caller. */
enum err exchange_run(CURL *easy, const struct exchange *x, struct answer *a, struct error *e);

#endif
