/* Feedback in Firestore, and what is counted of it: in the commit that stores it, by increments. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "google/firestore_counter.h"
#include "google/firestore_job.h"
#include "google/firestore_query.h"
#include "google/firestore_store.h"
#include "google/firestore_value.h"

#define FEEDBACK_PAGE 200 /* erased at once */

static json_t *feedback_fields(const struct feedback *f)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", fs_string(f->id), "job_id",
                     fs_string(f->job_id), "corrections", firestore_json_value(f->corrections_json),
                     "corrections_count", fs_integer(f->corrections_count), "user_id",
                     fs_string(f->user_id), "session_id", fs_string(f->session_id), "timestamp",
                     fs_time(f->timestamp_us), "status", fs_string(f->status), "created_at",
                     fs_time(f->created_us), "expires_at", fs_time(f->expires_us));
}

/* A page of a job's feedback, oldest first: the next one after `after`, or the first. An offset
 * would have all before it read, and billed, again. */
static json_t *feedback_query(const struct firestore *t, const char *job_id,
                              const struct feedback *after, int max)
{
    char name[NAME_MAX_LEN];
    json_t *q =
        firestore_query(t->feedback, firestore_condition("job_id", "EQUAL", fs_string(job_id)),
                        json_pack("[o,o]", firestore_order("created_at", "ASCENDING"),
                                  firestore_order("__name__", "ASCENDING")),
                        max);
    if (after == NULL || q == NULL)
        return q;
    firestore_name(t, t->feedback, after->id, name);
    json_t *at = json_pack("{s:[o,{s:s}],s:b}", "values", fs_time(after->created_us),
                           "referenceValue", name, "before", 0);
    if (json_object_set_new(q, "startAt", at) != 0) {
        json_decref(q);
        q = NULL;
    }
    return q;
}

static bool take_feedback(void *to, const json_t *document)
{
    struct feedback_list *list = to;
    const json_t *d = json_object_get(document, "fields");
    struct feedback *grown = realloc(list->items, (list->n + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    list->items = grown;
    struct feedback *f = &grown[list->n];
    memset(f, 0, sizeof *f);
    firestore_copy(f->id, sizeof f->id, fs_get_string(d, "id"));
    firestore_copy(f->job_id, sizeof f->job_id, fs_get_string(d, "job_id"));
    firestore_copy(f->status, sizeof f->status, fs_get_string(d, "status"));
    f->corrections_count = (int)fs_get_integer(d, "corrections_count");
    f->timestamp_us = fs_get_time(d, "timestamp");
    f->created_us = fs_get_time(d, "created_at");
    bool ok = (f->corrections_json = fs_get_json_text(d, "corrections")) != NULL ||
              (f->corrections_json = strdup("[]")) != NULL;
    f->user_id = text_dup(fs_get_string(d, "user_id"), &ok);
    f->session_id = text_dup(fs_get_string(d, "session_id"), &ok);
    list->n++;
    return ok;
}

/* The job's own count. Its first feedback is one only while the job is as it was read. */
static json_t *count_on_job(const struct firestore *t, const struct job *j,
                            const struct feedback *f)
{
    char name[NAME_MAX_LEN];
    firestore_name(t, t->collection, j->id, name);
    json_t *condition = j->has_feedback ? json_pack("{s:b}", "exists", 1)
                                        : json_pack("{s:s}", "updateTime", j->revision);
    return json_pack("{s:{s:s,s:{s:o,s:o}},s:{s:[s,s]},s:[{s:s,s:o},{s:s,s:o}],s:o}", "update",
                     "name", name, "fields", "has_feedback", fs_boolean(true), "last_feedback_at",
                     fs_time(f->created_us), "updateMask", "fieldPaths", "has_feedback",
                     "last_feedback_at", "updateTransforms", "fieldPath", "feedback_count",
                     "increment", fs_integer(1), "fieldPath", "version", "increment", fs_integer(1),
                     "currentDocument", condition);
}

enum err firestore_feedback_add(void *self, const struct job *j, const struct feedback *f,
                                const struct counter *add, size_t n, struct error *e)
{
    struct firestore *t = self;
    struct google_reply r;
    char own[NAME_MAX_LEN];
    firestore_name(t, t->feedback, f->id, own);
    json_t *writes =
        json_pack("[o,o]", firestore_create(own, feedback_fields(f), NULL), count_on_job(t, j, f));
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(
            writes, firestore_counter_add(t->documents, t->collection, add[i].name, add[i].n));
    enum err err = firestore_commit(t, writes, &r, e);
    if (err == ERR_CONFLICT)
        err = firestore_find_created(t, t->feedback, f->id, "id", f->id, e);
    google_reply_clear(&r);
    if (err == ERR_NOT_FOUND)
        err = error_set(e, ERR_CONFLICT, "The job is gone.");
    return err == ERR_CONFLICT && j->has_feedback ? firestore_refused(e) : err;
}

enum err firestore_counters(void *self, struct counter *io, size_t n, struct error *e)
{
    const struct firestore *t = self;
    return firestore_counters_read(t->client, t->documents, t->collection, io, n, e);
}

enum err firestore_feedback_list(void *self, const char *job_id, const struct feedback *after,
                                 int max, struct feedback_list *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    enum err err =
        firestore_run_query(self, feedback_query(self, job_id, after, max), take_feedback, out, e);
    if (err != ERR_OK)
        feedback_list_free(out);
    return err;
}

static bool take_name(void *writes, const json_t *document)
{
    const char *name = json_string_value(json_object_get(document, "name"));
    return json_array_append_new(writes, json_pack("{s:s}", "delete", name)) == 0;
}

enum err firestore_feedback_remove(struct firestore *t, const char *job_id, struct error *e)
{
    enum err err;
    size_t n;
    do {
        struct google_reply r = {0};
        json_t *writes = json_array();
        err = firestore_run_query(t, feedback_query(t, job_id, NULL, FEEDBACK_PAGE), take_name,
                                  writes, e);
        n = json_array_size(writes);
        if (err == ERR_OK && n > 0)
            err = firestore_commit(t, json_incref(writes), &r, e);
        google_reply_clear(&r);
        json_decref(writes);
    } while (err == ERR_OK && n == FEEDBACK_PAGE);
    return err;
}
