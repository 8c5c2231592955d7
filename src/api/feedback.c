/* Corrections to detected regions. */
#include "core/feedback.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"
#include "base/json.h"

#define FEEDBACK_PAGE 100 /* entries, where page_size is not given */

static void append_feedback(struct buffer *out, const struct feedback *f)
{
    buffer_printf(out,
                  "{\"id\":\"%s\",\"job_id\":\"%s\",\"corrections\":%s,"
                  "\"corrections_count\":%d,\"user_id\":",
                  f->id, f->job_id, f->corrections_json, f->corrections_count);
    buffer_json_string(out, f->user_id);
    buffer_puts(out, ",\"session_id\":");
    buffer_json_string(out, f->session_id);
    buffer_puts(out, ",\"timestamp\":");
    buffer_json_time(out, f->timestamp_us);
    buffer_printf(out, ",\"status\":\"%s\",\"created_at\":", f->status);
    buffer_json_time(out, f->created_us);
    buffer_puts(out, "}");
}

enum err feedback_create(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct feedback f = {0};
    json_t *body = NULL;
    enum err err = request_json(r, &body, e);
    if (err == ERR_OK)
        err = feedback_read(body, s->clock, &f, e);
    if (err == ERR_OK)
        err = job_id_check(f.job_id, e);
    if (err == ERR_OK)
        err = job_add_feedback(s, request_owner(r), &f, e);
    if (err == ERR_OK) {
        p->status = 201;
        memcpy(p->job_id, f.job_id, sizeof p->job_id);
        append_feedback(&p->body, &f);
    }
    feedback_clear(&f);
    json_decref(body);
    return err;
}

/* One more than the page has is asked for, to see whether there is a next one. */
static enum err read_feedback_page(const struct services *s, const struct request *r,
                                   struct feedback_list *list, char **next, struct error *e)
{
    struct feedback after = {0};
    char token[128];
    bool has_token = false;
    int size = FEEDBACK_PAGE;
    enum err err = page_query_read(r, &size, token, &has_token, e);
    if (err == ERR_OK && has_token)
        err = page_token_read(token, &after.created_us, after.id, e);
    if (err == ERR_OK)
        err = s->jobs.ops->feedback_list(s->jobs.self, r->params[0], has_token ? &after : NULL,
                                         size + 1, list, e);
    if (err != ERR_OK || list->n <= (size_t)size)
        return err;
    feedback_clear(&list->items[--list->n]);
    const struct feedback *last = &list->items[list->n - 1];
    *next = page_token_make(last->created_us, last->id);
    return *next != NULL ? ERR_OK : error_no_memory(e);
}

enum err feedback_of_job(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct feedback_list list = {0};
    struct job *j = NULL;
    char *next = NULL;
    enum err err = job_id_check(r->params[0], e);
    if (err == ERR_OK)
        err = job_load(s, request_owner(r), r->params[0], &j, e);
    if (err == ERR_OK)
        err = read_feedback_page(s, r, &list, &next, e);
    buffer_puts(&p->body, "{\"feedback\":[");
    for (size_t i = 0; i < list.n; i++) {
        buffer_puts(&p->body, i > 0 ? "," : "");
        append_feedback(&p->body, &list.items[i]);
    }
    buffer_printf(&p->body,
                  "],\"count\":%d,\"next_page_token\":", j != NULL ? j->feedback_count : 0);
    buffer_json_string(&p->body, next);
    buffer_puts(&p->body, "}");
    free(next);
    job_free(j);
    feedback_list_free(&list);
    return err;
}

enum err feedback_statistics(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct feedback_stats t;
    enum err err = feedback_stats_read(&s->jobs, request_owner(r), &t, e);
    if (err != ERR_OK)
        return err;
    buffer_printf(&p->body,
                  "{\"feedback_count\":%" PRId64 ",\"jobs_with_feedback\":%" PRId64
                  ",\"corrections_count\":%" PRId64 ",\"by_action\":{\"delete\":%" PRId64
                  ",\"move\":%" PRId64 ",\"resize\":%" PRId64 ",\"retype\":%" PRId64 "}}",
                  t.feedback_count, t.jobs_with_feedback, t.corrections_count, t.by_action[0],
                  t.by_action[1], t.by_action[2], t.by_action[3]);
    return ERR_OK;
}
