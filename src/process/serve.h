/* Answering one request: from FastCGI parameters to the handler and back. */
#ifndef PDF_OCR_PROCESS_SERVE_H
#define PDF_OCR_PROCESS_SERVE_H

#include <fcgiapp.h>

#include "auth/auth.h"
#include "core/config.h"
#include "core/origins.h"
#include "http/http.h"

/* What a worker answers with. Borrowed, set up before the first request. */
struct server {
    const struct config *cfg;
    struct auth auth;
    void *app; /* what handlers get */
    enum err (*admit)(void *app, const struct request *r, struct buffer *version,
                      struct error *e); /* program.h */
    enum pool pool;
    struct origins origins;
};

/* Answers the request that FCGX_Accept_r has just read. */
void serve_request(const struct server *s, FCGX_Request *cgi);

/* Whose turn a request takes where clients take turns (turns.h); NULL: nobody's. */
const char *serve_client(const FCGX_Request *cgi);

/* Answers 429: the client has too much before it. */
void serve_refusal(const struct server *s, FCGX_Request *cgi);

#endif
