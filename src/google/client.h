/* The one HTTP client of Google's APIs, on libcurl.
 *
 * Connections are kept and shared by all calls of a client (HTTP/2 where the server offers it).
 * Idempotent calls are tried again after transport errors, 408, 429, 5xx and answers that are not
 * the JSON they should be, with full jitter, honouring Retry-After (RFC 9110), as long as the
 * request at hand has time left (base/context.h). A 401 renews the token once. An API that keeps
 * failing is left alone for a while (a circuit). Google's error JSON, and a status of gRPC, becomes
 * one struct error: https://cloud.google.com/apis/design/errors
 *
 * A client belongs to one process and is not re-entrant: a checkpoint passed to google_call_many
 * must not use the same client. Nothing secret is logged: no token, no body, no query.
 */
#ifndef PDF_OCR_GOOGLE_CLIENT_H
#define PDF_OCR_GOOGLE_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/call_counters.h"
#include "base/error.h"

#include "google/grpc.h"
#include "ports/page.h"

enum google_api {
    GOOGLE_STORAGE,
    GOOGLE_FIRESTORE,
    GOOGLE_TASKS,
    GOOGLE_BIGQUERY,
    GOOGLE_DOCUMENTAI,
    GOOGLE_GEMINI,
    GOOGLE_IAM,
    GOOGLE_TOKENS, /* metadata server, OAuth and STS */
    GOOGLE_API__MAX
};
extern const char *const google_api_names[GOOGLE_API__MAX];

/* Counts. status (0: no answer) and us, how long it took, are of CALL_TRIED only. */
typedef void (*google_observe_fn)(enum google_api api, enum call_event event, long status,
                                  int64_t us);

struct google_client;

/* Where a client's access tokens come from (google/credentials.h). */
struct google_tokens {
    /* A token that holds for some minutes; borrowed until the next call. *number tells it from
     * others. */
    enum err (*token)(void *self, const char **token, unsigned *number, struct error *e);
    /* A server did not take this token: if there is no newer one yet, the next call gets one. */
    void (*refuse)(void *self, unsigned number);
    void *self;
};

struct google_client_options {
    struct google_tokens tokens;           /* all NULL: calls go without a token */
    const char *base_url[GOOGLE_API__MAX]; /* no slash at the end; copied */
    bool emulated[GOOGLE_API__MAX];        /* sends the emulators' `Bearer owner` instead */
    const char *api_key;                   /* for GOOGLE_GEMINI; copied */
    const char *ca_file;                   /* NULL: the system's; copied */
    int parallel;                          /* calls at once in google_call_many */
    google_observe_fn observe;             /* may be NULL */
};

enum err google_client_open(const struct google_client_options *o, struct google_client **out,
                            struct error *e);
void google_client_close(struct google_client *c);

/* A part of a multipart/related body (RFC 2387). */
struct google_part {
    const char *content_type;
    const void *bytes;
    size_t n;
};

struct google_request {
    enum google_api api;
    const char *method;
    const char *path;           /* below the API's base URL, percent-encoded; or a whole URL */
    const char *const *headers; /* `Name: value`, ended by NULL; may be NULL */

    /* The body: bytes, or a tree as JSON, or parts, or a part of a file. All borrowed. */
    const char *content_type; /* NULL: application/json where there is a body */
    const void *body;
    size_t body_len;
    const json_t *json; /* NULL: none, so a tree that may have failed is checked before */
    const struct google_part *parts;
    size_t n_parts;
    int body_fd; /* used when body_from_file */
    bool body_from_file;
    int64_t body_offset, body_file_len;

    /* A call of gRPC instead: the body is the request's message, without a prefix. Each message of
     * the answer is handed over as it comes; NULL says that a try begins, and that what was handed
     * over before counts for nothing. An error ends the call and is its own; *enough ends it well.
     */
    grpc_message_fn on_message;
    void *on_message_self;

    bool to_file; /* a 2xx body is appended to sink_fd, and not read as JSON */
    int sink_fd;

    bool idempotent; /* trying again does no harm */
    bool must_exist; /* 404 and FAILED_PRECONDITION say that the service is not set up */
    bool no_auth;
    bool
        caller_retries; /* the caller tries again by itself: a failure is not told to the circuit */
    int timeout_s;      /* of one try; 0: 10 */
};

struct google_reply {
    long status;     /* 0: no answer */
    json_t *json;    /* the body, where it is JSON; NULL when empty, to_file or gRPC */
    char reason[48]; /* Google's error status: FAILED_PRECONDITION, ABORTED, ... */
    char location[2048];
    char range[64];
    int64_t generation; /* x-goog-generation, or 0 */
};

/* Frees what a reply owns; a zeroed one is allowed. */
void google_reply_clear(struct google_reply *r);

/* Makes one call. ERR_OK for 2xx (and 308 of a resumable upload). Else the kind of the error:
 * 400 ERR_UNPROCESSABLE, but FAILED_PRECONDITION, 409 and 412 ERR_CONFLICT and ABORTED
 * ERR_UNAVAILABLE; 401 and 403 ERR_UNAVAILABLE (the operator's matter); 404 ERR_NOT_FOUND; 413
 * ERR_TOO_LARGE; 429 ERR_RATE_LIMITED; 5xx, no connection and broken answers ERR_UNAVAILABLE; too
 * slow ERR_TIMEOUT. With must_exist, 404 and FAILED_PRECONDITION are the operator's matter too.
 * *r is filled in every case and cleared by the caller. */
enum err google_call(struct google_client *c, const struct google_request *q,
                     struct google_reply *r, struct error *e);

/* Makes n calls, several at once. errors[i] tells of each; the first error is returned too.
 * checkpoint (may be NULL) is passed about every second and may stop everything. */
enum err google_call_many(struct google_client *c, const struct google_request *q, size_t n,
                          const struct checkpoint *checkpoint, struct google_reply *r,
                          struct error *errors, struct error *e);

/* Sleeps as between two tries, but not past the deadline: for those who try again themselves. */
void google_pause(int tries);

/* ERR_UNAVAILABLE, with its time to wait, while the circuit of the API is open: what a call needs
 * need not be made. */
enum err google_may_call(const struct google_client *c, enum google_api api, struct error *e);

/* Appends a tree as JSON; a tree of NULL is one that there was no memory for. */
enum err google_json_body(const json_t *tree, struct buffer *out, struct error *e);

#endif
