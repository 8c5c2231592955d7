/* Reading and checking the body of POST /feedback/corrections. */
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

#endif
