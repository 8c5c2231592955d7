/* The local adapters: the rules of their ports, and what is their own. */
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "local/local.h"
#include "local/sqlite_db.h"
#include "local/sqlite_tasks.h"
#include "tests/unit/blob_store_suite.h"
#include "tests/unit/job_store_suite.h"
#include "tests/unit/task_queue_suite.h"

static char folder[64], db[96];

struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);

/* As a file system that does not tell types. */
struct dirent *__wrap_readdir(DIR *dir)
{
    struct dirent *d = __real_readdir(dir);
    if (d != NULL)
        d->d_type = DT_UNKNOWN;
    return d;
}

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
    return sqlite_job_store_open(db, &system_clock, out, e);
}

static const struct job_store_fixture jobs = {make_folder, open_jobs, remove_folder};

static enum err open_blobs(struct blob_store *out, struct error *e)
{
    static const unsigned char key[SIGNING_KEY_BYTES];
    char root[96];
    (void)snprintf(root, sizeof root, "%s/blobs", folder);
    return file_blob_store_open(root, "https://h", key, &system_clock, out, e);
}

static enum err open_queue(struct task_queue *out, struct error *e)
{
    return sqlite_task_queue_open(db, &system_clock, -1, out, e);
}

static bool look_at_task(const char *name, struct kept_task *out)
{
    sqlite3 *tasks = NULL;
    sqlite3_stmt *s = NULL;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(sqlite_db_open(db, &tasks, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite_db_prepare(tasks,
                                            "SELECT path, CAST(body AS TEXT), "
                                            "coalesce(traceparent,''), due_us FROM tasks WHERE "
                                            "name=?1 AND state<>'ended'",
                                            &s, &e),
                          ERR_OK);
    (void)sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    bool found = sqlite3_step(s) == SQLITE_ROW;
    if (found) {
        (void)snprintf(out->path, sizeof out->path, "%s", (const char *)sqlite3_column_text(s, 0));
        (void)snprintf(out->body, sizeof out->body, "%s", (const char *)sqlite3_column_text(s, 1));
        (void)snprintf(out->traceparent, sizeof out->traceparent, "%s",
                       (const char *)sqlite3_column_text(s, 2));
        out->schedule_us = sqlite3_column_int64(s, 3);
    }
    (void)sqlite3_finalize(s);
    (void)sqlite3_close(tasks);
    return found;
}

static void end_task(const char *name)
{
    struct sqlite_tasks *tasks = NULL;
    struct error e;
    CU_ASSERT_EQUAL_FATAL(sqlite_tasks_open(db, &tasks, &e), ERR_OK);
    CU_ASSERT_EQUAL(sqlite_tasks_end(tasks, name, clock_now_us(&system_clock), &e), ERR_OK);
    sqlite_tasks_close(tasks);
}

static const struct task_queue_fixture queue = {open_queue, look_at_task, end_task};

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
    CU_ASSERT_EQUAL(sqlite_tasks_take(tasks, 99, 0, &due, &found, &next, &e), ERR_OK);
    CU_ASSERT_TRUE(!found && next == 100);
    CU_ASSERT_EQUAL(sqlite_tasks_take(tasks, 100, 0, &due, &found, &next, &e), ERR_OK);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_EQUAL(due.dispatches, 0);
    due_task_free(&due);
    CU_ASSERT_EQUAL(sqlite_tasks_recover(tasks, &e), ERR_OK); /* the dispatcher was killed */
    CU_ASSERT_EQUAL(sqlite_tasks_take(tasks, 100, 0, &due, &found, &next, &e), ERR_OK);
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

static void add_task(struct sqlite_tasks *tasks, const char *name, const char *owner, int size,
                     int64_t due_us)
{
    struct task t = {.path = "/p", .body = "{}", .body_len = 2, .owner = owner, .size = size};
    struct error e;
    (void)snprintf(t.name, sizeof t.name, "%s", name);
    CU_ASSERT_EQUAL(sqlite_tasks_add(tasks, &t, due_us, &e), ERR_OK);
}

/* The name of the next task goes to out; "" when none may run. */
static void take_name(struct sqlite_tasks *tasks, int64_t per_owner, char out[TASK_NAME_MAX + 1])
{
    struct due_task due;
    struct error e;
    bool found = false;
    int64_t next;
    out[0] = '\0';
    CU_ASSERT_EQUAL(sqlite_tasks_take(tasks, 1000 * US_PER_S, per_owner, &due, &found, &next, &e),
                    ERR_OK);
    if (!found) {
        CU_ASSERT_EQUAL(next, 0); /* what is due and may not run is not waited for */
        return;
    }
    (void)snprintf(out, TASK_NAME_MAX + 1, "%s", due.name);
    due_task_free(&due);
}

static void owners_take_turns_and_small_tasks_go_first(void)
{
    static const char *const order[] = {"many-0", "other-small", "third", "many-1", "other-large"};
    struct sqlite_tasks *tasks = NULL;
    struct error e;
    char name[TASK_NAME_MAX + 1];
    make_folder();
    CU_ASSERT_EQUAL_FATAL(sqlite_tasks_open(db, &tasks, &e), ERR_OK);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof name, "many-%d", i);
        add_task(tasks, name, "many", 1, i);
    }
    add_task(tasks, "other-large", "other", 60, 200);
    add_task(tasks, "other-small", "other", 1, 50 * US_PER_S);
    add_task(tasks, "third", "third", 60, 300);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        take_name(tasks, 2, name);
        CU_ASSERT_STRING_EQUAL(name, order[i]);
    }
    take_name(tasks, 2, name); /* both owners left have two, or nothing more */
    CU_ASSERT_STRING_EQUAL(name, "");
    CU_ASSERT_EQUAL(sqlite_tasks_end(tasks, "many-1", 0, &e), ERR_OK);
    take_name(tasks, 2, name);
    CU_ASSERT_STRING_EQUAL(name, "many-2");
    sqlite_tasks_close(tasks);
    remove_folder();
}

/* One worker: nothing runs when the next is taken. */
static void turns_do_not_depend_on_what_runs(void)
{
    struct sqlite_tasks *tasks = NULL;
    struct error e;
    char name[TASK_NAME_MAX + 1];
    make_folder();
    CU_ASSERT_EQUAL_FATAL(sqlite_tasks_open(db, &tasks, &e), ERR_OK);
    add_task(tasks, "a1", "a", 1, 1);
    add_task(tasks, "a2", "a", 1, 2);
    add_task(tasks, "b1", "b", 1, 3);
    for (int i = 0; i < 3; i++) {
        take_name(tasks, 0, name);
        CU_ASSERT_STRING_EQUAL(name, i == 0 ? "a1" : i == 1 ? "b1" : "a2");
        CU_ASSERT_EQUAL(sqlite_tasks_end(tasks, name, 0, &e), ERR_OK);
    }
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
    CU_ASSERT_NOT_EQUAL(b.ops->open(b.self, "link", "", &fd, &e), ERR_OK);
    b.ops->close(b.self);
    remove_folder();
}

static const struct test_case own_tests[] = {
    TEST(task_name_is_one_task_even_after_its_end),
    TEST(owners_take_turns_and_small_tasks_go_first),
    TEST(turns_do_not_depend_on_what_runs),
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
    task_queue_suite_use(&queue);
    failed |= run_suite("local: tasks", task_queue_tests, TASK_QUEUE_TESTS);
    remove_folder();
    return failed | RUN_SUITE("local", own_tests);
}
