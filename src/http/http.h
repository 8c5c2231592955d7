/* A request as handlers see it, the reply they fill, and the route table's row.
 *
 * CGI variables are RFC 3875's; who may call is a column of the table, and a route without one
 * does not compile (ROUTE has no default).
 */
#ifndef PDF_OCR_HTTP_HTTP_H
#define PDF_OCR_HTTP_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/random.h"

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER, /* one that no route has */
    METHOD__MAX
};
extern const char *const method_names[METHOD__MAX + 1];

enum auth_policy {
    AUTH_NONE = 1, /* anybody */
    AUTH_OPTIONAL, /* credentials are checked when they are sent, and may show more */
    AUTH_KEY,      /* a client's key or token; or nobody's, with ALLOW_ANONYMOUS */
    AUTH_ADMIN,    /* a key with the scope admin */
    AUTH_TASK,     /* a task key or Cloud Tasks' token */
    AUTH_SIGNED,   /* the URL's own signature */
    AUTH__MAX
};

enum key_scope { SCOPE_CLIENT = 1, SCOPE_TASK = 2, SCOPE_ADMIN = 4 };

struct auth_context {
    bool anonymous;
    char subject[65]; /* who owns what is made; keys of one rotation share it */
    char key_id[65];  /* for the log and the limits; "" when not known */
    unsigned scopes;
};

#define SUBJECT_ANONYMOUS "anonymous"

/* How much of RATE_LIMIT_PER_KEY is left; limit 0: not counted. */
struct rate {
    int64_t limit, remaining, reset_s;
};

/* A call of POOL_PAGE is let in by an api worker and passed on by nginx (nginx.conf.in, location
 * /_page/). */
enum pool { POOL_API = 1, POOL_TASK, POOL_PAGE, POOL_HEALTH, POOL_UPLOAD, POOL__MAX };

#define PATH_PARAMS_MAX 3
#define PATH_PARAM_LEN  256

/* nginx lets a request with a large body, or for the task pool, ask whether it may come in before
 * it takes the body (auth_request). The steps of one request are counted once. */
enum auth_step {
    AUTH_STEP_ALL,   /* not asked before: check, count, answer */
    AUTH_STEP_CHECK, /* may it come in? */
    AUTH_STEP_DONE,  /* it has been let in: check again, do not count */
    AUTH_STEP__MAX
};

#define TRACEPARENT_MAX 64

struct request {
    enum method method;
    enum auth_step step;
    const char *path; /* decoded and normalised by nginx, no query, no trailing slash */
    char params[PATH_PARAMS_MAX][PATH_PARAM_LEN]; /* what {..} of the pattern matched */
    bool old_path;                                /* asked for under /api/extract, /api/upload */
    bool has_waited;                              /* for a job (process/waiter.h), and comes back */
    bool may_not_wait;                            /* comes back, as too many of the client's wait */
    const char *page_version; /* page pool: of the document, as the api pool saw it; may be "" */
    const char *query;        /* raw, "" when there is none */
    const char *content_type; /* "" when there is none */
    int64_t content_length;   /* as the client sent it; -1 when unknown */
    struct buffer body;       /* JSON routes only, at most MAX_JSON_BYTES */
    const char *body_file;    /* upload routes: where nginx put the body; NULL otherwise */
    const char *remote_addr;
    char request_id[65];
    char traceparent[TRACEPARENT_MAX]; /* W3C Trace Context; "" when there is none */
    struct auth_context auth;
    struct rate rate;
    const char *challenge; /* static: WWW-Authenticate of a 401 */
    int64_t started_us;    /* monotonic */
    int64_t deadline_us;   /* monotonic */
    void *cgi;             /* the server's own */
};

/* Whether the request's Content-Type is this one, parameters aside. */
bool request_media_type_is(const struct request *r, const char *type);

/* A header by its HTTP name ("Idempotency-Key"), or NULL. Those of Cloud Tasks (X-CloudTasks-*)
 * are NULL unless the caller has shown task credentials. */
const char *request_header(const struct request *r, const char *name);

/* Whether If-Match lets a change of what has this entity tag pass: it is not sent, is `*`, or names
 * the tag (with its quotes). A tag that nginx made weak, because it compressed the answer, is as
 * exact as before. */
bool request_if_match(const struct request *r, const char *tag);

/* A query parameter, percent-decoded, appended to out. ERR_BAD_REQUEST when it is given twice or
 * is not UTF-8; *found tells whether it is there. */
enum err request_query(const struct request *r, const char *name, struct buffer *out, bool *found,
                       struct error *e);

/* The body's JSON, which the caller owns; NULL unless ERR_OK. ERR_BAD_REQUEST: there is no body;
 * and the errors of json_parse. */
enum err request_json(const struct request *r, json_t **out, struct error *e);

/* A query parameter that is true or false; false where it is not given, ERR_UNPROCESSABLE where it
 * is anything else. */
enum err request_query_flag(const struct request *r, const char *name, bool *out, struct error *e);

/* Whether each parameter of the query is one of names (separated by spaces): ERR_UNKNOWN_NAME that
 * tells which is not, and which are. */
enum err request_query_known(const struct request *r, const char *names, struct error *e);

#define REPLY_HEADERS_MAX 8

struct reply {
    int status;               /* 200 until set */
    const char *content_type; /* "application/json" until set */
    struct buffer body;
    FILE *file; /* sent behind the body, from its start to its end; closed by the server */
    struct {
        const char *name; /* static */
        char value[1024];
    } headers[REPLY_HEADERS_MAX];
    size_t n_headers;
    bool comes_back; /* nginx hands the request on, and asks again later: it is not logged yet */
    char job_id[UUID_LEN + 1]; /* for the access log; "" when not about a job */
};

/* Adds a header; name must be static. CR and LF in the value are refused (the header is left
 * out). */
void reply_header(struct reply *p, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A handler fills *p and returns ERR_OK, or returns an error, which the server writes as
 * application/problem+json (RFC 9457). app is what the pool was started with. */
typedef enum err (*handler_fn)(void *app, struct request *r, struct reply *p, struct error *e);

enum body_kind { BODY_NONE = 1, BODY_JSON, BODY_FILE };

struct route {
    enum method method;
    const char *pattern; /* /api/v1/extract/{id} */
    enum auth_policy auth;
    enum pool pool;
    enum body_kind body;
    const char *query; /* the parameters it knows, separated by spaces */
    handler_fn handler;
    const char *name; /* label of metrics and the access log */
};

#define ROUTE(method, pattern, auth, pool, body, query, handler)                                   \
    {                                                                                              \
        METHOD_##method, pattern, AUTH_##auth, POOL_##pool, BODY_##body, query, handler, #handler  \
    }

/* The table, ended by a row whose handler is NULL (app/routes.c). */
extern const struct route routes[];

/* Finds the row for a path and method and fills r->params. The first pattern that fits the path is
 * the one that is meant. ERR_NOT_FOUND; ERR_METHOD_NOT_ALLOWED
 * with the methods that would do in allow (comma separated). */
enum err router_find(const struct route *table, struct request *r, const struct route **out,
                     char allow[64], struct error *e);

#endif
