/* A call of google/client.h on its way through its tries. For the client's own files only. */
#ifndef PDF_OCR_GOOGLE_CALL_H
#define PDF_OCR_GOOGLE_CALL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/circuit.h"
#include "google/client.h"

#define REPLY_MAX (64U << 20) /* what is read into memory at most */

struct google_client {
    struct google_client_options o; /* its strings are owned */
    CURLM *multi;
    struct circuit circuits[GOOGLE_API__MAX];
};

struct call {
    struct google_client *client;
    const struct google_request *q;
    struct google_reply *r;
    struct error *e;
    CURL *easy;
    struct curl_slist *headers;
    curl_mime *mime;
    struct buffer json; /* the request's tree as text */
    struct buffer body; /* of the answer */
    int tries;
    int64_t not_before_us; /* when the next try may start */
    int64_t started_us, sent;
    int64_t retry_after_s; /* 0: not told, or at once */
    off_t sink_start;
    unsigned token; /* the number of the one sent */
    bool renewed;   /* after a 401 */
    bool done;

    /* Of gRPC. */
    long grpc_status; /* -1: none came */
    char grpc_message[256];
    bool enough;      /* the answer was broken off as no more was wanted */
    enum err refused; /* by the one who takes the messages */
};

/* Starts a try: the request goes to the client's multi handle. After an error call_end_try() is
 * due as after any other try. */
enum err call_start(struct call *k);

/* Frees what a try had. */
void call_end_try(struct call *k);

/* Undoes what a try wrote to the sink. ERR_STORAGE_FULL when that fails. */
enum err call_rewind(const struct call *k, struct error *e);

/* What a try that curl ended with code came to; fills *k->r and *k->e. */
enum err call_result(struct call *k, CURLcode code);

/* Whether the API answered well: 2xx, or 308 of a resumable upload. */
bool call_succeeded(const struct call *k);

/* Whether the answer is one of gRPC. */
bool call_is_grpc(const struct call *k);

/* Whether it may pass by itself, unlike what the operator has to set right. */
bool call_may_pass(const struct call *k, enum err err);

#endif
