/* Who may call: the policies of the route table. */
#ifndef PDF_OCR_AUTH_AUTH_H
#define PDF_OCR_AUTH_AUTH_H

#include "auth/keys.h"
#include "core/config.h"
#include "core/signed_url.h"
#include "http/http.h"

struct jwks;

/* Bearer tokens that deliveries of tasks may carry. Strings are borrowed. */
struct task_tokens {
    const char *issuer;
    const char *account; /* whose; NULL: none are taken */
    const char *jwks;    /* the issuer's keys: a URL or a file */
    const char *ca_file; /* of that URL, when it is not a public one; may be NULL */
};

/* Of one worker. Borrows all but the issuers' keys. */
struct auth {
    const struct config *cfg;
    const struct key_set *keys;
    const unsigned char *signing_key;
    const struct clock *clock;
    struct task_tokens task_tokens;
    struct jwks *clients; /* JWT_JWKS; NULL: no tokens of clients */
    struct jwks *tasks;   /* of task_tokens; NULL: no tokens with tasks */
};

/* Opens the keys of the issuers, JWT_ISSUER and that of task_tokens; the other members are set by
 * the caller. */
enum err auth_open(struct auth *a, struct error *e);
void auth_close(struct auth *a);

/* Reads what authentication needs once, to tell what is wrong with it before anything is served:
 * API_KEYS_FILE, and JWT_JWKS where it is a file. */
enum err auth_check(const struct config *cfg, struct error *e);

/* Lets the request in by its route's policy, and fills r->auth, r->rate and r->challenge.
 *
 * ERR_UNAUTHORIZED: no credentials, or a bearer token that is not good. ERR_FORBIDDEN: a wrong
 * key, or one without the scope. Task routes answer ERR_UNAUTHORIZED for all of it.
 * ERR_RATE_LIMITED: more than RATE_LIMIT_PER_KEY, or too many wrong keys from the address (then
 * the right ones are refused, too). ERR_UNAVAILABLE: an issuer's keys cannot be
 * had. ERR_GONE: a link that has expired. */
enum err authenticate(const struct auth *a, const struct route *route, struct request *r,
                      struct error *e);

#endif
