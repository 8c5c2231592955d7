/* What the system lets this process do, and what it must not. */
#ifndef PDF_OCR_APP_PROCESS_LIMITS_H
#define PDF_OCR_APP_PROCESS_LIMITS_H

#include "core/config.h"

/* ERR_UNPROCESSABLE, with the limit's name and how to raise it, where the service could only fail.
 */
enum err process_limits_check(const struct config *cfg, struct error *e);

/* No memory of this process and those it forks, which has keys in it, becomes a file: no core dump,
 * and nobody else of the same user may look. Errors: ERR_UNAVAILABLE. */
enum err process_limits_keep_secrets(struct error *e);

#endif
