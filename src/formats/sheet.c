#include "formats/sheet.h"

#include <stdlib.h>
#include <string.h>

#define PART_ENDS ";\r\n"

struct sheet {
    struct buffer *out;
    sheet_cell_fn *write_cell;
    char separator;
    bool escape;
    bool started; /* something was written: the next block needs an empty line before it */
};

/* Spreadsheets take the wide forms of = + - @ for the plain ones. */
static const char *const wide_signs[] = {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
                                         "\xEF\xBC\xA0"};

static bool has_wide_sign(const char *text)
{
    for (size_t i = 0; i < sizeof wide_signs / sizeof wide_signs[0]; i++)
        if (strncmp(text, wide_signs[i], 3) == 0)
            return true;
    return false;
}

/* Whether what follows a + or - has nothing to compute with: digits and what is written around
 * them, an exponent; up to what ends a part. */
static bool is_amount(const char *text)
{
    bool digit = false;
    for (const char *p = text; *p != '\0' && strchr(PART_ENDS, *p) == NULL; p++) {
        bool exponent = (*p == 'e' || *p == 'E') && digit;
        if (!exponent && strchr("0123456789., %$()", *p) == NULL && (unsigned char)*p < 0x80)
            return false;
        digit = *p >= '0' && *p <= '9';
    }
    return true;
}

static bool is_formula(const char *text)
{
    if (*text == '+' || *text == '-')
        return !is_amount(text + 1);
    return (*text != '\0' && strchr("=@\t\r", *text) != NULL) || has_wide_sign(text);
}

/* A ' before each part that a spreadsheet would compute: where ; separates cells, or a line end was
 * kept, a cell has several. */
static void escape_formulas(const char *text, struct buffer *out)
{
    bool starts = true;
    for (const char *p = text; *p != '\0'; p++) {
        buffer_puts(out, starts && is_formula(p) ? "'" : "");
        buffer_append(out, p, 1);
        starts = strchr(PART_ENDS, *p) != NULL;
    }
}

static void put_cell(const struct sheet *s, const char *text)
{
    struct buffer escaped = BUFFER_INIT;
    if (s->escape)
        escape_formulas(text, &escaped);
    if (buffer_failed(&escaped))
        s->out->failed = true;
    else
        s->write_cell(escaped.data != NULL ? escaped.data : text, s->out);
    buffer_free(&escaped);
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
        if (format_plain_text(r)[0] != '\0')
            err = put_text(&s, format_plain_text(r), e);
    }
    return err;
}
