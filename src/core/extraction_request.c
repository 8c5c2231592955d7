#include "core/extraction_request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"
#include "core/callback.h"
#include "core/region_request.h"
#include "core/sheet_request.h"
#include "formats/format.h"

bool pdf_id_valid(const char *id)
{
    return uuid_valid(id) || (strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64);
}

/* With agentic, none need be given. */
static enum err read_regions(const struct json_at *at, const struct config *cfg,
                             struct extraction_request *out, struct error *e)
{
    if (out->agentic &&
        (json_missing(at) || (json_is_array(at->value) && json_array_size(at->value) == 0)))
        return ERR_OK;
    return regions_read(at, cfg, &out->regions, &out->n_regions, e);
}

enum err page_ranges_read(const char *text, struct extraction_request *out, struct error *e)
{
    free(out->pages);
    out->n_pages = 0;
    out->pages = calloc(strlen(text) + 1, sizeof *out->pages);
    if (out->pages == NULL)
        return error_no_memory(e);
    for (const char *p = text;;) {
        struct page_range range;
        int used = 0;
        if (!isdigit((unsigned char)*p) || *p == '0' ||
            sscanf(p, "%6d%n", &range.first, &used) != 1)
            break;
        p += used;
        range.last = range.first;
        if (*p == '-') {
            range.last = 0;
            p++;
            if (isdigit((unsigned char)*p) && *p != '0' &&
                sscanf(p, "%6d%n", &range.last, &used) == 1) {
                p += used;
                if (range.last < range.first)
                    break;
            }
        }
        if (range.first < 1)
            break;
        out->pages[out->n_pages++] = range;
        if (*p == '\0')
            return ERR_OK;
        if (*p++ != ',')
            break;
    }
    return error_set(e, ERR_UNPROCESSABLE, "must be page numbers and ranges such as \"1-3,7\"");
}

static enum err read_pages(const struct json_at *at, struct extraction_request *out,
                           struct error *e)
{
    const char *text;
    struct error why;
    if (json_missing(at))
        return ERR_OK;
    enum err err = json_read_string(at, 1, 512, &text, e);
    if (err == ERR_OK && (err = page_ranges_read(text, out, &why)) == ERR_UNPROCESSABLE)
        return json_refuse(at, e, "%s", why.detail);
    if (err == ERR_INTERNAL)
        *e = why;
    return err;
}

static enum err read_also(const struct json_at *at, struct extraction_request *out, struct error *e)
{
    size_t n = 0;
    int format = 0;
    if (json_missing(at))
        return ERR_OK;
    enum err err = json_read_array(at, format_count(), &n, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct json_at item = json_item(at, i);
        err = json_read_enum(&item, format_names, &format, e);
        if (err == ERR_OK)
            out->also[format] = true;
    }
    return err;
}

/* A name becomes a file's: no folder is in it. */
enum err languages_add(const char *name, struct extraction_request *out, struct error *e)
{
    size_t used = strlen(out->languages), n = strlen(name);
    size_t valid = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (n == 0 || valid < n)
        return error_set(e, ERR_UNPROCESSABLE, "must be a name such as \"eng\" or \"chi_sim\"");
    if (used + (used > 0) + n > LANGUAGES_MAX)
        return error_set(e, ERR_UNPROCESSABLE, "is one language too many");
    if (used > 0)
        out->languages[used++] = '+';
    memcpy(out->languages + used, name, n + 1);
    return ERR_OK;
}

static enum err read_password(const struct json_at *root, struct extraction_request *out,
                              struct error *e)
{
    struct json_at at = json_member(root, "password"), sealed = json_member(root, "has_password");
    const char *text;
    out->has_password = json_is_true(sealed.value);
    if (json_missing(&at))
        return ERR_OK;
    enum err err = json_read_string(&at, 1, PDF_PASSWORD_MAX, &text, e);
    if (err == ERR_OK && strpbrk(text, "\r\n") != NULL)
        err = json_refuse(&at, e, "must not have a line break");
    if (err == ERR_OK) {
        out->has_password = true;
        (void)snprintf(out->password, sizeof out->password, "%s", text);
    }
    return err;
}

static enum err read_callback(const struct json_at *root, struct extraction_request *out,
                              struct error *e)
{
    const struct json_at at = json_member(root, "callback_url");
    const char *text;
    if (json_missing(&at))
        return ERR_OK;
    enum err err = json_read_string(&at, 1, CALLBACK_URL_MAX, &text, e);
    if (err == ERR_OK && (out->callback_url = strdup(text)) == NULL)
        err = error_no_memory(e);
    return err;
}

static enum err read_languages(const struct json_at *at, struct extraction_request *out,
                               struct error *e)
{
    size_t n = 0;
    struct error why;
    if (json_missing(at))
        return ERR_OK;
    enum err err = json_read_array(at, LANGUAGES_MAX, &n, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        struct json_at item = json_item(at, i);
        const char *name;
        err = json_read_string(&item, 1, LANGUAGES_MAX, &name, e);
        if (err == ERR_OK && languages_add(name, out, &why) != ERR_OK)
            err = json_refuse(&item, e, "%s", why.detail);
    }
    return err;
}

enum err extraction_request_only_known(json_t *body, struct error *e)
{
    static const char *const members[] = {
        "pdf_id",       "regions",    "output_format", "engine",   "pages", "escape_formulas",
        "also_formats", "join_pages", "languages",     "tables",   "table", "source_columns",
        "bom",          "password",   "callback_url",  "template", NULL};
    struct json_at root = json_root(body), regions = json_member(&root, "regions");
    enum err err = json_only(&root, members, e);
    return err == ERR_OK ? regions_only_known(&regions, e) : err;
}

enum err extraction_request_read(json_t *body, bool agentic, const struct config *cfg,
                                 struct extraction_request *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    out->agentic = agentic;
    out->escape_formulas = true;
    struct json_at root = json_root(body);
    enum err err = json_read_object(&root, e);
    if (err != ERR_OK)
        return err;
    struct json_at pdf_id = json_member(&root, "pdf_id"), regions = json_member(&root, "regions");
    struct json_at format = json_member(&root, "output_format"),
                   engine = json_member(&root, "engine");
    struct json_at pages = json_member(&root, "pages"),
                   escape = json_member(&root, "escape_formulas");
    struct json_at also = json_member(&root, "also_formats"),
                   join = json_member(&root, "join_pages"),
                   languages = json_member(&root, "languages");
    const char *text = NULL;
    int choice = 0;
    if ((err = json_read_string(&pdf_id, 1, JOB_PDF_ID_MAX, &text, e)) != ERR_OK)
        goto out;
    if (!pdf_id_valid(text)) {
        err =
            json_refuse(&pdf_id, e, "must be the pdf_id that an upload gave (a UUID or a SHA-256)");
        goto out;
    }
    (void)snprintf(out->pdf_id, sizeof out->pdf_id, "%s", text);
    if (!json_missing(&format)) {
        if ((err = json_read_enum(&format, format_names, &choice, e)) != ERR_OK)
            goto out;
        out->format = choice;
    }
    if (!json_missing(&engine)) {
        if ((err = json_read_enum(&engine, engine_choice_names, &choice, e)) != ERR_OK)
            goto out;
        out->engine = (enum engine_choice)choice;
    }
    if (!json_missing(&escape) &&
        (err = json_read_bool(&escape, &out->escape_formulas, e)) != ERR_OK)
        goto out;
    if (!json_missing(&join) && (err = json_read_bool(&join, &out->join_pages, e)) != ERR_OK)
        goto out;
    if ((err = read_pages(&pages, out, e)) != ERR_OK ||
        (err = read_also(&also, out, e)) != ERR_OK ||
        (err = read_languages(&languages, out, e)) != ERR_OK ||
        (err = read_password(&root, out, e)) != ERR_OK ||
        (err = read_callback(&root, out, e)) != ERR_OK ||
        (err = sheet_request_read(&root, out, e)) != ERR_OK)
        goto out;
    out->searchable = format_wants_document(out);
    err = read_regions(&regions, cfg, out, e);
out:
    if (err != ERR_OK)
        extraction_request_free(out);
    return err;
}

static void write_also(const struct extraction_request *r, struct buffer *out)
{
    bool any = false;
    for (int i = 0; format_names[i] != NULL; i++) {
        if (!r->also[i])
            continue;
        buffer_printf(out, "%s\"%s\"", any ? "," : ",\"also_formats\":[", format_names[i]);
        any = true;
    }
    if (any)
        buffer_puts(out, "]");
}

static void write_languages(const struct extraction_request *r, struct buffer *out)
{
    if (r->languages[0] == '\0')
        return;
    buffer_puts(out, ",\"languages\":[\"");
    for (const char *p = r->languages; *p != '\0'; p++)
        if (*p == '+')
            buffer_puts(out, "\",\"");
        else
            buffer_append(out, p, 1);
    buffer_puts(out, "\"]");
}

void extraction_request_write(const struct extraction_request *r, struct buffer *out)
{
    buffer_printf(out,
                  "{\"pdf_id\":\"%s\",\"agentic\":%s,\"output_format\":\"%s\",\"engine\":\"%s\"",
                  r->pdf_id, r->agentic ? "true" : "false", format_names[r->format],
                  engine_choice_names[r->engine]);
    if (!r->escape_formulas)
        buffer_puts(out, ",\"escape_formulas\":false");
    if (r->join_pages)
        buffer_puts(out, ",\"join_pages\":true");
    if (r->has_password)
        buffer_puts(out, ",\"has_password\":true");
    if (r->callback_url != NULL) {
        buffer_puts(out, ",\"callback_url\":");
        buffer_json_string(out, r->callback_url);
    }
    write_also(r, out);
    write_languages(r, out);
    sheet_request_write(&r->sheets, out);
    if (r->n_pages > 0) {
        buffer_puts(out, ",\"pages\":\"");
        for (size_t i = 0; i < r->n_pages; i++) {
            const struct page_range *range = &r->pages[i];
            buffer_printf(out, "%s%d", i > 0 ? "," : "", range->first);
            if (range->last != range->first)
                buffer_puts(out, "-");
            if (range->last > range->first)
                buffer_printf(out, "%d", range->last);
        }
        buffer_puts(out, "\"");
    }
    buffer_puts(out, ",\"regions\":");
    regions_write(r->regions, r->n_regions, out);
    buffer_puts(out, "}");
}

enum err extraction_request_parse(const char *text, size_t len, const struct config *cfg,
                                  struct extraction_request *out, struct error *e)
{
    json_t *tree = NULL;
    enum err err = json_parse(text, len, &tree, e);
    if (err != ERR_OK)
        return err;
    err =
        extraction_request_read(tree, json_is_true(json_object_get(tree, "agentic")), cfg, out, e);
    json_decref(tree);
    return err;
}
