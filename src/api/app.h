/* What handlers work with: the services, the runner of jobs, and what they report on. */
#ifndef PDF_OCR_API_APP_H
#define PDF_OCR_API_APP_H

#include "core/job_service.h"
#include "core/signed_url.h"
#include "extract/languages.h"
#include "outbound/webhook.h"
#include "ports/ocr_engine.h"
#include "ports/program_limits.h"

/* The document whose page was drawn last, so that it is not downloaded for each. */
struct kept_document {
    char pdf_id[JOB_PDF_ID_MAX + 1];
    char version[BLOB_VERSION_MAX + 1];
    int fd;           /* valid while until_us is not 0 */
    int64_t until_us; /* monotonic */
};

/* What the last look at the stores has told. */
struct readiness {
    int64_t until_us; /* monotonic; 0: nobody has looked */
    struct error e;   /* kind ERR_OK: ready */
};

struct parts; /* app/parts.h */

struct app {
    struct services services;
    struct job_runner runner;               /* task pool only */
    struct recognizer_limits recognizer;    /* strings are the settings' */
    struct languages languages;             /* api and upload pools only */
    struct kept_document kept;              /* page pool only */
    struct readiness ready;                 /* health pool only: one process, so one look for all */
    struct webhook_secrets webhook_secrets; /* of callbacks */
    unsigned char signing_key[SIGNING_KEY_BYTES];
    const char *version;
    const char *sandbox;       /* sandbox_mode() */
    const struct parts *parts; /* what follows is called with them; may be NULL */
    void (*write_metrics)(const struct parts *p, struct buffer *out);  /* counters of their own */
    void (*write_versions)(const struct parts *p, struct buffer *out); /* ,"library":"version" */
};

void kept_document_drop(struct kept_document *k);

#endif
