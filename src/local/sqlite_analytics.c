/* Questions about the live tables themselves: there is no copy to keep. */
#include <stdlib.h>
#include <string.h>

#include "local/local.h"
#include "local/sqlite_db.h"

static const char totals_sql[] =
    "SELECT count(*), count(DISTINCT job_id), coalesce(sum(corrections_count),0) FROM feedback "
    "WHERE ?1 IS NULL OR job_id IN (SELECT id FROM jobs WHERE owner=?1)";
static const char actions_sql[] =
    "SELECT json_extract(c.value,'$.action'), count(*) FROM feedback f, "
    "json_each(f.corrections_json) c WHERE ?1 IS NULL OR f.job_id IN (SELECT id FROM jobs WHERE "
    "owner=?1) GROUP BY 1";

struct analytics_state {
    sqlite3 *db;
    sqlite3_stmt *totals, *actions;
};

static void bind_owner(sqlite3_stmt *s, const char *owner)
{
    if (owner != NULL)
        (void)sqlite3_bind_text(s, 1, owner, -1, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(s, 1);
}

static enum err read_totals(struct analytics_state *t, const char *owner,
                            struct feedback_stats *out, struct error *e)
{
    enum err err = ERR_OK;
    bind_owner(t->totals, owner);
    if (sqlite3_step(t->totals) == SQLITE_ROW) {
        out->feedback_count = sqlite3_column_int64(t->totals, 0);
        out->jobs_with_feedback = sqlite3_column_int64(t->totals, 1);
        out->corrections_count = sqlite3_column_int64(t->totals, 2);
    } else {
        err = sqlite_db_error(t->db, e);
    }
    (void)sqlite3_reset(t->totals);
    return err;
}

static enum err read_actions(struct analytics_state *t, const char *owner,
                             struct feedback_stats *out, struct error *e)
{
    enum err err = ERR_OK;
    int step;
    bind_owner(t->actions, owner);
    while (err == ERR_OK && (step = sqlite3_step(t->actions)) != SQLITE_DONE) {
        const char *name = NULL;
        if (step == SQLITE_ROW)
            name = (const char *)sqlite3_column_text(t->actions, 0);
        else
            err = sqlite_db_error(t->db, e);
        for (size_t i = 0; name != NULL && i < FEEDBACK_ACTIONS; i++)
            if (strcmp(name, feedback_action_names[i]) == 0)
                out->by_action[i] = sqlite3_column_int64(t->actions, 1);
    }
    (void)sqlite3_reset(t->actions);
    return err;
}

static enum err analytics_feedback_stats(void *self, const char *owner, struct feedback_stats *out,
                                         struct error *e)
{
    memset(out, 0, sizeof *out);
    enum err err = read_totals(self, owner, out, e);
    return err == ERR_OK ? read_actions(self, owner, out, e) : err;
}

static void analytics_close(void *self)
{
    struct analytics_state *t = self;
    (void)sqlite3_finalize(t->totals);
    (void)sqlite3_finalize(t->actions);
    (void)sqlite3_close(t->db);
    free(t);
}

static const struct analytics_ops ops = {
    .name = "sqlite",
    .feedback_stats = analytics_feedback_stats,
    .close = analytics_close,
};

enum err sqlite_analytics_open(const char *path, struct analytics *out, struct error *e)
{
    struct analytics_state *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    enum err err = sqlite_db_open(path, &t->db, e);
    if (err == ERR_OK)
        err = sqlite_db_prepare(t->db, totals_sql, &t->totals, e);
    if (err == ERR_OK)
        err = sqlite_db_prepare(t->db, actions_sql, &t->actions, e);
    if (err != ERR_OK) {
        analytics_close(t);
        return err;
    }
    *out = (struct analytics){&ops, t};
    return ERR_OK;
}
