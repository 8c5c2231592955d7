#include "local/store_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "local/sqlite_db.h"

enum statement { ST_READ, ST_WRITE, ST_JOBS, ST_CHANGES, ST__MAX };

static const char *const sql[ST__MAX] = {
    [ST_READ] = "SELECT coalesce(max(number), 0) FROM store_mark",
    [ST_WRITE] = "INSERT INTO store_mark(id, number) VALUES(1, ?1) ON CONFLICT(id) DO UPDATE SET "
                 "number = max(number + 1, ?1) RETURNING number",
    [ST_JOBS] = "SELECT count(*) FROM jobs",
    [ST_CHANGES] = "PRAGMA data_version",
};

struct state {
    int64_t number, jobs;
};

struct store_mark {
    sqlite3 *db;
    sqlite3_stmt *st[ST__MAX];
    int64_t changes; /* of the database by others, when it was marked last */
    char path[512];
};

static enum err read_number(struct store_mark *m, enum statement which, int64_t *out,
                            struct error *e)
{
    sqlite3_stmt *s = m->st[which];
    enum err err = ERR_OK;
    if (sqlite3_step(s) == SQLITE_ROW)
        *out = sqlite3_column_int64(s, 0);
    else
        err = sqlite_db_error(m->db, e);
    while (err == ERR_OK && sqlite3_step(s) == SQLITE_ROW)
        continue; /* a change is committed when the statement has run to its end */
    if (sqlite3_reset(s) != SQLITE_OK && err == ERR_OK)
        err = sqlite_db_error(m->db, e);
    return err;
}

static enum err read_database(struct store_mark *m, struct state *out, struct error *e)
{
    enum err err = read_number(m, ST_READ, &out->number, e);
    return err == ERR_OK ? read_number(m, ST_JOBS, &out->jobs, e) : err;
}

/* A missing or unreadable file tells nothing. */
static struct state read_file(const struct store_mark *m)
{
    struct state s = {0, 0};
    FILE *f = fopen(m->path, "re");
    if (f == NULL)
        return s;
    if (fscanf(f, "%" SCNd64 " %" SCNd64, &s.number, &s.jobs) != 2)
        s = (struct state){0, 0};
    (void)fclose(f);
    return s;
}

static enum err file_failed(const struct store_mark *m, struct error *e)
{
    int code = errno;
    error_set(e, err_of_errno(code), "The mark of the job store cannot be written.");
    return error_cause(e, "%s: %s", m->path, strerror(code));
}

static enum err write_file(const struct store_mark *m, const struct state *s, struct error *e)
{
    char temp[sizeof m->path + 8], text[64];
    int n = snprintf(text, sizeof text, "%" PRId64 " %" PRId64 "\n", s->number, s->jobs);
    (void)snprintf(temp, sizeof temp, "%s.new", m->path);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return file_failed(m, e);
    bool ok = write(fd, text, (size_t)n) == n && fsync(fd) == 0;
    enum err err = ok ? ERR_OK : file_failed(m, e);
    (void)close(fd);
    if (err == ERR_OK && rename(temp, m->path) != 0)
        err = file_failed(m, e);
    if (err != ERR_OK)
        (void)unlink(temp);
    return err;
}

/* The database first: the file may never know more than a database that has lost nothing. */
static enum err write_both(struct store_mark *m, int64_t least, struct error *e)
{
    struct state s;
    (void)sqlite3_bind_int64(m->st[ST_WRITE], 1, least);
    enum err err = read_number(m, ST_WRITE, &s.number, e);
    if (err == ERR_OK)
        err = read_number(m, ST_JOBS, &s.jobs, e);
    return err == ERR_OK ? write_file(m, &s, e) : err;
}

enum err store_mark_check(struct store_mark *m, bool *lost, struct error *e)
{
    struct state is, was = read_file(m);
    char had[24], has[24];
    *lost = false;
    enum err err = read_database(m, &is, e);
    if (err != ERR_OK || is.number >= was.number)
        return err;
    *lost = true;
    (void)snprintf(had, sizeof had, "%" PRId64, was.jobs);
    (void)snprintf(has, sizeof has, "%" PRId64, is.jobs);
    log_event(LOG_ERROR,
              "the job store has lost changes: its database or write-ahead log is older than it "
              "was; restore both from a copy, or send the lost jobs again",
              "jobs_before", had, "jobs_now", has, "file", m->path, NULL);
    return write_both(m, was.number + 1, e);
}

enum err store_mark_set(struct store_mark *m, struct error *e)
{
    int64_t changes;
    enum err err = read_number(m, ST_CHANGES, &changes, e);
    if (err != ERR_OK || changes == m->changes)
        return err;
    if ((err = write_both(m, 1, e)) == ERR_OK)
        m->changes = changes;
    return err;
}

enum err store_mark_open(const char *db_path, struct store_mark **out, struct error *e)
{
    struct store_mark *m = calloc(1, sizeof *m);
    *out = NULL;
    if (m == NULL)
        return error_no_memory(e);
    enum err err = ERR_OK;
    if (snprintf(m->path, sizeof m->path, "%s.mark", db_path) >= (int)sizeof m->path)
        err = error_set(e, ERR_UNPROCESSABLE, "DATA_DIR is too long.");
    if (err == ERR_OK)
        err = sqlite_db_open(db_path, &m->db, e);
    for (int i = 0; err == ERR_OK && i < ST__MAX; i++)
        err = sqlite_db_prepare(m->db, sql[i], &m->st[i], e);
    if (err != ERR_OK) {
        store_mark_close(m);
        return err;
    }
    *out = m;
    return ERR_OK;
}

void store_mark_close(struct store_mark *m)
{
    if (m == NULL)
        return;
    for (int i = 0; i < ST__MAX; i++)
        (void)sqlite3_finalize(m->st[i]);
    (void)sqlite3_close(m->db);
    free(m);
}
