/* Errors: one type for every layer.
 *
 * A kind decides the HTTP status and whether a retry can help; `detail` is a sentence for the
 * user, `cause` is for the log only. An error is made where the fact is known and passed up
 * unchanged.
 */
#ifndef PDF_OCR_BASE_ERROR_H
#define PDF_OCR_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

enum err {
    ERR_OK = 0,
    ERR_BAD_REQUEST,        /* 400: malformed syntax */
    ERR_UNAUTHORIZED,       /* 401: no or unusable credentials */
    ERR_FORBIDDEN,          /* 403: credentials known to be wrong or not enough */
    ERR_NOT_FOUND,          /* 404 */
    ERR_METHOD_NOT_ALLOWED, /* 405 */
    ERR_NOT_ACCEPTABLE,     /* 406: in no form that the caller takes */
    ERR_CONFLICT,           /* 409: lost a compare-and-swap, or the wrong state for this */
    ERR_GONE,               /* 410: was there, has expired */
    ERR_LENGTH_REQUIRED,    /* 411 */
    ERR_PRECONDITION,       /* 412: it has changed since the caller read it */
    ERR_TOO_LARGE,          /* 413 */
    ERR_MEDIA_TYPE,         /* 415 */
    ERR_UNPROCESSABLE,      /* 422: well formed, but the values cannot be used */
    ERR_UNKNOWN_NAME,       /* 422: a field or parameter that is not known here */
    ERR_PASSWORD_REQUIRED,  /* 422: an encrypted PDF, and no password */
    ERR_PASSWORD_WRONG,     /* 422: an encrypted PDF, and another password */
    ERR_RATE_LIMITED,       /* 429, transient */
    ERR_INTERNAL,           /* 500: a bug */
    ERR_EXHAUSTED,          /* 503, transient: no memory, descriptors or processes left here */
    ERR_UNAVAILABLE,        /* 503, transient: a dependency failed */
    ERR_TIMEOUT,            /* 504, transient: a dependency was too slow */
    ERR_STORAGE_FULL,       /* 507, transient */
    ERR__MAX
};

#define ERROR_TEXT_MAX 512
#define ERROR_CODE_MAX 31

struct error {
    enum err kind;
    int retry_after_s;           /* > 0: what to tell the client or the queue */
    char detail[ERROR_TEXT_MAX]; /* for the user: what is wrong and what to do */
    char cause[ERROR_TEXT_MAX];  /* for the log; may be empty */
};

/* snprintf that, when it has to cut, does not leave half a UTF-8 character. size > 0. */
void text_format(char *out, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills *e (which may be NULL) with kind and a printf-formatted detail, clears cause, returns
 * kind, so that a caller can write `return error_set(e, ERR_NOT_FOUND, ...)`. Text that does not
 * fit is cut at a UTF-8 boundary. */
enum err error_set(struct error *e, enum err kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* error_set for an allocation that failed: ERR_EXHAUSTED. */
enum err error_no_memory(struct error *e);

/* The kind of a system call's failure: ERR_EXHAUSTED, ERR_STORAGE_FULL, else ERR_UNAVAILABLE. */
enum err err_of_errno(int code);

/* error_set for a system call that failed with errno: ERR_UNAVAILABLE, "Cannot DOING WHAT: ...". */
enum err error_system(struct error *e, const char *doing, const char *what);

/* Adds the log-only cause to an error already set; returns e->kind. */
enum err error_cause(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The HTTP status of a kind (RFC 9110, 507 of RFC 4918); 200 for ERR_OK. */
int err_http_status(enum err kind);

/* The reason phrase of that status, used as the `title` of a problem+json. */
const char *err_title(enum err kind);

/* The stable name of a kind, `not_found`: a problem's `code`, and its place in web/problems.html.
 */
const char *err_code(enum err kind);

/* The kind of that name; ERR_INTERNAL when there is none, or code is NULL. */
enum err err_of_code(const char *code);

/* Whether trying again later can help. */
bool err_is_transient(enum err kind);

#endif
