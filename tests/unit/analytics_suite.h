/* The rules of the port analytics as tests, for every adapter of it. */
#ifndef PDF_OCR_TESTS_ANALYTICS_SUITE_H
#define PDF_OCR_TESTS_ANALYTICS_SUITE_H

#include "ports/analytics.h"
#include "ports/job_store.h"
#include "tests/unit/suite.h"

struct analytics_fixture {
    void (*fresh)(void); /* what open() opens from now on is empty */
    enum err (*open)(struct analytics *out, struct error *e);
    /* Feedback on a job of the owner's, as the service takes it. */
    void (*give)(const struct analytics *a, const char *owner, const struct feedback *f);
    void (*remove)(void);
};

/* For adapters that count what the job store holds: gives by it, with a job if there is none. */
void analytics_give_to_store(const struct job_store *jobs, const char *owner,
                             const struct feedback *f);

void analytics_suite_use(const struct analytics_fixture *f);

#define ANALYTICS_TESTS 3
extern const struct test_case analytics_tests[ANALYTICS_TESTS];

#endif
