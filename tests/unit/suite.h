/* Runs a table of CUnit tests as one suite and gives main's exit status. */
#ifndef PDF_OCR_TESTS_SUITE_H
#define PDF_OCR_TESTS_SUITE_H

#include <CUnit/Basic.h>
#include <stddef.h>

struct test_case {
    const char *name;
    void (*run)(void);
};

#define TEST(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }

static inline int run_suite(const char *name, const struct test_case *tests, size_t n)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 99;
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    for (size_t i = 0; suite != NULL && i < n; i++)
        if (CU_add_test(suite, tests[i].name, tests[i].run) == NULL)
            suite = NULL;
    if (suite == NULL) {
        CU_cleanup_registry();
        return 99;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    unsigned ran = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    return failures == 0 && ran == n ? 0 : 1;
}

#define RUN_SUITE(name, tests) run_suite(name, tests, sizeof(tests) / sizeof((tests)[0]))

#endif
