/* The local adapters: the rules of their ports, and what is their own. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local/local.h"
#include "local/sqlite_tasks.h"
#include "tests/unit/blob_store_suite.h"
#include "tests/unit/job_store_suite.h"

static char folder[64], db[96];

static void make_folder(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/pdf-ocr-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        abort();
    (void)snprintf(db, sizeof db, "%s/db", folder);
}

static void remove_folder(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        abort();
}

static enum err open_jobs(struct job_store *out, struct error *e)
{
    return sqlite_job_store_open(db, &system_source, out, e);
}

static const struct job_store_fixture jobs = {make_folder, open_jobs, remove_folder};

static enum err open_blobs(struct blob_store *out, struct error *e)
{
    static const unsigned char key[SIGNING_KEY_BYTES];
    char root[96];
    (void)snprintf(root, sizeof root, "%s/blobs", folder);
    return file_blob_store_open(root, "https://h", key, &system_source, out, e);
}

static void statistics_count_by_owner_and_action(void)
{
    struct error e;
    struct job_store store;
    struct analytics analytics;
    struct feedback_stats stats;
    struct job *j = job_new(), *existing = NULL;
    struct feedback f = {.corrections_count = 2, .created_us = 9, .timestamp_us = 8};
    make_folder();
    CU_ASSERT_EQUAL_FATAL(open_jobs(&store, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite_analytics_open(db, &analytics, &e), ERR_OK);
    source_uuid(&system_source, j->id);
    strcpy(j->owner, "me");
    j->request_json = strdup("{}");
    CU_ASSERT_EQUAL(store.ops->create(store.self, j, NULL, &existing, &e), ERR_OK);
    memcpy(f.job_id, j->id, sizeof f.job_id);
    source_uuid(&system_source, f.id);
    f.corrections_json = strdup("[{\"action\":\"move\"},{\"action\":\"delete\"}]");
    CU_ASSERT_EQUAL(store.ops->feedback_add(store.self, &f, &e), ERR_OK);
    CU_ASSERT_EQUAL(analytics.ops->feedback_stats(analytics.self, "me", &stats, &e), ERR_OK);
    CU_ASSERT_TRUE(stats.corrections_count == 2 && stats.by_action[0] == 1 &&
                   stats.by_action[1] == 1 && stats.by_action[2] == 0);
    CU_ASSERT_EQUAL(analytics.ops->feedback_stats(analytics.self, "you", &stats, &e), ERR_OK);
    CU_ASSERT_EQUAL(stats.feedback_count, 0);
    CU_ASSERT_EQUAL(analytics.ops->feedback_stats(analytics.self, NULL, &stats, &e), ERR_OK);
    CU_ASSERT_EQUAL(stats.feedback_count, 1);
    analytics.ops->close(analytics.self);
    store.ops->close(store.self);
    feedback_clear(&f);
    job_free(j);
    remove_folder();
}

static void task_name_is_one_task_even_after_its_end(void)
{
    struct task t = {.path = "/p", .body = "{}", .body_len = 2};
    struct sqlite_tasks *tasks = NULL;
    struct due_task due;
    struct error e;
    bool found;
    int64_t next, depth;
    make_folder();
    strcpy(t.name, "one");
    CU_ASSERT_EQUAL_FATAL(sqlite_tasks_open(db, &tasks, &e), ERR_OK);
    CU_ASSERT_EQUAL(sqlite_tasks_add(tasks, &t, 100, &e), ERR_OK);
    CU_ASSERT_EQUAL(sqlite_tasks_add(tasks, &t, 100, &e), ERR_OK);
    CU_ASSERT_EQUAL(sqlite_tasks_depth(tasks, &depth, &e), ERR_OK);
    CU_ASSERT_EQUAL(depth, 1);
    CU_ASSERT_EQUAL(sqlite_tasks_take(tasks, 99, &due, &found, &next, &e), ERR_OK);
    CU_ASSERT_TRUE(!found && next == 100);
    CU_ASSERT_EQUAL(sqlite_tasks_take(tasks, 100, &due, &found, &next, &e), ERR_OK);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(due.dispatches, 0);
    due_task_free(&due);
    CU_ASSERT_EQUAL(sqlite_tasks_recover(tasks, &e), ERR_OK); /* the dispatcher was killed */
    CU_ASSERT_EQUAL(sqlite_tasks_take(tasks, 100, &due, &found, &next, &e), ERR_OK);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(due.dispatches, 1);
    due_task_free(&due);
    CU_ASSERT_EQUAL(sqlite_tasks_end(tasks, "one", 200, &e), ERR_OK);
    CU_ASSERT_EQUAL(sqlite_tasks_add(tasks, &t, 300, &e), ERR_OK);
    CU_ASSERT_EQUAL(sqlite_tasks_depth(tasks, &depth, &e), ERR_OK);
    CU_ASSERT_EQUAL(depth, 0);
    CU_ASSERT_EQUAL(sqlite_tasks_purge(tasks, 3601 * US_PER_S, &e), ERR_OK);
    CU_ASSERT_EQUAL(sqlite_tasks_add(tasks, &t, 300, &e), ERR_OK);
    CU_ASSERT_EQUAL(sqlite_tasks_depth(tasks, &depth, &e), ERR_OK);
    CU_ASSERT_EQUAL(depth, 1);
    sqlite_tasks_close(tasks);
    remove_folder();
}

static void symbolic_links_are_not_followed(void)
{
    char name[128];
    struct blob_store b;
    struct error e;
    int fd = -1;
    make_folder();
    CU_ASSERT_EQUAL_FATAL(open_blobs(&b, &e), ERR_OK);
    (void)snprintf(name, sizeof name, "%s/blobs/link", folder);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", name), 0);
    CU_ASSERT_NOT_EQUAL(b.ops->open(b.self, "link", &fd, &e), ERR_OK);
    b.ops->close(b.self);
    remove_folder();
}

static const struct test_case own_tests[] = {
    TEST(statistics_count_by_owner_and_action),
    TEST(task_name_is_one_task_even_after_its_end),
    TEST(symbolic_links_are_not_followed),
};

int main(void)
{
    if (sodium_init() < 0)
        return 99;
    job_store_suite_use(&jobs);
    int failed = run_suite("local: jobs", job_store_tests, JOB_STORE_TESTS);
    make_folder();
    blob_store_suite_use(open_blobs, folder);
    failed |= run_suite("local: blobs", blob_store_tests, BLOB_STORE_TESTS);
    remove_folder();
    return failed | RUN_SUITE("local", own_tests);
}
