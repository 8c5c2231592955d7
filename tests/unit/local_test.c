/* The rules of the ports, run against the local adapters. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/job_state.h"
#include "local/local.h"
#include "local/sqlite_tasks.h"
#include "tests/unit/suite.h"

static char folder[64], db[96];
static struct job_store store;

static void fresh_store(void)
{
    struct error e;
    (void)snprintf(folder, sizeof folder, "/tmp/pdf-ocr-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    (void)snprintf(db, sizeof db, "%s/db", folder);
    CU_ASSERT_EQUAL_FATAL(sqlite_job_store_open(db, &system_source, &store, &e), ERR_OK);
}

static void remove_store(void)
{
    char command[128];
    store.ops->close(store.self);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

static struct job *new_job(const char *owner)
{
    struct job *j = job_new();
    source_uuid(&system_source, j->id);
    (void)snprintf(j->owner, sizeof j->owner, "%s", owner);
    (void)snprintf(j->output_format, sizeof j->output_format, "csv");
    j->created_us = j->updated_us = source_now_us(&system_source);
    j->request_json = strdup("{}");
    return j;
}

static void stored(const char *owner, const struct idempotency *idem, char id[UUID_LEN + 1])
{
    struct job *j = new_job(owner), *existing = NULL;
    struct error e;
    CU_ASSERT_EQUAL(store.ops->create(store.self, j, idem, &existing, &e), ERR_OK);
    CU_ASSERT_PTR_NULL(existing);
    memcpy(id, j->id, UUID_LEN + 1);
    job_free(j);
}

static void stored_job_comes_back_whole(void)
{
    char id[UUID_LEN + 1];
    struct job *j = NULL;
    struct error e;
    fresh_store();
    stored("me", NULL, id);
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, id, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(j->version, 1);
    CU_ASSERT_STRING_EQUAL(j->owner, "me");
    CU_ASSERT_EQUAL(job_claim(j, 5, 7, "token", &e), ERR_OK);
    j->progress = (struct job_progress){1, 2, 3, 4};
    CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
    CU_ASSERT_EQUAL(j->version, 2);
    struct job *again = NULL;
    CU_ASSERT_EQUAL_FATAL(store.ops->get(store.self, id, &again, &e), ERR_OK);
    CU_ASSERT_EQUAL(again->lease_expires_us, 12);
    CU_ASSERT_EQUAL(memcmp(&again->progress, &j->progress, sizeof j->progress), 0);
    job_free(again);
    job_free(j);
    CU_ASSERT_EQUAL(store.ops->remove(store.self, id, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &j, &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(store.ops->remove(store.self, id, &e), ERR_OK);
    remove_store();
}

static void second_writer_of_a_version_conflicts(void)
{
    char id[UUID_LEN + 1];
    struct job *a = NULL, *b = NULL;
    struct error e;
    fresh_store();
    stored("me", NULL, id);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &a, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &b, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->replace(store.self, a, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->replace(store.self, b, &e), ERR_CONFLICT);
    job_free(a);
    job_free(b);
    remove_store();
}

static void idempotency_key_finds_the_first_job(void)
{
    const struct idempotency idem = {"me", "k", "h1"}, changed = {"me", "k", "h2"},
                             other = {"you", "k", "h2"};
    char id[UUID_LEN + 1], second[UUID_LEN + 1];
    struct job *j = new_job("me"), *existing = NULL;
    struct error e;
    fresh_store();
    stored("me", &idem, id);
    CU_ASSERT_EQUAL(store.ops->create(store.self, j, &idem, &existing, &e), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(existing);
    CU_ASSERT_STRING_EQUAL(existing->id, id);
    job_free(existing);
    CU_ASSERT_EQUAL(store.ops->create(store.self, j, &changed, &existing, &e), ERR_UNPROCESSABLE);
    job_free(j);
    stored("you", &other, second);
    remove_store();
}

static void pages_hold_every_job_once_newest_first(void)
{
    char id[UUID_LEN + 1], token[128] = "";
    struct job_filter f = {.owner = "me", .status = -1, .page_size = 3};
    struct error e;
    size_t seen = 0;
    int64_t last = INT64_MAX;
    fresh_store();
    for (int i = 0; i < 10; i++)
        stored(i % 5 == 4 ? "you" : "me", NULL, id);
    for (int pages = 0; pages < 10; pages++) {
        struct job_page page;
        CU_ASSERT_EQUAL_FATAL(store.ops->list(store.self, &f, &page, &e), ERR_OK);
        for (size_t i = 0; i < page.n; i++, seen++) {
            CU_ASSERT_STRING_EQUAL(page.jobs[i]->owner, "me");
            CU_ASSERT_TRUE(page.jobs[i]->created_us <= last);
            last = page.jobs[i]->created_us;
        }
        bool more = page.next_page_token != NULL;
        if (more)
            (void)snprintf(token, sizeof token, "%s", page.next_page_token);
        f.page_token = token;
        job_page_free(&page);
        if (!more)
            break;
    }
    CU_ASSERT_EQUAL(seen, 8);
    f.page_token = "odd";
    struct job_page none;
    CU_ASSERT_EQUAL(store.ops->list(store.self, &f, &none, &e), ERR_BAD_REQUEST);
    remove_store();
}

static void feedback_counts_on_the_job(void)
{
    char id[UUID_LEN + 1];
    struct error e;
    struct job *j = NULL;
    struct feedback f = {.corrections_count = 2, .created_us = 9, .timestamp_us = 8};
    struct feedback_list list;
    struct feedback_stats stats;
    fresh_store();
    stored("me", NULL, id);
    source_uuid(&system_source, f.id);
    memcpy(f.job_id, id, sizeof f.job_id);
    f.corrections_json = strdup("[{\"action\":\"move\"},{\"action\":\"delete\"}]");
    CU_ASSERT_EQUAL(store.ops->feedback_add(store.self, &f, &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->get(store.self, id, &j, &e), ERR_OK);
    CU_ASSERT_TRUE(j->has_feedback && j->feedback_count == 1 && j->last_feedback_us == 9);
    job_free(j);
    CU_ASSERT_EQUAL(store.ops->feedback_list(store.self, id, &list, &e), ERR_OK);
    CU_ASSERT_EQUAL(list.n, 1);
    feedback_list_free(&list);
    CU_ASSERT_EQUAL(store.ops->feedback_stats(store.self, "me", &stats, &e), ERR_OK);
    CU_ASSERT_TRUE(stats.corrections_count == 2 && stats.by_action[0] == 1 &&
                   stats.by_action[1] == 1 && stats.by_action[2] == 0);
    CU_ASSERT_EQUAL(store.ops->feedback_stats(store.self, "you", &stats, &e), ERR_OK);
    CU_ASSERT_EQUAL(stats.feedback_count, 0);
    strcpy(f.id, "2");
    strcpy(f.job_id, "none");
    CU_ASSERT_EQUAL(store.ops->feedback_add(store.self, &f, &e), ERR_NOT_FOUND);
    feedback_clear(&f);
    remove_store();
}

/* One of several processes that claim every job; the exit status is how many it got. */
static int claim_all(char ids[][UUID_LEN + 1], size_t n)
{
    struct job_store own;
    struct error e;
    int won = 0;
    if (sqlite_job_store_open(db, &system_source, &own, &e) != ERR_OK)
        return 255;
    for (size_t i = 0; i < n; i++) {
        struct job *j = NULL;
        if (own.ops->get(own.self, ids[i], &j, &e) == ERR_OK &&
            job_claim(j, source_now_us(&system_source), 60 * US_PER_S, "t", &e) == ERR_OK &&
            own.ops->replace(own.self, j, &e) == ERR_OK)
            won++;
        job_free(j);
    }
    own.ops->close(own.self);
    return won;
}

static void every_job_is_claimed_by_exactly_one_process(void)
{
    static char ids[60][UUID_LEN + 1];
    pid_t children[8];
    int total = 0;
    fresh_store();
    for (size_t i = 0; i < 60; i++)
        stored("me", NULL, ids[i]);
    for (size_t i = 0; i < 8; i++)
        if ((children[i] = fork()) == 0)
            _exit(claim_all(ids, 60));
    for (size_t i = 0; i < 8; i++) {
        int status = 0;
        CU_ASSERT_EQUAL(waitpid(children[i], &status, 0), children[i]);
        total += WEXITSTATUS(status);
    }
    CU_ASSERT_EQUAL(total, 60);
    remove_store();
}

static void stale_and_expired_jobs_are_found(void)
{
    char queued[UUID_LEN + 1], leased[UUID_LEN + 1], ended[UUID_LEN + 1];
    struct job *j = NULL;
    struct job_page page;
    struct error e;
    fresh_store();
    stored("me", NULL, queued);
    stored("me", NULL, leased);
    stored("me", NULL, ended);
    CU_ASSERT_EQUAL(store.ops->get(store.self, leased, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(job_claim(j, 100, 50, "t", &e), ERR_OK);
    CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
    job_free(j);
    CU_ASSERT_EQUAL(store.ops->get(store.self, ended, &j, &e), ERR_OK);
    CU_ASSERT_EQUAL(job_cancel(j, 100, &e), ERR_OK);
    j->expires_us = 200;
    CU_ASSERT_EQUAL(store.ops->replace(store.self, j, &e), ERR_OK);
    job_free(j);
    CU_ASSERT_EQUAL(store.ops->list_stale(store.self, 10, 151, 10, &page, &e), ERR_OK);
    CU_ASSERT_EQUAL(page.n, 2);
    job_page_free(&page);
    CU_ASSERT_EQUAL(store.ops->list_stale(store.self, 0, 150, 10, &page, &e), ERR_OK);
    CU_ASSERT_EQUAL(page.n, 0);
    job_page_free(&page);
    CU_ASSERT_EQUAL(store.ops->list_expired(store.self, 201, 10, &page, &e), ERR_OK);
    CU_ASSERT_EQUAL(page.n, 1);
    job_page_free(&page);
    remove_store();
}

static void task_name_is_one_task_even_after_its_end(void)
{
    struct task t = {.path = "/p", .body = "{}", .body_len = 2};
    struct sqlite_tasks *tasks = NULL;
    struct due_task due;
    struct error e;
    bool found;
    int64_t next, depth;
    fresh_store();
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
    remove_store();
}

static void blobs_are_stored_found_and_erased(void)
{
    unsigned char key[SIGNING_KEY_BYTES] = {0};
    char root[96], source[96], name[BLOB_NAME_MAX + 1], bytes[8] = "";
    struct blob_store b;
    struct blob_info info;
    struct error e;
    int fd = -1;
    fresh_store();
    (void)snprintf(root, sizeof root, "%s/blobs", folder);
    (void)snprintf(source, sizeof source, "%s/up", folder);
    CU_ASSERT_EQUAL_FATAL(file_blob_store_open(root, "https://h", key, &system_source, &b, &e),
                          ERR_OK);
    CU_ASSERT_EQUAL(b.ops->put_bytes(b.self, "results/j/r.csv", "a,b", 3, "text/csv", &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->put_bytes(b.self, "results/j/r.csv", "a,c", 3, "text/csv", &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->open(b.self, "results/j/r.csv", &fd, &e), ERR_OK);
    CU_ASSERT_EQUAL(read(fd, bytes, 4), 3);
    CU_ASSERT_STRING_EQUAL(bytes, "a,c");
    (void)close(fd);
    fd = open(source, O_WRONLY | O_CREAT, 0600);
    CU_ASSERT_EQUAL(write(fd, "%PDF", 4), 4);
    (void)close(fd);
    CU_ASSERT_EQUAL(b.ops->put_file(b.self, "pdfs/1/x y.pdf", source, "", &e), ERR_OK);
    CU_ASSERT_NOT_EQUAL(access(source, F_OK), 0);
    CU_ASSERT_EQUAL(b.ops->put_file(b.self, "pdfs/2/x.pdf", source, "", &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(b.ops->find(b.self, "pdfs/1/", name, &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(name, "pdfs/1/x y.pdf");
    CU_ASSERT_EQUAL(b.ops->stat(b.self, name, &info, &e), ERR_OK);
    CU_ASSERT_EQUAL(info.size, 4);
    CU_ASSERT_EQUAL(b.ops->find(b.self, "pdfs/3/", name, &e), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(b.ops->open(b.self, "../db", &fd, &e), ERR_BAD_REQUEST);
    (void)snprintf(name, sizeof name, "%s/link", root);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", name), 0);
    CU_ASSERT_NOT_EQUAL(b.ops->open(b.self, "link", &fd, &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/j/", &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->remove_prefix(b.self, "results/j/", &e), ERR_OK);
    CU_ASSERT_EQUAL(b.ops->stat(b.self, "results/j/r.csv", &info, &e), ERR_NOT_FOUND);
    b.ops->close(b.self);
    remove_store();
}

static const struct test_case tests[] = {
    TEST(stored_job_comes_back_whole),         TEST(second_writer_of_a_version_conflicts),
    TEST(idempotency_key_finds_the_first_job), TEST(pages_hold_every_job_once_newest_first),
    TEST(feedback_counts_on_the_job),          TEST(every_job_is_claimed_by_exactly_one_process),
    TEST(stale_and_expired_jobs_are_found),    TEST(task_name_is_one_task_even_after_its_end),
    TEST(blobs_are_stored_found_and_erased),
};

int main(void)
{
    return sodium_init() < 0 ? 99 : RUN_SUITE("local", tests);
}
