/* Calls of a program that has time: beyond the client's own tries they are made again for minutes,
 * as long as trying can help. */
#ifndef PDF_OCR_MIGRATE_RETRY_H
#define PDF_OCR_MIGRATE_RETRY_H

#include "google/client.h"

#define RETRY_ROUNDS 8 /* rounds */

/* As google_call, with the checkpoint of google_call_many, tried again with pauses where q is
 * idempotent. A quota that is used up is ERR_UNPROCESSABLE with words on what to do. */
enum err retry_call(struct google_client *c, const struct google_request *q,
                    const struct checkpoint *checkpoint, struct google_reply *r, struct error *e);

/* Waits before round number `round` (from 0) is repeated: what e asks for, else growing from a
 * quarter of a second to 8; passes the checkpoint meanwhile. */
enum err retry_pause(const struct checkpoint *checkpoint, int round, int retry_after_s,
                     struct error *e);

/* Waits so many milliseconds, passing the checkpoint. */
enum err retry_wait(const struct checkpoint *checkpoint, int64_t ms, struct error *e);

/* The kind that a reason of BigQuery's errors has: ERR_UNAVAILABLE or ERR_RATE_LIMITED where a
 * later try can help. https://cloud.google.com/bigquery/docs/error-messages */
enum err retry_reason(const char *reason);

#endif
