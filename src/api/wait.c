#include "api/wait.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/limits.h"
#include "http/negotiation.h"

#define DIGITS_MAX 9

enum err wait_read(const struct request *r, const struct config *cfg, int64_t *seconds,
                   struct error *e)
{
    struct buffer text = BUFFER_INIT;
    bool found = false;
    enum err err = request_query(r, "wait", &text, &found, e);
    const char *number = text.data != NULL ? text.data : "";
    bool valid = text.len > 0 && text.len <= DIGITS_MAX && strspn(number, "0123456789") == text.len;
    if (err == ERR_OK && found && !valid)
        err = error_set(e, ERR_UNPROCESSABLE, "wait: must be a whole number of seconds");
    if (err == ERR_OK && found)
        *seconds = strtol(number, NULL, 10);
    if (*seconds > cfg->wait_max_s)
        *seconds = cfg->wait_max_s;
    buffer_free(&text);
    return err;
}

enum err wait_wanted(const struct request *r, const struct config *cfg, int64_t *seconds,
                     bool *preferred, struct error *e)
{
    int64_t asked = -1;
    enum err err = wait_read(r, cfg, &asked, e);
    *preferred = asked < 0 && prefer_wait(request_header(r, "Prefer"), &asked);
    if (asked >= 0)
        *seconds = asked;
    if (*seconds > cfg->wait_max_s)
        *seconds = cfg->wait_max_s;
    return err;
}

bool wait_is_due(const struct request *r, int64_t seconds)
{
    return seconds > 0 && !r->has_waited;
}

static void hand_on(const struct request *r, const char *location, const char *job_id,
                    const char *back, struct reply *p)
{
    char address[64];
    limits_address(r->remote_addr, address, sizeof address);
    (void)snprintf(p->job_id, sizeof p->job_id, "%.36s", job_id);
    reply_header(p, "X-Accel-Redirect", "%s", location);
    reply_header(p, "X-Wait-Job", "%s", job_id);
    reply_header(p, "X-Wait-Back", "%s", back);
    reply_header(p, "X-Wait-Client", "%s", r->auth.anonymous ? address : r->auth.key_id);
}

void wait_hand_on(const struct request *r, const char *job_id, int64_t seconds, const char *back,
                  struct reply *p)
{
    char at_once[512];
    (void)snprintf(at_once, sizeof at_once, "/_waited%s", back);
    p->comes_back = true;
    hand_on(r, seconds > 0 ? "/_wait" : at_once, job_id, back, p);
    reply_header(p, "X-Wait-S", "%" PRId64, seconds);
}

void wait_follow(const struct request *r, const char *job_id, struct reply *p)
{
    hand_on(r, "/_events", job_id, r->path, p);
}
