/* Asks the service of this machine, through nginx, whether it is ready. */
#ifndef PDF_OCR_APP_PROBE_H
#define PDF_OCR_APP_PROBE_H

#include "base/error.h"

/* GET /api/v1/health/ready at http://127.0.0.1:PORT, or https://127.0.0.1:HTTPS_PORT (8443) when
 * PORT is not set; LISTEN_ADDRESS is asked instead where it is one address. Takes 5 s at most.
 * Errors: ERR_UNAVAILABLE tells what came instead of 200. */
enum err probe_ready(struct error *e);

#endif
