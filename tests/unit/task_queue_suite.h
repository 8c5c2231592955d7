/* The rules of the port task_queue as tests, for every adapter of it. */
#ifndef PDF_OCR_TESTS_TASK_QUEUE_SUITE_H
#define PDF_OCR_TESTS_TASK_QUEUE_SUITE_H

#include <stdbool.h>

#include "ports/task_queue.h"
#include "tests/unit/suite.h"

/* What a queue is going to deliver. */
struct kept_task {
    char path[128], body[256], traceparent[64];
    int64_t schedule_us;
};

struct task_queue_fixture {
    enum err (*open)(struct task_queue *out, struct error *e);
    bool (*look)(const char *name, struct kept_task *out); /* false: no such task waits */
    void (*end)(const char *name);                         /* as a delivery does */
};

void task_queue_suite_use(const struct task_queue_fixture *f);

#define TASK_QUEUE_TESTS 6
extern const struct test_case task_queue_tests[TASK_QUEUE_TESTS];

#endif
