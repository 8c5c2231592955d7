/* Reading, checking and counting the body of POST /feedback/corrections. */
#ifndef PDF_OCR_CORE_FEEDBACK_H
#define PDF_OCR_CORE_FEEDBACK_H

#include <jansson.h>

#include "base/clock.h"
#include "ports/job_store.h"

#define FEEDBACK_CORRECTIONS_MAX 200
#define FEEDBACK_BYTES_MAX       65536 /* of the corrections of one, as JSON */
#define FEEDBACK_OF_JOB_MAX      1000

/* {job_id, corrections: [{action: delete|move|resize|retype, region_id, page?, bbox?, new_bbox?,
 * region_type?, new_region_type?}], user_id?, session_id?, timestamp?}. Fills *out with a new id
 * and the status pending_analysis; free it with feedback_clear. ERR_UNPROCESSABLE with a JSON
 * Pointer. */
enum err feedback_read(json_t *body, const struct clock *clock, struct feedback *out,
                       struct error *e);

/* How much was given, and on how many jobs, also on those that were erased since. */
struct feedback_stats {
    int64_t feedback_count; /* feedback records */
    int64_t jobs_with_feedback;
    int64_t corrections_count; /* all corrections in them */
    int64_t by_action[FEEDBACK_ACTIONS];
};

#define FEEDBACK_COUNTERS (3 + FEEDBACK_ACTIONS) /* of an owner, or of everybody */

/* What feedback on j adds to the counters of its owner and of everybody. How many there are. */
size_t feedback_counters(const struct job *j, const struct feedback *f,
                         struct counter out[2 * FEEDBACK_COUNTERS]);

/* Reads the counters of an owner; NULL: everybody's. */
enum err feedback_stats_read(const struct job_store *jobs, const char *owner,
                             struct feedback_stats *out, struct error *e);

#endif
