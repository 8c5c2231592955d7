/* Answering one request: from FastCGI parameters to the handler and back. */
#ifndef PDF_OCR_SERVER_SERVE_H
#define PDF_OCR_SERVER_SERVE_H

#include <fcgiapp.h>

#include "api/app.h"
#include "server/http.h"
#include "server/keys.h"

#define CORS_ORIGINS_MAX 64

/* What a worker answers with. Borrowed, set up before the first request. */
struct server {
    const struct config *cfg;
    const struct key_set *keys;
    struct app *app;
    enum pool pool;
    char *uploads_dir; /* where nginx puts the bodies of uploads */
    char *origins[CORS_ORIGINS_MAX + 1];
};

/* Reads CORS_ORIGINS, a JSON array or a comma separated list. */
enum err server_read_origins(struct server *s, struct error *e);
void server_free_origins(struct server *s);

/* Answers the request that FCGX_Accept_r has just read. */
void serve_request(const struct server *s, FCGX_Request *cgi);

#endif
