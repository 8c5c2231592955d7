#include "core/formats.h"

#include <stdlib.h>
#include <string.h>

/* --- CSV and TSV --- */

struct sheet {
    struct buffer *out;
    bool tabs;
    bool escape;
    bool started; /* something was written: the next block needs an empty line before it */
};

static bool is_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    return end != text && *end == '\0';
}

static void write_cell(const struct sheet *s, const char *text)
{
    bool escape =
        s->escape && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL && !is_number(text);
    if (s->tabs) {
        if (escape)
            buffer_puts(s->out, "'");
        for (const char *p = text; *p != '\0'; p++)
            buffer_append(s->out, *p == '\t' || *p == '\n' || *p == '\r' ? " " : p, 1);
        return;
    }
    bool quote = strpbrk(text, ",\"\r\n") != NULL || text[0] == ' ' ||
                 (text[0] != '\0' && text[strlen(text) - 1] == ' ');
    if (quote)
        buffer_puts(s->out, "\"");
    if (escape)
        buffer_puts(s->out, "'");
    for (const char *p = text; *p != '\0'; p++)
        buffer_append(s->out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    if (quote)
        buffer_puts(s->out, "\"");
}

static void end_row(const struct sheet *s)
{
    buffer_puts(s->out, "\r\n");
}

static void separate_block(struct sheet *s)
{
    if (s->started)
        end_row(s);
    s->started = true;
}

static void write_table_rows(struct sheet *s, const struct table *t)
{
    separate_block(s);
    size_t next = 0;
    for (int row = 0; row < t->rows; row++) {
        for (int col = 0; col < t->cols; col++) {
            if (col > 0)
                buffer_puts(s->out, s->tabs ? "\t" : ",");
            if (next < t->n_cells && t->cells[next].row == row && t->cells[next].col == col)
                write_cell(s, t->cells[next++].text);
        }
        end_row(s);
    }
}

static void write_field_rows(struct sheet *s, const struct region_result *r)
{
    separate_block(s);
    for (size_t i = 0; i < r->n_fields; i++) {
        write_cell(s, r->fields[i].name);
        buffer_puts(s->out, s->tabs ? "\t" : ",");
        write_cell(s, r->fields[i].value);
        end_row(s);
    }
}

static enum err write_text_rows(struct sheet *s, const char *text, struct error *e)
{
    char *copy = strdup(text), *rest = copy;
    if (copy == NULL)
        return error_no_memory(e);
    separate_block(s);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '\0')
            continue;
        write_cell(s, line);
        end_row(s);
    }
    free(copy);
    return ERR_OK;
}

static enum err write_sheet(const struct extraction *x, struct sheet *s, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < x->n_results; i++) {
        const struct region_result *r = &x->results[i];
        for (size_t k = 0; k < r->n_tables; k++)
            write_table_rows(s, &r->tables[k]);
        if (r->n_fields > 0)
            write_field_rows(s, r);
        if (r->n_tables == 0 && r->n_fields == 0 && r->text != NULL && r->text[0] != '\0')
            err = write_text_rows(s, r->text, e);
    }
    return err;
}

/* --- JSON --- */

static void json_box(struct buffer *out, struct box b)
{
    buffer_printf(out, "\"bbox\":{\"x\":%.5f,\"y\":%.5f,\"w\":%.5f,\"h\":%.5f}", b.x, b.y, b.w,
                  b.h);
}

static void json_provenance(struct buffer *out, struct box b, float confidence, enum engine engine)
{
    buffer_puts(out, ",");
    json_box(out, b);
    buffer_printf(out, ",\"confidence\":%.3f,\"engine\":\"%s\"", confidence, engine_names[engine]);
}

/* The rows of plain strings that the existing client reads. */
static void json_table_rows(struct buffer *out, const struct table *t)
{
    size_t next = 0;
    buffer_puts(out, "[");
    for (int row = 0; row < t->rows; row++) {
        buffer_puts(out, row > 0 ? ",[" : "[");
        for (int col = 0; col < t->cols; col++) {
            if (col > 0)
                buffer_puts(out, ",");
            bool here = next < t->n_cells && t->cells[next].row == row && t->cells[next].col == col;
            buffer_json_string(out, here ? t->cells[next++].text : "");
        }
        buffer_puts(out, "]");
    }
    buffer_puts(out, "]");
}

/* Nothing is said of cells that nobody proposed: what is in them was read. */
static const char *verified(const struct table *t, const struct cell *c)
{
    if (t->structure != STRUCTURE_GEMINI)
        return "null";
    return c->rejected ? "false" : "true";
}

static void json_cells(struct buffer *out, const struct table *t, size_t table_index)
{
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        if (table_index > 0 || i > 0)
            buffer_puts(out, ",");
        buffer_printf(out,
                      "{\"table\":%zu,\"row\":%d,\"col\":%d,\"row_span\":%d,\"col_span\":%d,"
                      "\"header\":%s,\"verified\":%s,\"text\":",
                      table_index, c->row, c->col, c->row_span, c->col_span,
                      c->header ? "true" : "false", verified(t, c));
        buffer_json_string(out, c->text);
        json_provenance(out, c->box, c->confidence, c->engine);
        buffer_puts(out, "}");
    }
}

static void json_region(struct buffer *out, const struct region_result *r, size_t index)
{
    buffer_printf(out, "{\"region_index\":%zu,\"region_id\":", index);
    buffer_json_string(out, r->region.id);
    buffer_printf(out, ",\"page\":%d,\"region_type\":\"%s\"", r->region.page,
                  region_type_names[r->region.type]);
    json_provenance(out, r->region.box, r->confidence, r->engine);
    buffer_puts(out, ",\"text\":");
    buffer_json_string(out, r->text != NULL ? r->text : "");
    buffer_puts(out, ",\"warning\":");
    buffer_json_string(out, r->warning);
    buffer_puts(out, ",\"structured_data\":{\"tables\":[");
    for (size_t i = 0; i < r->n_tables; i++) {
        buffer_puts(out, i > 0 ? "," : "");
        json_table_rows(out, &r->tables[i]);
    }
    buffer_puts(out, "],\"form_fields\":[");
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct form_field *f = &r->fields[i];
        buffer_puts(out, i > 0 ? ",{\"name\":" : "{\"name\":");
        buffer_json_string(out, f->name);
        buffer_puts(out, ",\"value\":");
        buffer_json_string(out, f->value);
        json_provenance(out, f->value_box, f->confidence, f->engine);
        buffer_puts(out, "}");
    }
    buffer_puts(out, "]},\"tables\":[");
    for (size_t i = 0; i < r->n_tables; i++) {
        const struct table *t = &r->tables[i];
        buffer_printf(out, "%s{\"structure\":\"%s\",\"rows\":%d,\"cols\":%d,", i > 0 ? "," : "",
                      structure_names[t->structure], t->rows, t->cols);
        json_box(out, t->box);
        buffer_printf(out, ",\"confidence\":%.3f}", t->confidence);
    }
    buffer_puts(out, "],\"cells\":[");
    for (size_t i = 0; i < r->n_tables; i++)
        json_cells(out, &r->tables[i], i);
    buffer_puts(out, "],\"words\":[");
    for (size_t i = 0; i < r->words.n; i++) {
        const struct word *w = &r->words.items[i];
        buffer_puts(out, i > 0 ? ",{\"text\":" : "{\"text\":");
        buffer_json_string(out, w->text);
        json_provenance(out, w->box, w->confidence, w->engine);
        buffer_puts(out, "}");
    }
    buffer_puts(out, "]}");
}

static void write_json(const struct extraction *x, struct buffer *out)
{
    size_t tables = 0, fields = 0, words = 0;
    buffer_puts(out, "{\"regions\":[");
    for (size_t i = 0; i < x->n_results; i++) {
        buffer_puts(out, i > 0 ? ",\n" : "\n");
        json_region(out, &x->results[i], i);
        tables += x->results[i].n_tables;
        fields += x->results[i].n_fields;
        words += x->results[i].words.n;
    }
    buffer_printf(out,
                  "],\n\"summary\":{\"outcome\":\"%s\",\"regions\":%zu,\"tables\":%zu,"
                  "\"form_fields\":%zu,\"words\":%zu,\"pages_total\":%d,\"pages_read\":%d}}\n",
                  x->outcome != OUTCOME_NONE ? job_outcome_names[x->outcome] : "none", x->n_results,
                  tables, fields, words, x->pages_total, x->pages_read);
}

enum err format_write(const struct extraction *x, enum output_format f, bool escape_formulas,
                      struct buffer *out, struct error *e)
{
    enum err err = ERR_OK;
    if (f == FORMAT_JSON) {
        write_json(x, out);
    } else {
        struct sheet s = {out, f == FORMAT_TSV, escape_formulas, false};
        err = write_sheet(x, &s, e);
    }
    return err == ERR_OK && buffer_failed(out) ? error_no_memory(e) : err;
}

const char *format_content_type(enum output_format f)
{
    static const char *const types[FORMAT__MAX] = {
        [FORMAT_CSV] = "text/csv; charset=utf-8",
        [FORMAT_TSV] = "text/tab-separated-values; charset=utf-8",
        [FORMAT_JSON] = "application/json",
    };
    return types[f];
}
