/* POST /extract/file: upload, extraction and result in one call. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/extract.h"
#include "api/handlers.h"
#include "api/pdf_password.h"
#include "api/result.h"
#include "api/upload.h"
#include "api/wait.h"
#include "base/json.h"
#include "core/extraction_request.h"
#include "core/template.h"
#include "formats/format.h"

#define DEFAULT_WAIT_S 30

/* What may be asked for, as a field of the form or in the query; but for `format` each is a member
 * of the body of POST /extract. */
static const struct option {
    const char *name;
    enum { OPTION_TEXT, OPTION_FLAG, OPTION_LIST, OPTION_JSON, OPTION_SECRET, OPTION_FIELD } kind;
} options[] = {
    {"format", OPTION_TEXT},          {"pages", OPTION_TEXT},          {"engine", OPTION_TEXT},
    {"escape_formulas", OPTION_FLAG}, {"join_pages", OPTION_FLAG},     {"languages", OPTION_LIST},
    {"also_formats", OPTION_LIST},    {"regions", OPTION_JSON},        {"tables", OPTION_TEXT},
    {"table", OPTION_JSON},           {"source_columns", OPTION_FLAG}, {"bom", OPTION_FLAG},
    {"password", OPTION_SECRET},      {"callback_url", OPTION_FIELD},  {"template", OPTION_TEXT},
};
#define N_OPTIONS (sizeof options / sizeof options[0])

static enum err only_known(json_t *fields, struct error *e)
{
    const char *name;
    json_t *value;
    json_object_foreach(fields, name, value)
    {
        struct buffer known = BUFFER_INIT;
        bool found = false;
        for (size_t i = 0; i < N_OPTIONS; i++) {
            found = found || strcmp(name, options[i].name) == 0;
            buffer_printf(&known, "%s%s", i > 0 ? " " : "", options[i].name);
        }
        if (!found && !buffer_failed(&known))
            (void)error_set(e, ERR_UNKNOWN_NAME,
                            "The field %.64s is not known here; known: file %s.", name, known.data);
        bool failed = buffer_failed(&known);
        buffer_free(&known);
        if (failed)
            return error_no_memory(e);
        if (!found)
            return ERR_UNKNOWN_NAME;
    }
    return ERR_OK;
}

static json_t *split(const char *text)
{
    json_t *list = json_array();
    for (size_t n; *text != '\0'; text += n + (text[n] == ',')) {
        n = strcspn(text, ",");
        if (json_array_append_new(list, json_stringn(text, n)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The value of an option as POST /extract would have it. */
static enum err read_value(const struct option *o, const char *text, json_t **out, struct error *e)
{
    if (o->kind == OPTION_FLAG && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return error_set(e, ERR_UNPROCESSABLE, "%s: must be true or false", o->name);
    if (o->kind == OPTION_FLAG)
        *out = json_boolean(strcmp(text, "true") == 0);
    else if (o->kind == OPTION_LIST)
        *out = split(text);
    else if (o->kind == OPTION_TEXT || o->kind == OPTION_SECRET || o->kind == OPTION_FIELD)
        *out = json_string(text);
    else if ((*out = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL)) == NULL)
        return error_set(e, ERR_UNPROCESSABLE, "%s: must be JSON", o->name);
    return *out != NULL ? ERR_OK : error_no_memory(e);
}

/* As request_query, or the header of a secret, which no address may have. */
static enum err outside_the_form(const struct request *r, const struct option *o,
                                 struct buffer *out, bool *found, struct error *e)
{
    char password[PDF_PASSWORD_MAX + 1];
    if (o->kind == OPTION_FIELD) /* its query may be a secret, and addresses are logged */
        return ERR_OK;
    if (o->kind != OPTION_SECRET)
        return request_query(r, o->name, out, found, e);
    enum err err = pdf_password_header(r, password, e);
    *found = err == ERR_OK && password[0] != '\0';
    if (*found)
        buffer_puts(out, password);
    explicit_bzero(password, sizeof password);
    return err;
}

/* Adds an option to body, if it is given: once, as a field or outside the form. */
static enum err read_option(const struct request *r, const json_t *fields, const struct option *o,
                            json_t *body, struct error *e)
{
    struct buffer query = BUFFER_INIT;
    const char *field = json_string_value(json_object_get(fields, o->name));
    bool found = false;
    json_t *value = NULL;
    enum err err = outside_the_form(r, o, &query, &found, e);
    if (err == ERR_OK && found && (field != NULL || json_object_get(body, o->name) != NULL))
        err = error_set(e, ERR_UNPROCESSABLE, "%s: is given twice", o->name);
    if (err == ERR_OK && found)
        field = query.data != NULL ? query.data : "";
    if (err == ERR_OK && field != NULL)
        err = read_value(o, field, &value, e);
    if (err == ERR_OK && field != NULL && json_object_set_new(body, o->name, value) != 0)
        err = error_no_memory(e);
    buffer_free(&query);
    return err;
}

/* A body of JSON has the members of POST /extract, but for the document. */
static enum err take_members(json_t *members, json_t *body, struct error *e)
{
    const struct json_at root = json_root(members), pdf_id = json_member(&root, "pdf_id");
    enum err err = extraction_request_only_known(members, e);
    if (err == ERR_OK && pdf_id.value != NULL)
        err = json_refuse(&pdf_id, e, "is what source_url gives; send one of them");
    if (err == ERR_OK && json_object_update(body, members) != 0)
        err = error_no_memory(e);
    return err;
}

/* The body that POST /extract/agentic would have had. */
static enum err make_body(const struct request *r, const struct incoming *in, json_t *body,
                          struct error *e)
{
    enum err err =
        in->members != NULL ? take_members(in->members, body, e) : only_known(in->fields, e);
    int format = -1;
    for (size_t i = 0; err == ERR_OK && i < N_OPTIONS; i++)
        err = read_option(r, in->fields, &options[i], body, e);
    if (err == ERR_OK && json_object_set_new(body, "pdf_id", json_string(in->sha256)) != 0)
        err = error_no_memory(e);
    if (err != ERR_OK || json_object_get(body, "output_format") != NULL)
        return err != ERR_OK ? err : extraction_request_only_known(body, e);
    err = result_format(r, json_string_value(json_object_get(body, "format")), 0, &format, e);
    if (err != ERR_OK)
        return err;
    (void)json_object_del(body, "format");
    return json_object_set_new(body, "output_format", json_string(format_names[format])) == 0
               ? extraction_request_only_known(body, e)
               : error_no_memory(e);
}

/* Queues the job once the document is stored. */
static enum err submit(struct app *app, const struct request *r, const struct incoming *in,
                       const struct extraction_request *extraction, struct job **out,
                       struct error *e)
{
    struct buffer text = BUFFER_INIT;
    bool duplicate;
    extraction_request_write(extraction, &text);
    enum err err = extract_check_languages(app, extraction, e);
    if (err == ERR_OK)
        err = incoming_store(&app->services, r->auth.subject, in, &duplicate, e);
    if (err == ERR_OK)
        err = buffer_failed(&text) ? error_no_memory(e)
                                   : extract_submit(app, r, extraction, &text, out, e);
    buffer_free(&text);
    return err;
}

enum err extract_file(void *app, struct request *r, struct reply *p, struct error *e)
{
    const struct config *cfg = ((struct app *)app)->services.cfg;
    struct extraction_request extraction = {0};
    struct incoming in;
    struct job *j = NULL;
    json_t *body = json_object();
    int64_t seconds = DEFAULT_WAIT_S;
    bool preferred;
    enum err err = incoming_read(&((struct app *)app)->services, r, &in, e);
    if (err == ERR_OK)
        err = wait_wanted(r, cfg, &seconds, &preferred, e);
    if (err == ERR_OK)
        err = make_body(r, &in, body, e);
    if (err == ERR_OK)
        err = template_apply(&((struct app *)app)->services, r->auth.subject, body, e);
    if (err == ERR_OK)
        err = extraction_request_read(body, json_object_get(body, "regions") == NULL, cfg,
                                      &extraction, e);
    if (err == ERR_OK)
        err = submit(app, r, &in, &extraction, &j, e);
    if (err == ERR_OK) {
        char back[RESULT_ADDRESS_MAX];
        result_address(j->id, extraction.format, preferred ? -1 : seconds, back);
        wait_hand_on(r, j->id, job_is_final(j) ? 0 : seconds, back, p);
        p->status = 202;
        p->comes_back = false;      /* the job's result is another request in the log */
        (void)unlink(r->body_file); /* a form's, which nginx would keep until the answer */
    }
    job_free(j);
    extraction_request_free(&extraction);
    json_decref(body);
    incoming_free(&in);
    return err;
}
