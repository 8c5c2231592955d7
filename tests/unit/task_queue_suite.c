/* The rules of the port task_queue, run against whatever adapter is given. */
#include "tests/unit/task_queue_suite.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static const struct task_queue_fixture *fixture;
static struct task_queue queue;

void task_queue_suite_use(const struct task_queue_fixture *f)
{
    fixture = f;
}

static void open_queue(void)
{
    struct error e;
    CU_ASSERT_EQUAL_FATAL(fixture->open(&queue, &e), ERR_OK);
}

static void close_queue(void)
{
    queue.ops->close(queue.self);
}

static struct task new_task(const char *body, int64_t in_us)
{
    struct task t = {.path = "/api/v1/tasks/process-extraction",
                     .body = body,
                     .body_len = strlen(body),
                     .schedule_us = in_us > 0 ? clock_now_us(&system_clock) + in_us : 0};
    char id[UUID_LEN + 1];
    random_uuid(id);
    (void)snprintf(t.name, sizeof t.name, "extraction-%s-1", id);
    return t;
}

static enum err enqueue(const struct task *t)
{
    struct error e;
    return queue.ops->enqueue(queue.self, t, &e);
}

static void task_is_kept_as_it_was_given(void)
{
    struct task t = new_task("{\"job_id\":\"gr\xC3\xB6\xC3\x9F"
                             "e\",\"n\":[1,2]}",
                             3600 * US_PER_S);
    struct kept_task kept;
    t.traceparent = TRACE;
    open_queue();
    CU_ASSERT_EQUAL(enqueue(&t), ERR_OK);
    CU_ASSERT_TRUE_FATAL(fixture->look(t.name, &kept));
    CU_ASSERT_STRING_EQUAL(kept.path, t.path);
    CU_ASSERT_STRING_EQUAL(kept.body, t.body);
    CU_ASSERT_STRING_EQUAL(kept.traceparent, TRACE);
    CU_ASSERT_EQUAL(kept.schedule_us, t.schedule_us);
    close_queue();
}

static void task_without_a_time_is_due(void)
{
    struct task t = new_task("{}", 0);
    struct kept_task kept;
    open_queue();
    CU_ASSERT_EQUAL(enqueue(&t), ERR_OK);
    CU_ASSERT_TRUE_FATAL(fixture->look(t.name, &kept));
    CU_ASSERT_STRING_EQUAL(kept.traceparent, "");
    CU_ASSERT_TRUE(kept.schedule_us <= clock_now_us(&system_clock) + US_PER_S);
    close_queue();
}

static void name_is_one_task(void)
{
    struct task t = new_task("{\"n\":1}", 3600 * US_PER_S), again = t;
    struct kept_task kept;
    again.body = "{\"n\":2}";
    open_queue();
    CU_ASSERT_EQUAL(enqueue(&t), ERR_OK);
    CU_ASSERT_EQUAL(enqueue(&again), ERR_OK);
    CU_ASSERT_TRUE_FATAL(fixture->look(t.name, &kept));
    CU_ASSERT_STRING_EQUAL(kept.body, t.body);
    close_queue();
}

static void name_is_no_new_task_after_its_end(void)
{
    struct task t = new_task("{}", 3600 * US_PER_S);
    struct kept_task kept;
    open_queue();
    CU_ASSERT_EQUAL(enqueue(&t), ERR_OK);
    fixture->end(t.name);
    CU_ASSERT_FALSE(fixture->look(t.name, &kept));
    CU_ASSERT_EQUAL(enqueue(&t), ERR_OK);
    CU_ASSERT_FALSE(fixture->look(t.name, &kept));
    close_queue();
}

static bool exists(const char *name)
{
    struct error e;
    bool found = false;
    CU_ASSERT_EQUAL(queue.ops->exists(queue.self, name, &found, &e), ERR_OK);
    return found;
}

static void task_exists_until_its_end(void)
{
    struct task t = new_task("{}", 3600 * US_PER_S);
    open_queue();
    CU_ASSERT_FALSE(exists(t.name));
    CU_ASSERT_EQUAL(enqueue(&t), ERR_OK);
    CU_ASSERT_TRUE(exists(t.name));
    fixture->end(t.name);
    CU_ASSERT_FALSE(exists(t.name));
    close_queue();
}

static void queue_tells_how_it_is(void)
{
    struct task t = new_task("{}", 3600 * US_PER_S);
    struct error e;
    int64_t before = 0, after = 0;
    open_queue();
    CU_ASSERT_EQUAL(queue.ops->ping(queue.self, &e), ERR_OK);
    CU_ASSERT_EQUAL(queue.ops->depth(queue.self, &before, &e), ERR_OK);
    CU_ASSERT_EQUAL(enqueue(&t), ERR_OK);
    CU_ASSERT_EQUAL(queue.ops->depth(queue.self, &after, &e), ERR_OK);
    CU_ASSERT_TRUE(before == -1 ? after == -1 : after == before + 1);
    close_queue();
}

const struct test_case task_queue_tests[TASK_QUEUE_TESTS] = {
    TEST(task_is_kept_as_it_was_given),
    TEST(task_without_a_time_is_due),
    TEST(name_is_one_task),
    TEST(name_is_no_new_task_after_its_end),
    TEST(task_exists_until_its_end),
    TEST(queue_tells_how_it_is),
};
