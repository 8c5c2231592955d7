/* Questions about the live tables themselves: there is no copy to keep. */
#include <stdlib.h>
#include <string.h>

#include "postgres/db.h"
#include "postgres/postgres.h"

static const char totals_sql[] =
    "SELECT count(*), count(DISTINCT job_id), coalesce(sum(corrections_count), 0)::bigint "
    "FROM feedback WHERE $1::text IS NULL OR job_id IN (SELECT id FROM jobs WHERE owner = $1)";
static const char actions_sql[] =
    "SELECT c->>'action', count(*) FROM feedback f, "
    "jsonb_array_elements(f.corrections_json::jsonb) "
    "c WHERE $1::text IS NULL OR f.job_id IN (SELECT id FROM jobs WHERE owner = $1) GROUP BY 1";

struct analytics_state {
    struct pg_db *db;
    struct pg_statement totals, actions;
};

static enum err read_totals(struct analytics_state *t, const struct pg_args *owner,
                            struct feedback_stats *out, struct error *e)
{
    PGresult *r = NULL;
    enum err err = pg_db_run(t->db, &t->totals, owner, &r, e);
    if (err == ERR_OK) {
        out->feedback_count = pg_value_number(r, 0, 0);
        out->jobs_with_feedback = pg_value_number(r, 0, 1);
        out->corrections_count = pg_value_number(r, 0, 2);
    }
    PQclear(r);
    return err;
}

static enum err read_actions(struct analytics_state *t, const struct pg_args *owner,
                             struct feedback_stats *out, struct error *e)
{
    PGresult *r = NULL;
    enum err err = pg_db_run(t->db, &t->actions, owner, &r, e);
    for (int row = 0; err == ERR_OK && row < PQntuples(r); row++)
        for (size_t i = 0; i < FEEDBACK_ACTIONS; i++)
            if (strcmp(PQgetvalue(r, row, 0), feedback_action_names[i]) == 0)
                out->by_action[i] = pg_value_number(r, row, 1);
    PQclear(r);
    return err;
}

static enum err analytics_feedback_stats(void *self, const char *owner, struct feedback_stats *out,
                                         struct error *e)
{
    struct pg_args a = {.n = 0};
    memset(out, 0, sizeof *out);
    pg_text(&a, owner);
    enum err err = read_totals(self, &a, out, e);
    return err == ERR_OK ? read_actions(self, &a, out, e) : err;
}

static void analytics_close(void *self)
{
    struct analytics_state *t = self;
    pg_db_close(t->db);
    free(t);
}

static const struct analytics_ops ops = {
    .name = "postgres",
    .feedback_stats = analytics_feedback_stats,
    .close = analytics_close,
};

enum err postgres_analytics_open(const char *url, struct analytics *out, struct error *e)
{
    struct analytics_state *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_no_memory(e);
    t->totals = (struct pg_statement){"feedback_totals", totals_sql, true};
    t->actions = (struct pg_statement){"feedback_actions", actions_sql, true};
    enum err err = pg_db_open(url, &t->db, e);
    if (err != ERR_OK) {
        analytics_close(t);
        return err;
    }
    *out = (struct analytics){&ops, t};
    return ERR_OK;
}
