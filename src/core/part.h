/* A part of the service: an adapter that a setting chooses by its name (JOB_STORE, TASK_QUEUE,
 * BLOB_STORE, OCR_ENGINES, STRUCTURER, ANALYTICS). An adapter brings one const struct part, with
 * its settings, and gets a row in the registry, src/app/parts.c, or, an engine, in the table of
 * ports/engine.h; nothing else knows its name.
 */
#ifndef PDF_OCR_CORE_PART_H
#define PDF_OCR_CORE_PART_H

#include "base/clock.h"
#include "core/config.h"
#include "ports/analytics.h"
#include "ports/blob_store.h"
#include "ports/engine.h"
#include "ports/job_store.h"
#include "ports/ocr_engine.h"
#include "ports/structurer.h"
#include "ports/task_queue.h"

#define PART_SETTINGS_MAX 3

struct recognizer;

/* What parts are opened with; all of it is borrowed and lives longer than they do. */
struct part_context {
    const struct config *cfg;
    const struct clock *clock;
    int notify_fd;                    /* an eventfd that tells the dispatcher of new tasks */
    const unsigned char *signing_key; /* SIGNING_KEY_BYTES, of this service's own links */
    struct recognizer *recognizer;    /* the OCR program of this machine */
};

/* What parts fill; ops NULL: there is none. */
struct slots {
    struct job_store jobs;
    struct task_queue queue;
    struct blob_store blobs;
    struct analytics analytics;
    struct structurer structurer;
    struct ocr_engine ocr; /* one at a time: the caller takes it out */
};

/* What a queue of this machine is run with, until *stop is set. */
struct queue_run {
    const struct config *cfg;
    const struct clock *clock;
    const char *auth_key; /* sent as X-API-Key */
    int notify_fd;
    const volatile int *stop;
    void (*tick)(void *self); /* maintenance, about every SWEEP_INTERVAL_S */
    void *tick_self;
    void (*lost)(void); /* the store is older than it was */
};

/* Functions that are NULL have nothing to do. */
struct part {
    const char *name; /* as in the setting */

    /* The tables of its own settings, ended by NULL where there are fewer; parts may share one. */
    const struct setting_table *settings[PART_SETTINGS_MAX];

    /* Whether the settings have what it needs. Asks nobody. ERR_UNPROCESSABLE says what is
     * missing. */
    enum err (*check)(const struct config *cfg, struct error *e);

    /* Makes what it keeps; once, by the master, before it forks. */
    enum err (*prepare)(const struct config *cfg, struct error *e);

    /* Fills its slot, in each process. close, after the slot's own, frees what open made
     * beside it. Never NULL. */
    enum err (*open)(const struct part_context *x, struct slots *out, struct error *e);
    void (*close)(void);

    /* Asks, once a start, what only shows when it is used, and logs what is wrong. */
    void (*probe)(const struct config *cfg);

    /* A queue that somebody has to deliver: does it until *d->stop is set (it wakes on signals),
     * and returns when its calls have ended or the grace period is over. */
    enum err (*deliver)(const struct queue_run *d, struct error *e);

    /* Whether machines with workers deliver what one without any has put in. */
    bool delivered_elsewhere;

    /* Appends where links of a blob store point that is not behind nginx (https://host), so that
     * the web page may send there. */
    void (*write_origin)(const struct config *cfg, struct buffer *out);

    /* Appends its counters in Prometheus' text format. Parts may share one. */
    void (*write_metrics)(struct buffer *out);

    /* The library it works with, for /health/dependencies; NULL: none of its own. */
    const char *library;
    const char *(*version)(void);
};

/* The parts of the engines: tesseract_part, ... */
#define ENGINE_PART(symbol, name, label, remote) extern const struct part name##_part;
ENGINE_TABLE(ENGINE_PART)
#undef ENGINE_PART

#endif
