#include "google/gemini_reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"

static enum err bad(struct error *e)
{
    return error_set(e, ERR_UNAVAILABLE, "Gemini gave an answer that cannot be used.");
}

/* --- the answer around the model's text --- */

static enum err no_candidate(const json_t *reply, struct error *e)
{
    const json_t *feedback = json_object_get(reply, "promptFeedback");
    const char *reason = json_string_value(json_object_get(feedback, "blockReason"));
    return error_set(e, ERR_UNPROCESSABLE, "Gemini did not answer: %.40s.",
                     reason != NULL ? reason : "no candidate");
}

static enum err check_finished(const json_t *candidate, struct error *e)
{
    const char *reason = json_string_value(json_object_get(candidate, "finishReason"));
    if (reason == NULL)
        return bad(e);
    if (strcmp(reason, "STOP") == 0)
        return ERR_OK;
    if (strcmp(reason, "MAX_TOKENS") == 0)
        return error_set(e, ERR_UNPROCESSABLE,
                         "Gemini did not finish: the table is too large; mark a smaller region.");
    return error_set(e, ERR_UNPROCESSABLE, "Gemini did not finish: %.40s.", reason);
}

static enum err collect_text(const json_t *candidate, struct buffer *out, struct error *e)
{
    const json_t *parts = json_object_get(json_object_get(candidate, "content"), "parts");
    if (!json_is_array(parts))
        return bad(e);
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *text = json_object_get(json_array_get(parts, i), "text");
        if (json_is_string(text))
            buffer_append(out, json_string_value(text), json_string_length(text));
    }
    return buffer_failed(out) ? error_no_memory(e) : ERR_OK;
}

/* --- the table in it --- */

static enum err wrong_table(const struct error *why, struct error *e)
{
    error_set(e, ERR_UNPROCESSABLE, "Gemini gave a table that cannot be used.");
    return error_cause(e, "%s", why->detail);
}

static enum err take_row(const struct json_at *row, size_t n, struct table_proposal *out,
                         struct error *e)
{
    enum err err = ERR_OK;
    char **grown = realloc(out->texts, (out->n_texts + n + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    out->texts = grown;
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct json_at cell = json_item(row, i);
        const char *text = NULL;
        err = json_read_string(&cell, 0, GEMINI_CELL_MAX, &text, e);
        if (err == ERR_OK && (grown[out->n_texts] = strdup(text)) == NULL)
            err = error_no_memory(e);
        out->n_texts += err == ERR_OK;
    }
    out->cols[out->n_rows++] = n;
    return err;
}

static enum err take_rows(const struct json_at *rows, size_t n, struct table_proposal *out,
                          struct error *e)
{
    enum err err = ERR_OK;
    out->cols = calloc(n + 1, sizeof *out->cols);
    if (out->cols == NULL)
        return error_no_memory(e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct json_at row = json_item(rows, i);
        size_t cols = 0;
        err = json_read_array(&row, GEMINI_COLS_MAX, &cols, e);
        if (err == ERR_OK)
            err = take_row(&row, cols, out, e);
    }
    return err;
}

static enum err read_table(const struct buffer *text, struct table_proposal *out, struct error *e)
{
    json_t *tree = NULL;
    size_t n = 0;
    struct error why = {0};
    enum err err = json_parse(text->len > 0 ? text->data : "", text->len, &tree, &why);
    struct json_at root = json_root(tree), rows = json_member(&root, "rows");
    if (err == ERR_OK)
        err = json_read_object(&root, &why);
    if (err == ERR_OK)
        err = json_read_array(&rows, GEMINI_ROWS_MAX, &n, &why);
    if (err == ERR_OK)
        err = take_rows(&rows, n, out, &why);
    json_decref(tree);
    if (err == ERR_INTERNAL)
        return error_no_memory(e);
    return err == ERR_OK ? ERR_OK : wrong_table(&why, e);
}

enum err gemini_reply_read(const json_t *reply, struct table_proposal *out, struct error *e)
{
    const json_t *candidates = json_object_get(reply, "candidates");
    const json_t *candidate = json_array_get(candidates, 0);
    struct buffer text = BUFFER_INIT;
    memset(out, 0, sizeof *out);
    if (!json_is_object(reply) || (candidates != NULL && !json_is_array(candidates)))
        return bad(e);
    if (candidate == NULL)
        return no_candidate(reply, e);
    enum err err = check_finished(candidate, e);
    if (err == ERR_OK)
        err = collect_text(candidate, &text, e);
    if (err == ERR_OK)
        err = read_table(&text, out, e);
    buffer_free(&text);
    if (err != ERR_OK)
        table_proposal_free(out);
    return err;
}
