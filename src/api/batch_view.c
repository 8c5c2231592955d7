#include "api/batch_view.h"

#include <stdlib.h>
#include <string.h>

#include "api/result.h"
#include "http/problem.h"

/* What an item is: its job's state, or why there is none. */
enum { ITEM_REFUSED = JOB_STATUS__MAX, ITEM_GONE, ITEM_STATUS__MAX };

static int status_of(const struct batch_item *item, const struct job *j)
{
    if (j != NULL)
        return (int)j->status;
    return item->job_id[0] == '\0' ? ITEM_REFUSED : ITEM_GONE;
}

static const char *status_name(int status)
{
    if (status < JOB_STATUS__MAX)
        return job_status_names[status];
    return status == ITEM_REFUSED ? "refused" : "gone";
}

enum err batch_view_fill(const struct services *s, const char *owner, struct batch_view *v,
                         struct error *e)
{
    const struct batch *b = &v->batch;
    enum err err = ERR_OK;
    v->unfinished = v->completed = 0;
    if ((v->jobs = calloc(b->n + 1, sizeof(struct job *))) == NULL)
        return error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++) {
        struct job **j = &v->jobs[i];
        if (b->items[i].job_id[0] == '\0')
            continue;
        err = job_load(s, owner, b->items[i].job_id, j, e);
        if (err == ERR_NOT_FOUND)
            err = ERR_OK;
        v->unfinished += *j != NULL && !job_is_final(*j);
        v->completed += *j != NULL && (*j)->status == JOB_COMPLETED;
    }
    return err;
}

void batch_view_free(struct batch_view *v)
{
    for (size_t i = 0; v->jobs != NULL && i < v->batch.n; i++)
        job_free(v->jobs[i]);
    free(v->jobs);
    v->jobs = NULL;
    batch_free(&v->batch);
}

bool batch_view_problem(const struct batch_view *v, size_t i, struct error *why)
{
    const struct batch_item *item = &v->batch.items[i];
    const struct job *j = v->jobs[i];
    if (j != NULL && (!job_is_final(j) || j->status == JOB_COMPLETED))
        return false;
    if (j != NULL)
        (void)result_explain_end(j, why);
    else if (item->job_id[0] == '\0')
        (void)error_set(why, item->refusal, "%s", item->detail);
    else
        (void)error_set(why, ERR_GONE,
                        "The job is not there any more: it was deleted, or its time is over.");
    return true;
}

void batch_view_write_item(const struct batch_view *v, size_t i, const struct error *problem,
                           struct buffer *out)
{
    const struct batch_item *item = &v->batch.items[i];
    const struct job *j = v->jobs[i];
    bool ended = j != NULL && j->outcome != OUTCOME_NONE;
    buffer_printf(out, "\"pdf_id\":\"%s\",\"file_name\":", item->pdf_id);
    buffer_json_string(out, j != NULL ? j->file_name : NULL);
    buffer_puts(out, ",\"job_id\":");
    buffer_json_string(out, item->job_id[0] != '\0' ? item->job_id : NULL);
    buffer_printf(out, ",\"status\":\"%s\",\"outcome\":", status_name(status_of(item, j)));
    buffer_json_string(out, ended ? job_outcome_names[j->outcome] : NULL);
    buffer_puts(out, ",\"problem\":");
    if (problem != NULL) {
        problem_open(problem, out);
        buffer_puts(out, "}");
    } else {
        buffer_puts(out, "null");
    }
}

static void write_state(const struct batch_view *v, struct buffer *out)
{
    const char *status = v->unfinished > 0  ? "processing"
                         : v->completed > 0 ? "completed"
                                            : "failed";
    const char *outcome = v->unfinished > 0            ? NULL
                          : v->completed == v->batch.n ? "success"
                          : v->completed > 0           ? "partial_success"
                                                       : "failed";
    size_t counts[ITEM_STATUS__MAX] = {0};
    for (size_t i = 0; i < v->batch.n; i++)
        counts[status_of(&v->batch.items[i], v->jobs[i])]++;
    buffer_printf(out, ",\"status\":\"%s\",\"outcome\":", status);
    buffer_json_string(out, outcome);
    buffer_puts(out, ",\"counts\":{");
    for (int i = 0; i < ITEM_STATUS__MAX; i++)
        buffer_printf(out, "%s\"%s\":%zu", i > 0 ? "," : "", status_name(i), counts[i]);
    buffer_puts(out, "}");
}

void batch_view_write(const struct batch_view *v, struct buffer *out)
{
    struct error why;
    buffer_printf(out, "{\"batch_id\":\"%s\",\"created_at\":", v->batch.id);
    buffer_json_time(out, v->batch.created_us);
    write_state(v, out);
    buffer_puts(out, ",\"items\":[");
    for (size_t i = 0; i < v->batch.n; i++) {
        buffer_puts(out, i > 0 ? ",\n{" : "\n{");
        batch_view_write_item(v, i, batch_view_problem(v, i, &why) ? &why : NULL, out);
        buffer_puts(out, "}");
    }
    buffer_puts(out, "]}");
}
