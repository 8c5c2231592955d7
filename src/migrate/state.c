#include "migrate/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"

#define DB_NAME "state-2.db"

static const char *const batch_names[STATE_BATCHES] = {"batch-0.ndjson", "batch-1.ndjson"};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS run(id TEXT NOT NULL, purpose TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS progress("
    " part INTEGER PRIMARY KEY, phase INTEGER NOT NULL, cursor TEXT, closing INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, read INTEGER NOT NULL, rejected INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, batch INTEGER NOT NULL, batch_rows INTEGER NOT NULL,"
    " batch_bytes INTEGER NOT NULL, inserted INTEGER NOT NULL, updated INTEGER NOT NULL,"
    " loading_0 INTEGER NOT NULL, bytes_0 INTEGER NOT NULL, loading_1 INTEGER NOT NULL,"
    " bytes_1 INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS docs("
    " part INTEGER NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, print BLOB NOT NULL,"
    " document TEXT, found INTEGER NOT NULL, PRIMARY KEY(part, id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS rejects("
    " n INTEGER PRIMARY KEY, part INTEGER NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL)"
    " STRICT;"
    "CREATE TABLE IF NOT EXISTS differences("
    " part INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY(part, kind, id)) STRICT, WITHOUT ROWID;";

enum statement { SAVE, FIND, ADD, REPLACE, FORGET, REJECT, FOUND, DIFFER, STATEMENT__MAX };
static const char *const statements[STATEMENT__MAX] = {
    [SAVE] = "INSERT OR REPLACE INTO progress VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [FIND] = "SELECT version, print, coalesce(document, id) FROM docs WHERE part = ? AND id = ?",
    /* document only where it is another than the id: most often they are the same. */
    [ADD] = "INSERT INTO docs VALUES(?1, ?2, ?3, ?4, nullif(?5, ?2), 0)",
    [REPLACE] = "UPDATE docs SET version = ?3, print = ?4, document = nullif(?5, ?2) "
                "WHERE part = ?1 AND id = ?2",
    [FORGET] = "DELETE FROM docs WHERE part = ? AND id = ? AND coalesce(document, id) = ?",
    [REJECT] = "INSERT INTO rejects(part, path, reason) VALUES(?,?,?)",
    [FOUND] = "UPDATE docs SET found = 1 WHERE part = ? AND id = ?",
    [DIFFER] = "INSERT OR REPLACE INTO differences VALUES(?,?,?)",
};

const char *const difference_names[DIFF__MAX] = {"missing", "extra", "differing", "newer"};

struct state {
    char *dir;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT__MAX];
    int batch_fds[STATE_BATCHES];
    char run_id[RUN_ID_LEN + 1];
    struct progress progress[BIGQUERY_TABLES];
};

/* --- SQLite --- */

static enum err failed(const struct state *s, struct error *e)
{
    int code = s->db != NULL ? sqlite3_errcode(s->db) : SQLITE_NOMEM;
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        error_set(e, ERR_CONFLICT, "%s: another pdf-ocr-migrate works there.", s->dir);
    else
        error_set(e, ERR_STORAGE_FULL, "%s: the state cannot be kept.", s->dir);
    return error_cause(e, "%s", s->db != NULL ? sqlite3_errmsg(s->db) : "out of memory");
}

static enum err exec(struct state *s, const char *sql, struct error *e)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : failed(s, e);
}

/* Runs a statement that gives no rows. */
static enum err step(struct state *s, enum statement which, struct error *e)
{
    int code = sqlite3_step(s->statements[which]);
    enum err err = code == SQLITE_DONE ? ERR_OK : failed(s, e);
    (void)sqlite3_reset(s->statements[which]);
    return err;
}

static void bind_text(sqlite3_stmt *q, int at, const char *text)
{
    (void)sqlite3_bind_text(q, at, text, -1, SQLITE_TRANSIENT);
}

static char *column_text(sqlite3_stmt *q, int at)
{
    const unsigned char *text = sqlite3_column_text(q, at);
    return text != NULL ? strdup((const char *)text) : NULL;
}

/* --- opening --- */

static enum err open_file(struct state *s, const char *name, int flags, int *out, struct error *e)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    *out = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*out >= 0)
        return ERR_OK;
    error_set(e, ERR_STORAGE_FULL, "%s: cannot be written.", path);
    return error_cause(e, "%s", strerror(errno));
}

/* NORMAL: a power cut may take the last pages back, but never a part of one. */
static enum err open_db(struct state *s, struct error *e)
{
    char path[4096];
    int fd = -1;
    enum err err = open_file(s, DB_NAME, O_RDWR | O_CREAT, &fd, e); /* with the mode we want */
    if (fd >= 0)
        (void)close(fd);
    (void)snprintf(path, sizeof path, "%s/" DB_NAME, s->dir);
    if (err == ERR_OK && sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                         NULL) != SQLITE_OK)
        err = failed(s, e);
    if (err == ERR_OK)
        err = exec(s,
                   "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                   "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4096; BEGIN IMMEDIATE;",
                   e);
    if (err == ERR_OK)
        err = exec(s, schema, e);
    if (err == ERR_OK)
        err = exec(s, "COMMIT", e);
    for (int i = 0; err == ERR_OK && i < STATEMENT__MAX; i++)
        if (sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &s->statements[i], NULL) != SQLITE_OK)
            err = failed(s, e);
    return err;
}

/* The run that is there; run_id stays empty when there is none. */
static enum err read_run(struct state *s, char **purpose, struct error *e)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, "SELECT id, purpose FROM run", -1, &q, NULL) != SQLITE_OK)
        return failed(s, e);
    if (sqlite3_step(q) == SQLITE_ROW) {
        (void)snprintf(s->run_id, sizeof s->run_id, "%s", (const char *)sqlite3_column_text(q, 0));
        *purpose = column_text(q, 1);
    }
    (void)sqlite3_finalize(q);
    return ERR_OK;
}

static enum err read_progress(struct state *s, struct error *e)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, "SELECT * FROM progress", -1, &q, NULL) != SQLITE_OK)
        return failed(s, e);
    while (sqlite3_step(q) == SQLITE_ROW) {
        int64_t i = sqlite3_column_int64(q, 0);
        if (i < 0 || i >= BIGQUERY_TABLES)
            continue;
        free(s->progress[i].cursor);
        s->progress[i] = (struct progress){.phase = (enum phase)sqlite3_column_int(q, 1),
                                           .cursor = column_text(q, 2),
                                           .closing = sqlite3_column_int(q, 3) != 0,
                                           .ended = sqlite3_column_int(q, 4) != 0,
                                           .read = sqlite3_column_int64(q, 5),
                                           .rejected = sqlite3_column_int64(q, 6),
                                           .bytes = sqlite3_column_int64(q, 7),
                                           .batch = sqlite3_column_int64(q, 8),
                                           .batch_rows = sqlite3_column_int64(q, 9),
                                           .batch_bytes = sqlite3_column_int64(q, 10),
                                           .inserted = sqlite3_column_int64(q, 11),
                                           .updated = sqlite3_column_int64(q, 12)};
        for (int n = 0; n < STATE_BATCHES; n++)
            s->progress[i].loading[n] = (struct batch){sqlite3_column_int64(q, 13 + 2 * n),
                                                       sqlite3_column_int64(q, 14 + 2 * n)};
    }
    (void)sqlite3_finalize(q);
    return ERR_OK;
}

static enum err start_run(struct state *s, const char *purpose, struct error *e)
{
    sqlite3_stmt *q = NULL;
    random_hex(s->run_id, RUN_ID_LEN / 2);
    enum err err = exec(s,
                        "BEGIN; DELETE FROM run; DELETE FROM progress; DELETE FROM docs;"
                        "DELETE FROM rejects; DELETE FROM differences;",
                        e);
    if (err != ERR_OK)
        return err;
    if (sqlite3_prepare_v2(s->db, "INSERT INTO run VALUES(?,?)", -1, &q, NULL) != SQLITE_OK)
        return failed(s, e);
    bind_text(q, 1, s->run_id);
    bind_text(q, 2, purpose);
    if (sqlite3_step(q) != SQLITE_DONE)
        err = failed(s, e);
    (void)sqlite3_finalize(q);
    return err == ERR_OK ? exec(s, "COMMIT", e) : err;
}

static enum err cannot_write(const struct state *s, int slot, struct error *e)
{
    return error_set(e, ERR_STORAGE_FULL, "%s: %s cannot be written.", s->dir, batch_names[slot]);
}

/* What the file of a slot holds of what was kept; one table at most has batches. */
static int64_t bytes_in(const struct state *s, int slot)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < BIGQUERY_TABLES; i++) {
        const struct progress *p = &s->progress[i];
        bytes += p->loading[slot].bytes;
        bytes += p->batch % STATE_BATCHES == slot ? p->batch_bytes : 0;
    }
    return bytes;
}

/* Rows that were written after the last page was kept are cut off. */
static enum err trim_batch(struct state *s, int slot, struct error *e)
{
    int64_t bytes = bytes_in(s, slot);
    struct stat st;
    if (fstat(s->batch_fds[slot], &st) != 0 || st.st_size < bytes)
        return error_set(e, ERR_CONFLICT, "%s: %s is shorter than it was; start without --resume.",
                         s->dir, batch_names[slot]);
    if (ftruncate(s->batch_fds[slot], bytes) != 0 || lseek(s->batch_fds[slot], 0, SEEK_END) < 0)
        return cannot_write(s, slot, e);
    return ERR_OK;
}

static enum err choose_run(struct state *s, const char *purpose, bool resume, char **left,
                           bool *resumed, struct error *e)
{
    char *found = NULL;
    enum err err = read_run(s, &found, e);
    *resumed = err == ERR_OK && found != NULL && resume;
    if (*resumed && strcmp(found, purpose) != 0) {
        err = error_set(e, ERR_CONFLICT,
                        "%s: the run there was started with other options; give the same, or start "
                        "without --resume.",
                        s->dir);
        error_cause(e, "it has %.200s", found);
    } else if (*resumed) {
        err = read_progress(s, e);
    } else if (err == ERR_OK) {
        if (found != NULL)
            *left = strdup(s->run_id);
        err = start_run(s, purpose, e);
    }
    free(found);
    for (int slot = 0; err == ERR_OK && slot < STATE_BATCHES; slot++)
        err = trim_batch(s, slot, e);
    return err;
}

enum err state_open(const char *dir, const char *purpose, bool resume, struct state **out,
                    char **left, bool *resumed, struct error *e)
{
    struct state *s = calloc(1, sizeof *s);
    *out = NULL;
    *left = NULL;
    if (s == NULL || (s->dir = strdup(dir)) == NULL) {
        free(s);
        return error_no_memory(e);
    }
    for (int slot = 0; slot < STATE_BATCHES; slot++)
        s->batch_fds[slot] = -1;
    enum err err = ERR_OK;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        error_set(e, ERR_STORAGE_FULL, "%s: the folder for the state cannot be made.", dir);
        err = error_cause(e, "%s", strerror(errno));
    }
    if (err == ERR_OK)
        err = open_db(s, e);
    for (int slot = 0; err == ERR_OK && slot < STATE_BATCHES; slot++)
        err = open_file(s, batch_names[slot], O_RDWR | O_CREAT, &s->batch_fds[slot], e);
    if (err == ERR_OK)
        err = choose_run(s, purpose, resume, left, resumed, e);
    if (err != ERR_OK) {
        state_close(s, false);
        return err;
    }
    *out = s;
    return ERR_OK;
}

void state_close(struct state *s, bool done)
{
    static const char *const files[] = {"batch-0.ndjson", "batch-1.ndjson", DB_NAME, DB_NAME "-wal",
                                        DB_NAME "-shm"};
    char path[4096];
    if (s == NULL)
        return;
    for (int i = 0; i < STATEMENT__MAX; i++)
        (void)sqlite3_finalize(s->statements[i]);
    (void)sqlite3_close(s->db);
    for (int slot = 0; slot < STATE_BATCHES; slot++)
        if (s->batch_fds[slot] >= 0)
            (void)close(s->batch_fds[slot]);
    for (size_t i = 0; done && i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", s->dir, files[i]);
        (void)unlink(path);
    }
    if (done)
        (void)rmdir(s->dir);
    for (size_t i = 0; i < BIGQUERY_TABLES; i++)
        free(s->progress[i].cursor);
    free(s->dir);
    free(s);
}

const char *state_run_id(const struct state *s)
{
    return s->run_id;
}

int state_batch_fd(const struct state *s, int64_t batch)
{
    return s->batch_fds[batch % STATE_BATCHES];
}

struct progress *state_progress(struct state *s, size_t i)
{
    return &s->progress[i];
}

/* --- pages --- */

enum err state_page_begin(struct state *s, struct error *e)
{
    return exec(s, "BEGIN", e);
}

void state_page_undo(struct state *s)
{
    if (sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static enum err put_row(struct state *s, enum statement which, size_t i, const struct row *r,
                        const char *document, struct error *e)
{
    sqlite3_stmt *q = s->statements[which];
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    bind_text(q, 2, r->id);
    (void)sqlite3_bind_int64(q, 3, r->version_us);
    (void)sqlite3_bind_blob(q, 4, r->fingerprint, FINGERPRINT_LEN, SQLITE_TRANSIENT);
    bind_text(q, 5, document);
    return step(s, which, e);
}

enum err state_row(struct state *s, size_t i, const struct row *r, const char *document,
                   char **loser, struct error *e)
{
    sqlite3_stmt *q = s->statements[FIND];
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    bind_text(q, 2, r->id);
    int code = sqlite3_step(q);
    int64_t version = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    char *other = code == SQLITE_ROW ? column_text(q, 2) : NULL;
    (void)sqlite3_reset(q);
    *loser = NULL;
    if (code != SQLITE_ROW)
        return code == SQLITE_DONE ? put_row(s, ADD, i, r, document, e) : failed(s, e);
    /* As sql_merge orders them: the newer one, of two as new the first by name. */
    bool wins = other != NULL && (r->version_us > version ||
                                  (r->version_us == version && strcmp(document, other) < 0));
    enum err err = wins ? put_row(s, REPLACE, i, r, document, e) : ERR_OK;
    *loser = wins ? strdup(other) : strdup(document);
    free(other);
    return err == ERR_OK && *loser == NULL ? error_no_memory(e) : err;
}

enum err state_forget(struct state *s, size_t i, const char *id, const char *document, bool *was,
                      struct error *e)
{
    sqlite3_stmt *q = s->statements[FORGET];
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    bind_text(q, 2, id);
    bind_text(q, 3, document);
    enum err err = step(s, FORGET, e);
    *was = err == ERR_OK && sqlite3_changes(s->db) > 0;
    return err;
}

enum err state_reject(struct state *s, size_t i, const char *path, const char *reason,
                      struct error *e)
{
    sqlite3_stmt *q = s->statements[REJECT];
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    bind_text(q, 2, path);
    bind_text(q, 3, reason);
    return step(s, REJECT, e);
}

static enum err put_progress(struct state *s, size_t i, struct error *e)
{
    const struct progress *p = &s->progress[i];
    sqlite3_stmt *q = s->statements[SAVE];
    const int64_t numbers[] = {p->closing, p->ended,      p->read,        p->rejected, p->bytes,
                               p->batch,   p->batch_rows, p->batch_bytes, p->inserted, p->updated};
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    (void)sqlite3_bind_int64(q, 2, p->phase);
    bind_text(q, 3, p->cursor);
    for (int n = 0; n < (int)(sizeof numbers / sizeof numbers[0]); n++)
        (void)sqlite3_bind_int64(q, 4 + n, numbers[n]);
    for (int n = 0; n < STATE_BATCHES; n++) {
        (void)sqlite3_bind_int64(q, 14 + 2 * n, p->loading[n].number);
        (void)sqlite3_bind_int64(q, 15 + 2 * n, p->loading[n].bytes);
    }
    return step(s, SAVE, e);
}

static enum err append(struct state *s, int slot, const char *bytes, size_t n, struct error *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t m = write(s->batch_fds[slot], bytes + done, n - done);
        if (m < 0 && errno != EINTR) {
            (void)cannot_write(s, slot, e);
            return error_cause(e, "%s", strerror(errno));
        }
        done += m > 0 ? (size_t)m : 0;
    }
    return n > 0 && fdatasync(s->batch_fds[slot]) != 0 ? cannot_write(s, slot, e) : ERR_OK;
}

enum err state_page_done(struct state *s, size_t i, const void *lines, size_t n, struct error *e)
{
    enum err err = append(s, (int)(s->progress[i].batch % STATE_BATCHES), lines, n, e);
    s->progress[i].batch_bytes += (int64_t)n;
    if (err == ERR_OK)
        err = put_progress(s, i, e);
    return err == ERR_OK ? exec(s, "COMMIT", e) : err;
}

enum err state_save(struct state *s, size_t i, struct error *e)
{
    return put_progress(s, i, e);
}

enum err state_batch_close(struct state *s, size_t i, struct error *e)
{
    struct progress *p = &s->progress[i];
    p->loading[p->batch % STATE_BATCHES] = (struct batch){p->batch, p->batch_bytes};
    p->batch_bytes = p->batch_rows = 0;
    p->closing = false;
    p->batch++;
    return put_progress(s, i, e);
}

enum err state_batch_clear(struct state *s, size_t i, int64_t batch, struct error *e)
{
    int slot = (int)(batch % STATE_BATCHES);
    s->progress[i].loading[slot] = (struct batch){0};
    /* In this order: a batch longer than what is kept is cut at the next start. */
    enum err err = put_progress(s, i, e);
    if (err == ERR_OK &&
        (ftruncate(s->batch_fds[slot], 0) != 0 || lseek(s->batch_fds[slot], 0, SEEK_SET) < 0))
        err = cannot_write(s, slot, e);
    return err;
}

/* --- comparing --- */

static enum err exec_part(struct state *s, const char *sql, size_t i, struct error *e)
{
    sqlite3_stmt *q = NULL;
    enum err err = ERR_OK;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
        return failed(s, e);
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    if (sqlite3_step(q) != SQLITE_DONE)
        err = failed(s, e);
    (void)sqlite3_finalize(q);
    return err;
}

enum err state_compare_begin(struct state *s, size_t i, struct error *e)
{
    enum err err = exec(s, "BEGIN", e);
    if (err == ERR_OK)
        err = exec_part(s, "UPDATE docs SET found = 0 WHERE part = ? AND found", i, e);
    return err == ERR_OK ? exec_part(s, "DELETE FROM differences WHERE part = ?", i, e) : err;
}

static enum err differ(struct state *s, size_t i, enum difference kind, const char *id,
                       struct error *e)
{
    sqlite3_stmt *q = s->statements[DIFFER];
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    (void)sqlite3_bind_int64(q, 2, kind);
    bind_text(q, 3, id);
    return step(s, DIFFER, e);
}

enum err state_compare(struct state *s, size_t i, const char *id, int64_t version_us,
                       const unsigned char fingerprint[FINGERPRINT_LEN], struct error *e)
{
    sqlite3_stmt *q = s->statements[FIND];
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    bind_text(q, 2, id);
    int code = sqlite3_step(q);
    bool there = code == SQLITE_ROW;
    int64_t version = there ? sqlite3_column_int64(q, 0) : 0;
    bool same = there && sqlite3_column_bytes(q, 1) == FINGERPRINT_LEN &&
                memcmp(sqlite3_column_blob(q, 1), fingerprint, FINGERPRINT_LEN) == 0;
    (void)sqlite3_reset(q);
    if (!there && code != SQLITE_DONE)
        return failed(s, e);
    if (!there)
        return differ(s, i, DIFF_EXTRA, id, e);
    (void)sqlite3_bind_int64(s->statements[FOUND], 1, (int64_t)i);
    bind_text(s->statements[FOUND], 2, id);
    enum err err = step(s, FOUND, e);
    if (err != ERR_OK || same)
        return err;
    return differ(s, i, version_us > version ? DIFF_NEWER : DIFF_DIFFERING, id, e);
}

static enum err count(struct state *s, const char *sql, size_t i, int64_t kind, int64_t *out,
                      struct error *e)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
        return failed(s, e);
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    (void)sqlite3_bind_int64(q, 2, kind);
    enum err err = sqlite3_step(q) == SQLITE_ROW ? ERR_OK : failed(s, e);
    *out = err == ERR_OK ? sqlite3_column_int64(q, 0) : 0;
    (void)sqlite3_finalize(q);
    return err;
}

enum err state_compare_end(struct state *s, size_t i, int64_t counts[DIFF__MAX], int64_t *same,
                           struct error *e)
{
    enum err err = exec_part(s,
                             "INSERT OR REPLACE INTO differences SELECT part, 0, id FROM docs "
                             "WHERE part = ? AND NOT found",
                             i, e);
    for (int kind = 0; err == ERR_OK && kind < DIFF__MAX; kind++)
        err = count(s, "SELECT count(*) FROM differences WHERE part = ? AND kind = ?", i, kind,
                    &counts[kind], e);
    if (err == ERR_OK)
        err = count(s, "SELECT count(*) FROM docs WHERE part = ? AND ?2 = ?2", i, 0, same, e);
    if (err == ERR_OK)
        *same -= counts[DIFF_MISSING] + counts[DIFF_DIFFERING] + counts[DIFF_NEWER];
    return err == ERR_OK ? exec(s, "COMMIT", e) : err;
}

/* --- listing --- */

enum err state_each_difference(struct state *s, size_t i,
                               void (*take)(void *self, enum difference d, const char *id),
                               void *self, struct error *e)
{
    sqlite3_stmt *q = NULL;
    int code;
    if (sqlite3_prepare_v2(s->db,
                           "SELECT kind, id FROM differences WHERE part = ? ORDER BY kind, id", -1,
                           &q, NULL) != SQLITE_OK)
        return failed(s, e);
    (void)sqlite3_bind_int64(q, 1, (int64_t)i);
    while ((code = sqlite3_step(q)) == SQLITE_ROW)
        take(self, (enum difference)sqlite3_column_int(q, 0),
             (const char *)sqlite3_column_text(q, 1));
    enum err err = code == SQLITE_DONE ? ERR_OK : failed(s, e);
    (void)sqlite3_finalize(q);
    return err;
}

enum err state_each_reject(struct state *s,
                           enum err (*take)(void *self, const char *path, const char *reason,
                                            struct error *e),
                           void *self, struct error *e)
{
    sqlite3_stmt *q = NULL;
    int code;
    enum err err = ERR_OK;
    if (sqlite3_prepare_v2(s->db, "SELECT path, reason FROM rejects ORDER BY n", -1, &q, NULL) !=
        SQLITE_OK)
        return failed(s, e);
    while (err == ERR_OK && (code = sqlite3_step(q)) == SQLITE_ROW)
        err = take(self, (const char *)sqlite3_column_text(q, 0),
                   (const char *)sqlite3_column_text(q, 1), e);
    if (err == ERR_OK && code != SQLITE_DONE)
        err = failed(s, e);
    (void)sqlite3_finalize(q);
    return err;
}
