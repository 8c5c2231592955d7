#include "google/firestore_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/firestore_value.h"
#include "ports/job_fields.h"

json_t *firestore_json_value(const char *text)
{
    json_t *plain = text != NULL ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    json_t *value = plain != NULL ? fs_from_json(plain) : fs_string(NULL);
    json_decref(plain);
    return value;
}

static json_t *value_of(const struct job_field *f, const struct job *j)
{
    if (f->kind == JOB_FIELD_TIME)
        return fs_time(job_field_number(f, j));
    if (f->kind == JOB_FIELD_BOOL)
        return fs_boolean(job_field_number(f, j) != 0);
    if (!job_field_is_text(f))
        return fs_integer(job_field_number(f, j));
    const char *text = job_field_text(f, j);
    if (f->kind == JOB_FIELD_JSON)
        return firestore_json_value(text);
    return fs_string(text != NULL && text[0] == '\0' && f->kind == JOB_FIELD_TEXT ? NULL : text);
}

/* The `fields` that hold a field's value; made when they are a map's and there is none yet. */
static json_t *fields_with(json_t *fields, const char *map)
{
    if (map == NULL)
        return fields;
    if (json_object_get(fields, map) == NULL)
        (void)json_object_set_new(fields, map, json_pack("{s:{s:{}}}", "mapValue", "fields"));
    return json_object_get(json_object_get(json_object_get(fields, map), "mapValue"), "fields");
}

/* The regions come with the completion: written back by other changes, values of others' that JSON
 * has no type for would become text. */
static bool is_written(const struct job_field *f, const struct job *j, bool all)
{
    return f->changes ? f->kind != JOB_FIELD_JSON || j->status == JOB_COMPLETED : all;
}

json_t *firestore_job_fields(const struct job *j, const char *write_id, bool all)
{
    json_t *fields = json_object();
    bool ok = json_object_set_new(fields, "write_id", fs_string(write_id)) == 0;
    for (size_t i = 0; ok && i < job_fields_count; i++) {
        const struct job_field *f = &job_fields[i];
        if (is_written(f, j, all))
            ok = json_object_set_new(fields_with(fields, f->map), f->document, value_of(f, j)) == 0;
    }
    if (!ok) {
        json_decref(fields);
        fields = NULL;
    }
    return fields;
}

void firestore_copy(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from != NULL ? from : "");
}

static bool read_field(const json_t *fields, const struct job_field *f, struct job *j)
{
    const json_t *in = f->map != NULL ? fs_get_map(fields, f->map) : fields;
    if (f->kind == JOB_FIELD_TIME)
        job_field_set_number(f, j, fs_get_time(in, f->document));
    else if (f->kind == JOB_FIELD_BOOL)
        job_field_set_number(f, j, fs_get_boolean(in, f->document));
    else if (!job_field_is_text(f))
        job_field_set_number(f, j, fs_get_integer(in, f->document));
    else if (f->kind != JOB_FIELD_JSON)
        return job_field_set_text(f, j, fs_get_string(in, f->document));
    else {
        char *text = fs_get_json_text(in, f->document);
        bool ok = job_field_set_text(f, j, text);
        free(text);
        return ok;
    }
    return true;
}

struct job *firestore_job_read(const json_t *document)
{
    const json_t *fields = json_object_get(document, "fields");
    const char *name = json_string_value(json_object_get(document, "name"));
    const char *slash = name != NULL ? strrchr(name, '/') : NULL;
    struct job *j = slash != NULL ? job_new() : NULL;
    bool ok = j != NULL;
    for (size_t i = 0; ok && i < job_fields_count; i++)
        ok = read_field(fields, &job_fields[i], j);
    if (!ok) {
        job_free(j);
        return NULL;
    }
    firestore_copy(j->id, sizeof j->id, slash + 1);
    firestore_copy(j->revision, sizeof j->revision,
                   json_string_value(json_object_get(document, "updateTime")));
    return j;
}
