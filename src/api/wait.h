/* Requests that wait for a job (process/waiter.h). */
#ifndef PDF_OCR_API_WAIT_H
#define PDF_OCR_API_WAIT_H

#include "core/config.h"
#include "http/http.h"

/* How many seconds the parameter wait asks for, WAIT_MAX_S at most; *seconds stays where there is
 * none. ERR_UNPROCESSABLE when it is no whole number. */
enum err wait_read(const struct request *r, const struct config *cfg, int64_t *seconds,
                   struct error *e);

/* The same, or else what Prefer: wait=N asks for (RFC 7240); *preferred tells that it was that. */
enum err wait_wanted(const struct request *r, const struct config *cfg, int64_t *seconds,
                     bool *preferred, struct error *e);

/* Whether a request that would wait so long still has to: not one that has waited. */
bool wait_is_due(const struct request *r, int64_t seconds);

/* Makes *p hand the request on, to come back when the job has ended or after so many seconds, 0: at
 * once. It comes as a GET of back, a path with its query of plain characters. */
void wait_hand_on(const struct request *r, const char *job_id, int64_t seconds, const char *back,
                  struct reply *p);

/* The same for the events of a job, which do not come back. */
void wait_follow(const struct request *r, const char *job_id, struct reply *p);

#endif
