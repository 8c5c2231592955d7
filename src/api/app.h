/* What handlers work with: the services, the runner of jobs, and what they report on. */
#ifndef PDF_OCR_API_APP_H
#define PDF_OCR_API_APP_H

#include "core/job_service.h"
#include "core/signed_url.h"
#include "ports/ocr_engine.h"

struct app {
    struct services services;
    struct job_runner runner; /* task pool only */
    unsigned char signing_key[SIGNING_KEY_BYTES];
    const char *version;
};

#endif
