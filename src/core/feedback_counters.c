#include <string.h>

#include "base/text.h"
#include "core/feedback.h"

enum { ENTRIES, JOBS, CORRECTIONS, ACTIONS };

/* feedback-KIND-OWNER; feedback-KIND: everybody's. The upgrades of the tables know these names
 * (local/sqlite_schema.c, postgres/schema.c). */
static void name_counters(const char *owner, struct counter out[FEEDBACK_COUNTERS])
{
    static const char *const kinds[ACTIONS] = {"entries", "jobs", "corrections"};
    memset(out, 0, FEEDBACK_COUNTERS * sizeof *out);
    for (size_t i = 0; i < FEEDBACK_COUNTERS; i++)
        text_format(out[i].name, sizeof out[i].name, "feedback-%s%s%s",
                    i < ACTIONS ? kinds[i] : feedback_action_names[i - ACTIONS],
                    owner != NULL ? "-" : "", owner != NULL ? owner : "");
}

static size_t add(const char *owner, const struct job *j, const struct feedback *f,
                  struct counter *out)
{
    struct counter all[FEEDBACK_COUNTERS];
    size_t n = 0;
    name_counters(owner, all);
    all[ENTRIES].n = 1;
    all[JOBS].n = j->has_feedback ? 0 : 1;
    all[CORRECTIONS].n = f->corrections_count;
    for (size_t i = 0; i < FEEDBACK_ACTIONS; i++)
        all[ACTIONS + i].n = f->by_action[i];
    for (size_t i = 0; i < FEEDBACK_COUNTERS; i++)
        if (all[i].n > 0)
            out[n++] = all[i];
    return n;
}

size_t feedback_counters(const struct job *j, const struct feedback *f,
                         struct counter out[2 * FEEDBACK_COUNTERS])
{
    size_t n = add(j->owner, j, f, out);
    return n + add(NULL, j, f, out + n);
}

enum err feedback_stats_read(const struct job_store *jobs, const char *owner,
                             struct feedback_stats *out, struct error *e)
{
    struct counter all[FEEDBACK_COUNTERS];
    name_counters(owner, all);
    enum err err = jobs->ops->counters(jobs->self, all, FEEDBACK_COUNTERS, e);
    out->feedback_count = all[ENTRIES].n;
    out->jobs_with_feedback = all[JOBS].n;
    out->corrections_count = all[CORRECTIONS].n;
    for (size_t i = 0; i < FEEDBACK_ACTIONS; i++)
        out->by_action[i] = all[ACTIONS + i].n;
    return err;
}
