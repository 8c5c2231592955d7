#include "formats/sheet.h"

#include <stdlib.h>
#include <string.h>

struct sheet {
    struct buffer *out;
    sheet_cell_fn *write_cell;
    char separator;
    bool escape;
    bool started; /* something was written: the next block needs an empty line before it */
};

static bool is_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    return end != text && *end == '\0';
}

static void put_cell(const struct sheet *s, const char *text)
{
    bool formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL && !is_number(text);
    s->write_cell(text, s->escape && formula, s->out);
}

static void separate_cells(const struct sheet *s)
{
    buffer_append(s->out, &s->separator, 1);
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

static void put_table(struct sheet *s, const struct table *t)
{
    separate_block(s);
    size_t next = 0;
    for (int row = 0; row < t->rows; row++) {
        for (int col = 0; col < t->cols; col++) {
            if (col > 0)
                separate_cells(s);
            if (next < t->n_cells && t->cells[next].row == row && t->cells[next].col == col)
                put_cell(s, t->cells[next++].text);
        }
        end_row(s);
    }
}

static void put_fields(struct sheet *s, const struct region_result *r)
{
    separate_block(s);
    for (size_t i = 0; i < r->n_fields; i++) {
        put_cell(s, r->fields[i].name);
        separate_cells(s);
        put_cell(s, r->fields[i].value);
        end_row(s);
    }
}

static enum err put_text(struct sheet *s, const char *text, struct error *e)
{
    char *copy = strdup(text), *rest = copy;
    if (copy == NULL)
        return error_no_memory(e);
    separate_block(s);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '\0')
            continue;
        put_cell(s, line);
        end_row(s);
    }
    free(copy);
    return ERR_OK;
}

enum err sheet_write(const struct extraction *x, const struct format_options *o, char separator,
                     sheet_cell_fn *write_cell, struct buffer *out, struct error *e)
{
    struct sheet s = {
        .out = out, .write_cell = write_cell, .separator = separator, .escape = o->escape_formulas};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < x->n_results; i++) {
        const struct region_result *r = &x->results[i];
        for (size_t k = 0; k < r->n_tables; k++)
            put_table(&s, &r->tables[k]);
        if (r->n_fields > 0)
            put_fields(&s, r);
        if (r->n_tables == 0 && r->n_fields == 0 && r->text != NULL && r->text[0] != '\0')
            err = put_text(&s, r->text, e);
    }
    return err;
}
