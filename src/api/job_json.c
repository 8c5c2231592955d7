/* A job as JSON, by template: this is the answer that clients poll for. */
#include <inttypes.h>
#include <string.h>

#include "api/handlers.h"
#include "base/random.h"

const char *request_owner(const struct request *r)
{
    return (r->auth.scopes & SCOPE_ADMIN) != 0 ? NULL : r->auth.subject;
}

enum err job_id_check(const char *id, struct error *e)
{
    if (uuid_valid(id))
        return ERR_OK;
    return error_set(e, ERR_NOT_FOUND, "There is no job %.64s.", id);
}

/* The store gives a link again while it is good for long, so that polls of one job give the same.
 */
static enum err append_link(const struct services *s, const struct job *j, const char *name,
                            struct buffer *out, int64_t *until_us, struct error *e)
{
    struct buffer url = BUFFER_INIT;
    *until_us = 0;
    if (name == NULL || s == NULL) {
        buffer_puts(out, "null");
        return ERR_OK;
    }
    enum err err =
        s->blobs.ops->download_url(s->blobs.self, name, j->expires_us, &url, until_us, e);
    if (err == ERR_OK)
        buffer_json_string(out, url.data);
    buffer_free(&url);
    return err;
}

/* The client of the replaced service draws progress as a number. */
static void append_progress(bool old_path, const struct job *j, struct buffer *out)
{
    const struct job_progress *p = &j->progress;
    if (old_path)
        buffer_printf(out, "\"progress\":%d,\"progress_detail\":", job_percent(j));
    else
        buffer_puts(out, "\"progress\":");
    buffer_printf(out,
                  "{\"regions_done\":%d,\"regions_total\":%d,\"pages_done\":%d,"
                  "\"pages_total\":%d}",
                  p->regions_done, p->regions_total, p->pages_done, p->pages_total);
}

static void append_error(const struct job *j, struct buffer *out)
{
    buffer_puts(out, ",\"error_code\":");
    buffer_json_string(out, j->error_code[0] != '\0' ? j->error_code : NULL);
    buffer_puts(out, ",\"error_message\":");
    buffer_json_string(out, j->error_message);
}

enum err job_look(void *app, const char *job_id, struct job_sight *out, struct error *e)
{
    const struct services *s = &((struct app *)app)->services;
    struct buffer *text = &out->text;
    struct job *j = NULL;
    enum err err = job_load(s, NULL, job_id, &j, e);
    if (err != ERR_OK)
        return err;
    out->final = job_is_final(j);
    out->version = j->version;
    buffer_printf(text, "{\"job_id\":\"%s\",\"status\":\"%s\",\"outcome\":", j->id,
                  job_status_names[j->status]);
    buffer_json_string(text, j->outcome != OUTCOME_NONE ? job_outcome_names[j->outcome] : NULL);
    buffer_puts(text, ",\"updated_at\":");
    buffer_json_time(text, j->updated_us);
    buffer_printf(text, ",\"attempts\":%d,", j->attempts);
    append_progress(false, j, text);
    append_error(j, text);
    buffer_puts(text, "}");
    job_free(j);
    return buffer_failed(text) ? error_no_memory(e) : ERR_OK;
}

/* s NULL: no links. */
static enum err write_job(const struct services *s, bool old_path, const struct job *j,
                          struct buffer *out, struct error *e)
{
    int64_t until_us = 0, other_until_us;
    const char *outcome = j->outcome != OUTCOME_NONE ? job_outcome_names[j->outcome] : NULL;
    buffer_printf(out, "{\"job_id\":\"%s\",\"status\":\"%s\",\"outcome\":", j->id,
                  job_status_names[j->status]);
    buffer_json_string(out, outcome);
    buffer_puts(out, ",\"created_at\":");
    buffer_json_time(out, j->created_us);
    buffer_puts(out, ",\"updated_at\":");
    buffer_json_time(out, j->updated_us);
    buffer_printf(out, ",\"pdf_id\":\"%s\",\"file_name\":", j->pdf_id);
    buffer_json_string(out, j->file_name);
    buffer_printf(out, ",\"regions_count\":%d,\"output_format\":\"%s\",", j->regions_count,
                  j->output_format);
    append_progress(old_path, j, out);
    buffer_printf(out, ",\"attempts\":%d,\"result_url\":", j->attempts);
    enum err err = append_link(s, j, j->result_name, out, &until_us, e);
    buffer_puts(out, ",\"result_url_expires_at\":");
    buffer_json_time(out, until_us);
    buffer_puts(out, ",\"debug_graph_url\":");
    if (err == ERR_OK)
        err = append_link(s, j, j->debug_graph_name, out, &other_until_us, e);
    buffer_puts(out, ",\"approved_regions_url\":");
    if (err == ERR_OK)
        err = append_link(s, j, j->regions_name, out, &other_until_us, e);
    buffer_printf(out, ",\"approved_regions\":%s",
                  j->approved_regions_json != NULL ? j->approved_regions_json : "[]");
    append_error(j, out);
    buffer_printf(out, ",\"has_feedback\":%s,\"feedback_count\":%d,\"last_feedback_at\":",
                  j->has_feedback ? "true" : "false", j->feedback_count);
    buffer_json_time(out, j->last_feedback_us);
    buffer_puts(out, ",\"expires_at\":");
    buffer_json_time(out, j->expires_us);
    buffer_puts(out, "}");
    return err;
}

enum err job_json(const struct services *s, const struct request *r, const struct job *j,
                  struct buffer *out, struct error *e)
{
    return write_job(s, r->old_path, j, out, e);
}

void job_json_without_links(const struct job *j, struct buffer *out)
{
    struct error unused;
    (void)write_job(NULL, false, j, out, &unused);
}
