/* The rules of the port blob_store as tests, for every adapter of it. */
#ifndef PDF_OCR_TESTS_BLOB_STORE_SUITE_H
#define PDF_OCR_TESTS_BLOB_STORE_SUITE_H

#include "ports/blob_store.h"
#include "tests/unit/suite.h"

/* open gives an empty store; folder is for the tests' own files. */
void blob_store_suite_use(enum err (*open)(struct blob_store *out, struct error *e),
                          const char *folder);

#define BLOB_STORE_TESTS 8
extern const struct test_case blob_store_tests[BLOB_STORE_TESTS];

#endif
