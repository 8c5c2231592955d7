/* The rules of the ports, run against PostgreSQL's adapters in the database of DATABASE_URL, and
 * what is their own. */
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "postgres/db.h"
#include "postgres/postgres.h"
#include "tests/unit/job_store_suite.h"
#include "tests/unit/task_queue_suite.h"

static char server[400], url[512];

/* By a connection of its own. */
static PGresult *ask(const char *sql)
{
    PGconn *conn = PQconnectdb(url[0] != '\0' ? url : server);
    PGresult *r = PQexec(conn, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
        (void)fprintf(stderr, "%s%s\n", PQerrorMessage(conn), sql);
        abort();
    }
    PQfinish(conn);
    return r;
}

/* A schema of its own, with our tables. */
static void fresh(void)
{
    static int number;
    char sql[64], name[32];
    struct error e = {0};
    (void)snprintf(name, sizeof name, "t_%08x_%d", randombytes_random(), ++number);
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA %s", name);
    url[0] = '\0';
    PQclear(ask(sql));
    (void)snprintf(url, sizeof url, "%s%coptions=-csearch_path%%3D%s", server,
                   strchr(server, '?') != NULL ? '&' : '?', name);
    if (postgres_prepare(url, &e) != ERR_OK)
        abort();
}

static void removed(void)
{
}

static enum err open_jobs(struct job_store *out, struct error *e)
{
    return postgres_job_store_open(url, &system_clock, out, e);
}

static const struct job_store_fixture jobs = {fresh, open_jobs, removed};

static enum err open_queue(struct task_queue *out, struct error *e)
{
    return postgres_task_queue_open(url, &system_clock, out, e);
}

static bool look_at_task(const char *name, struct kept_task *out)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT path, body, coalesce(traceparent, ''), due_us FROM tasks WHERE "
                   "name = '%s' AND state < 2",
                   name);
    PGresult *r = ask(sql);
    bool found = PQntuples(r) == 1;
    if (found) {
        (void)snprintf(out->path, sizeof out->path, "%s", PQgetvalue(r, 0, 0));
        (void)snprintf(out->body, sizeof out->body, "%s", PQgetvalue(r, 0, 1));
        (void)snprintf(out->traceparent, sizeof out->traceparent, "%s", PQgetvalue(r, 0, 2));
        out->schedule_us = pg_value_number(r, 0, 3);
    }
    PQclear(r);
    return found;
}

static void open_table(struct task_table *t)
{
    struct error e = {0};
    bool lost = true;
    CU_ASSERT_EQUAL_FATAL(postgres_task_table_open(url, &system_clock, t, &e), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(t->ops->start(t->self, &lost, &e), ERR_OK);
    CU_ASSERT_FALSE(lost);
}

static void end_task(const char *name)
{
    struct task_table t;
    struct error e;
    open_table(&t);
    CU_ASSERT_EQUAL(t.ops->end(t.self, name, clock_now_us(&system_clock), &e), ERR_OK);
    postgres_task_table_close(&t);
}

static const struct task_queue_fixture queue = {open_queue, look_at_task, end_task};

/* --- the queue's own --- */

static void add_task(const char *name, const char *owner, int size, int64_t schedule_us)
{
    struct task_queue q;
    struct error e = {0};
    struct task t = {.path = "/p",
                     .body = "{}",
                     .body_len = 2,
                     .owner = owner,
                     .size = size,
                     .schedule_us = schedule_us};
    (void)snprintf(t.name, sizeof t.name, "%s", name);
    CU_ASSERT_EQUAL_FATAL(open_queue(&q, &e), ERR_OK);
    CU_ASSERT_EQUAL(q.ops->enqueue(q.self, &t, &e), ERR_OK);
    q.ops->close(q.self);
}

/* Rows as they would be after these delays. */
static void set_tasks(const char *values, const char *where)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "UPDATE tasks SET %s WHERE %s", values, where);
    PQclear(ask(sql));
}

/* The name of the next task goes to out; "" when none may run. */
static int64_t take(const struct task_table *t, int64_t per_owner, char out[TASK_NAME_MAX + 1])
{
    struct due_task due;
    struct error e = {0};
    bool found = false;
    int64_t next = -1;
    out[0] = '\0';
    CU_ASSERT_EQUAL(t->ops->take(t->self, clock_now_us(&system_clock) + US_PER_S, per_owner, &due,
                                 &found, &next, &e),
                    ERR_OK);
    if (!found)
        return next;
    (void)snprintf(out, TASK_NAME_MAX + 1, "%s", due.name);
    due_task_free(&due);
    return -1;
}

static void owners_take_turns_and_small_tasks_go_first(void)
{
    static const char *const order[] = {"many-0", "other-small", "third", "many-1", "other-large"};
    char name[TASK_NAME_MAX + 1];
    struct task_table t;
    struct error e;
    fresh();
    open_table(&t);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "many-%d", i);
        add_task(name, "many", 1, 0);
    }
    add_task("other-large", "other", 60, 0);
    add_task("other-small", "other", 1, 0);
    add_task("third", "third", 60, 0);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        (void)take(&t, 2, name);
        CU_ASSERT_STRING_EQUAL(name, order[i]);
    }
    /* Both owners left have two, or nothing more. It is looked again soon: others end tasks. */
    CU_ASSERT_TRUE(take(&t, 2, name) > 0);
    CU_ASSERT_STRING_EQUAL(name, "");
    CU_ASSERT_EQUAL(t.ops->end(t.self, "many-1", 0, &e), ERR_OK);
    (void)take(&t, 2, name);
    CU_ASSERT_STRING_EQUAL(name, "many-2");
    postgres_task_table_close(&t);
}

static void waiting_tasks_tell_when_they_are_due(void)
{
    int64_t due_us = clock_now_us(&system_clock) + 3600 * US_PER_S;
    char name[TASK_NAME_MAX + 1];
    struct task_table t;
    fresh();
    open_table(&t);
    CU_ASSERT_EQUAL(take(&t, 0, name), 0);
    add_task("later", "", 0, due_us);
    CU_ASSERT_EQUAL(take(&t, 0, name), due_us);
    postgres_task_table_close(&t);
}

static void tasks_that_were_put_back_come_again_and_tell_of_it(void)
{
    char name[TASK_NAME_MAX + 1];
    struct task_table t;
    struct due_task due;
    struct error e;
    bool found = false;
    int64_t next, now_us = clock_now_us(&system_clock);
    fresh();
    open_table(&t);
    add_task("one", "me", 0, 0);
    (void)take(&t, 0, name);
    CU_ASSERT_EQUAL(t.ops->put_back(t.self, "one", now_us, 503, &e), ERR_OK);
    CU_ASSERT_EQUAL(t.ops->take(t.self, now_us + US_PER_S, 0, &due, &found, &next, &e), ERR_OK);
    CU_ASSERT_TRUE_FATAL(found);
    CU_ASSERT_TRUE(due.dispatches == 1 && due.responses == 1 && due.last_response == 503);
    due_task_free(&due);
    CU_ASSERT_EQUAL(t.ops->drop(t.self, "one", &e), ERR_OK);
    add_task("one", "me", 0, 0); /* the name is free */
    (void)take(&t, 0, name);
    CU_ASSERT_STRING_EQUAL(name, "one");
    postgres_task_table_close(&t);
}

static void lease_that_runs_out_gives_the_task_to_another(void)
{
    char name[TASK_NAME_MAX + 1];
    struct task_table dead, t;
    struct error e;
    fresh();
    open_table(&dead);
    open_table(&t);
    add_task("one", "me", 0, 0);
    (void)take(&dead, 0, name);
    CU_ASSERT_STRING_EQUAL(name, "one");
    CU_ASSERT_TRUE(take(&t, 0, name) > 0); /* when the lease ends */
    CU_ASSERT_STRING_EQUAL(name, "");
    set_tasks("lease_us = 1", "state = 1");
    CU_ASSERT_EQUAL(dead.ops->renew(dead.self, &e), ERR_OK); /* it lives after all */
    (void)take(&t, 0, name);
    CU_ASSERT_STRING_EQUAL(name, "");
    set_tasks("lease_us = 1", "state = 1");
    (void)take(&t, 0, name);
    CU_ASSERT_STRING_EQUAL(name, "one");
    /* What the one that lost it does changes nothing. */
    CU_ASSERT_EQUAL(dead.ops->put_back(dead.self, "one", 5, 0, &e), ERR_OK);
    CU_ASSERT_EQUAL(dead.ops->drop(dead.self, "one", &e), ERR_OK);
    postgres_task_table_close(&dead);
    (void)take(&t, 0, name);
    CU_ASSERT_STRING_EQUAL(name, "");
    postgres_task_table_close(&t);
    open_table(&t); /* and what one holds at its end is due again */
    (void)take(&t, 0, name);
    CU_ASSERT_STRING_EQUAL(name, "one");
    postgres_task_table_close(&t);
}

static void names_are_known_for_an_hour_after_the_end(void)
{
    char name[TASK_NAME_MAX + 1];
    struct task_table t;
    struct error e;
    int64_t now_us = clock_now_us(&system_clock);
    fresh();
    open_table(&t);
    add_task("one", "me", 0, 0);
    (void)take(&t, 0, name);
    CU_ASSERT_EQUAL(t.ops->end(t.self, "one", now_us, &e), ERR_OK);
    CU_ASSERT_EQUAL(t.ops->tick(t.self, now_us + 3599 * US_PER_S, &e), ERR_OK);
    add_task("one", "me", 0, 0);
    (void)take(&t, 0, name);
    CU_ASSERT_STRING_EQUAL(name, "");
    CU_ASSERT_EQUAL(t.ops->tick(t.self, now_us + 3601 * US_PER_S, &e), ERR_OK);
    add_task("one", "me", 0, 0);
    (void)take(&t, 0, name);
    CU_ASSERT_STRING_EQUAL(name, "one");
    postgres_task_table_close(&t);
}

#define MANY 200

/* A process of its own takes until nothing is left, and ends with how many it got. */
static pid_t start_taking(int64_t per_owner)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char name[TASK_NAME_MAX + 1] = "x";
    struct task_table t;
    struct error e;
    int n = 0;
    open_table(&t);
    for (; name[0] != '\0'; n++) {
        (void)take(&t, per_owner, name);
        if (name[0] != '\0' && per_owner == 0)
            (void)t.ops->end(t.self, name, clock_now_us(&system_clock), &e);
    }
    _exit(n - 1);
}

static int taken_by(pid_t pid)
{
    int status = 0;
    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE_FATAL(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void several_dispatchers_take_each_task_once(void)
{
    char name[TASK_NAME_MAX + 1];
    pid_t pids[3];
    int n = 0;
    fresh();
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "task-%d", i);
        add_task(name, i % 2 == 0 ? "a" : "b", 0, 0);
    }
    for (int i = 0; i < 3; i++)
        pids[i] = start_taking(0);
    for (int i = 0; i < 3; i++)
        n += taken_by(pids[i]);
    PGresult *r = ask("SELECT sum(dispatches), count(*) FILTER (WHERE state = 2) FROM tasks");
    CU_ASSERT_EQUAL(pg_value_number(r, 0, 0), n);
    CU_ASSERT_EQUAL(n, MANY);
    CU_ASSERT_EQUAL(pg_value_number(r, 0, 1), MANY);
    PQclear(r);
}

static void an_owner_has_no_more_than_its_share_of_all_dispatchers(void)
{
    char name[TASK_NAME_MAX + 1];
    pid_t pids[3];
    int n = 0;
    fresh();
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "task-%d", i);
        add_task(name, "a", 0, 0);
    }
    for (int i = 0; i < 3; i++)
        pids[i] = start_taking(7);
    for (int i = 0; i < 3; i++)
        n += taken_by(pids[i]);
    CU_ASSERT_EQUAL(n, 7);
}

static void dispatcher_is_told_of_new_tasks(void)
{
    struct task_table t;
    fresh();
    open_table(&t);
    (void)t.ops->woken(t.self);
    CU_ASSERT_FALSE(t.ops->woken(t.self));
    pid_t pid = fork();
    if (pid == 0) {
        add_task("one", "me", 0, 0);
        _exit(0);
    }
    (void)taken_by(pid);
    struct pollfd p = {t.ops->wake_fd(t.self), POLLIN, 0};
    CU_ASSERT_EQUAL(poll(&p, 1, 10000), 1);
    CU_ASSERT_TRUE(t.ops->woken(t.self));
    CU_ASSERT_FALSE(t.ops->woken(t.self));
    postgres_task_table_close(&t);
}

/* --- the connection's own --- */

static void end_connections(void)
{
    PQclear(ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "application_name = 'pdf-ocr-api' AND pid <> pg_backend_pid()"));
}

static void lost_connection_is_made_again(void)
{
    struct job_store s;
    struct task_table t;
    struct error e = {0};
    struct job *j = NULL;
    char name[TASK_NAME_MAX + 1];
    fresh();
    open_table(&t);
    CU_ASSERT_EQUAL_FATAL(open_jobs(&s, &e), ERR_OK);
    CU_ASSERT_EQUAL(s.ops->ping(s.self, &e), ERR_OK);
    (void)t.ops->woken(t.self);
    for (int i = 0; i < 3; i++) {
        end_connections();
        CU_ASSERT_EQUAL(s.ops->get(s.self, "none", &j, &e), ERR_NOT_FOUND);
        CU_ASSERT_TRUE(t.ops->woken(t.self)); /* it may have missed a word */
        (void)take(&t, 0, name);
    }
    add_task("one", "me", 0, 0); /* by the same connection, which listens again */
    CU_ASSERT_TRUE(t.ops->woken(t.self));
    s.ops->close(s.self);
    postgres_task_table_close(&t);
}

static void slow_statement_is_given_up(void)
{
    static const struct pg_statement slow = {"slow", "SELECT pg_sleep(60)", false};
    static const struct pg_args none = {.n = 0};
    struct pg_db *db = NULL;
    struct error e = {0};
    fresh();
    CU_ASSERT_EQUAL_FATAL(pg_db_open(url, &db, &e), ERR_OK);
    CU_ASSERT_EQUAL(pg_db_patience(db, 100, &e), ERR_OK);
    CU_ASSERT_EQUAL(pg_db_run(db, &slow, &none, NULL, &e), ERR_TIMEOUT);
    CU_ASSERT_EQUAL(pg_db_exec(db, "SELECT 1", &e), ERR_OK);
    pg_db_close(db);
}

static void server_that_is_not_there_is_unavailable(void)
{
    struct job_store s;
    struct error e = {0};
    CU_ASSERT_EQUAL_FATAL(postgres_job_store_open("postgresql://nobody:secret-word@127.0.0.1:1/x",
                                                  &system_clock, &s, &e),
                          ERR_OK);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(s.ops->ping(s.self, &e), ERR_UNAVAILABLE);
        CU_ASSERT_TRUE(e.retry_after_s > 0);
        CU_ASSERT_PTR_NULL(strstr(e.cause, "secret-word"));
    }
    s.ops->close(s.self);
}

static void tables_of_a_newer_release_are_left_alone(void)
{
    struct error e = {0};
    fresh();
    CU_ASSERT_EQUAL(postgres_prepare(url, &e), ERR_OK); /* once more changes nothing */
    PQclear(ask("UPDATE schema_version SET version = 1000"));
    CU_ASSERT_EQUAL(postgres_prepare(url, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "version 1000"));
}

static const struct test_case own_tests[] = {
    TEST(owners_take_turns_and_small_tasks_go_first),
    TEST(waiting_tasks_tell_when_they_are_due),
    TEST(tasks_that_were_put_back_come_again_and_tell_of_it),
    TEST(lease_that_runs_out_gives_the_task_to_another),
    TEST(names_are_known_for_an_hour_after_the_end),
    TEST(several_dispatchers_take_each_task_once),
    TEST(an_owner_has_no_more_than_its_share_of_all_dispatchers),
    TEST(dispatcher_is_told_of_new_tasks),
    TEST(lost_connection_is_made_again),
    TEST(slow_statement_is_given_up),
    TEST(server_that_is_not_there_is_unavailable),
    TEST(tables_of_a_newer_release_are_left_alone),
};

int main(void)
{
    const char *given = getenv("DATABASE_URL");
    if (sodium_init() < 0 || given == NULL)
        return 99;
    (void)snprintf(server, sizeof server, "%s", given);
    job_store_suite_use(&jobs);
    int failed = run_suite("postgres: jobs", job_store_tests, JOB_STORE_TESTS);
    fresh();
    task_queue_suite_use(&queue);
    failed |= run_suite("postgres: tasks", task_queue_tests, TASK_QUEUE_TESTS);
    return failed | RUN_SUITE("postgres", own_tests);
}
