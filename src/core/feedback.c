#include "core/feedback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "ports/extraction.h"

/* Indexes of feedback_action_names. */
enum { ACTION_DELETE, ACTION_MOVE, ACTION_RESIZE, ACTION_RETYPE };

static enum err read_box(const struct json_at *at, struct error *e)
{
    static const char *const names[] = {"x", "y", "w", "h", NULL};
    double value;
    enum err err = json_read_object(at, e);
    if (err == ERR_OK)
        err = json_only(at, names, e);
    for (size_t i = 0; err == ERR_OK && names[i] != NULL; i++) {
        struct json_at member = json_member(at, names[i]);
        err = json_read_number(&member, 0, 1, &value, e);
    }
    return err;
}

static enum err read_correction(const struct json_at *at, struct feedback *out, struct error *e)
{
    static const char *const members[] = {"action",   "region_id",       "page", "bbox",
                                          "new_bbox", "new_region_type", NULL};
    struct json_at action = json_member(at, "action"), id = json_member(at, "region_id");
    struct json_at page = json_member(at, "page"), bbox = json_member(at, "bbox");
    struct json_at new_bbox = json_member(at, "new_bbox"),
                   new_type = json_member(at, "new_region_type");
    const char *text;
    int64_t number;
    int kind = 0, type;
    enum err err = json_read_object(at, e);
    if (err != ERR_OK || (err = json_only(at, members, e)) != ERR_OK ||
        (err = json_read_enum(&action, feedback_action_names, &kind, e)) != ERR_OK ||
        (err = json_read_string(&id, 1, REGION_ID_MAX, &text, e)) != ERR_OK)
        return err;
    out->by_action[kind]++;
    if (!json_missing(&page) &&
        (err = json_read_integer(&page, 1, INT32_MAX, &number, e)) != ERR_OK)
        return err;
    if (!json_missing(&bbox) && (err = read_box(&bbox, e)) != ERR_OK)
        return err;
    if (kind == ACTION_MOVE || kind == ACTION_RESIZE)
        return read_box(&new_bbox, e);
    if (kind == ACTION_RETYPE)
        return json_read_enum(&new_type, region_type_names, &type, e);
    return ERR_OK;
}

static enum err read_optional_text(const struct json_at *at, char **out, struct error *e)
{
    const char *text;
    if (json_missing(at))
        return ERR_OK;
    enum err err = json_read_string(at, 1, 256, &text, e);
    if (err == ERR_OK && (*out = strdup(text)) == NULL)
        err = error_no_memory(e);
    return err;
}

enum err feedback_read(json_t *body, const struct clock *clock, struct feedback *out,
                       struct error *e)
{
    static const char *const members[] = {"job_id",     "corrections", "user_id",
                                          "session_id", "timestamp",   NULL};
    memset(out, 0, sizeof *out);
    struct json_at root = json_root(body);
    enum err err = json_read_object(&root, e);
    if (err == ERR_OK)
        err = json_only(&root, members, e);
    if (err != ERR_OK)
        return err;
    struct json_at job = json_member(&root, "job_id"), list = json_member(&root, "corrections");
    struct json_at user = json_member(&root, "user_id"), session = json_member(&root, "session_id");
    struct json_at time = json_member(&root, "timestamp");
    const char *text = NULL;
    size_t n = 0;
    if ((err = json_read_string(&job, UUID_LEN, UUID_LEN, &text, e)) != ERR_OK)
        goto out;
    (void)snprintf(out->job_id, sizeof out->job_id, "%s", text);
    if ((err = json_read_array(&list, FEEDBACK_CORRECTIONS_MAX, &n, e)) != ERR_OK)
        goto out;
    if (n == 0) {
        err = json_refuse(&list, e, "must hold at least one correction");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        struct json_at item = json_item(&list, i);
        if ((err = read_correction(&item, out, e)) != ERR_OK)
            goto out;
    }
    if ((err = read_optional_text(&user, &out->user_id, e)) != ERR_OK ||
        (err = read_optional_text(&session, &out->session_id, e)) != ERR_OK)
        goto out;
    out->created_us = out->timestamp_us = clock_now_us(clock);
    if (!json_missing(&time)) {
        if ((err = json_read_string(&time, 1, 64, &text, e)) != ERR_OK)
            goto out;
        if (rfc3339_parse(text, &out->timestamp_us) != 0) {
            err = json_refuse(&time, e, "must be an RFC 3339 time such as 2026-01-02T03:04:05Z");
            goto out;
        }
    }
    random_uuid(out->id);
    out->corrections_count = (int)n;
    (void)snprintf(out->status, sizeof out->status, "pending_analysis");
    out->corrections_json = json_dumps(list.value, JSON_COMPACT);
    if (out->corrections_json == NULL)
        err = error_no_memory(e);
    else if (strlen(out->corrections_json) > FEEDBACK_BYTES_MAX)
        err = json_refuse(&list, e, "must take at most 65536 bytes");
out:
    if (err != ERR_OK)
        feedback_clear(out);
    return err;
}
