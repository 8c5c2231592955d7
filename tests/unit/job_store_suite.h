/* The rules of the port job_store as tests, for every adapter of it. */
#ifndef PDF_OCR_TESTS_JOB_STORE_SUITE_H
#define PDF_OCR_TESTS_JOB_STORE_SUITE_H

#include "ports/job_store.h"
#include "tests/unit/suite.h"

struct job_store_fixture {
    void (*fresh)(void); /* what open() opens from now on is empty */
    enum err (*open)(struct job_store *out, struct error *e); /* also in child processes */
    void (*remove)(void);
};

void job_store_suite_use(const struct job_store_fixture *f);

#define JOB_STORE_TESTS 13
extern const struct test_case job_store_tests[JOB_STORE_TESTS];

#endif
