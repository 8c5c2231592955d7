#include "formats/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "formats/formulas.h"
#include "formats/sheet_zip.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

struct sheet {
    struct buffer *out;
    const struct sheet_kind *kind;
    const struct format_options *o;
};

static void put_cell(const struct sheet *s, const char *text)
{
    struct buffer escaped = BUFFER_INIT;
    if (s->o->escape_formulas)
        formulas_escape(text, &escaped);
    if (buffer_failed(&escaped))
        s->out->failed = true;
    else
        s->kind->write_cell(escaped.data != NULL ? escaped.data : text, s->out);
    buffer_free(&escaped);
}

static void separate_cells(const struct sheet *s)
{
    buffer_append(s->out, &s->kind->separator, 1);
}

static void end_row(const struct sheet *s)
{
    buffer_puts(s->out, "\r\n");
}

/* The columns that say where a row comes from: its page, and the number of its table. */
static void put_source(const struct sheet *s, int page, int table)
{
    if (!s->o->sheets.source_columns)
        return;
    buffer_printf(s->out, "%d", page);
    separate_cells(s);
    if (table > 0)
        buffer_printf(s->out, "%d", table);
    separate_cells(s);
}

/* Their heads, in the first row of a table's. */
static void put_source_head(const struct sheet *s, int row)
{
    if (!s->o->sheets.source_columns)
        return;
    buffer_puts(s->out, row == 0 ? "page" : "");
    separate_cells(s);
    buffer_puts(s->out, row == 0 ? "table" : "");
    separate_cells(s);
}

/* next: the cells that were not written yet. */
static void put_row(const struct sheet *s, const struct table *t, int row, size_t *next)
{
    for (int col = 0; col < t->cols; col++) {
        if (col > 0)
            separate_cells(s);
        if (*next < t->n_cells && t->cells[*next].row == row && t->cells[*next].col == col)
            put_cell(s, t->cells[(*next)++].text);
    }
    end_row(s);
}

/* The head of a table that goes on another is there already. */
static void put_table(const struct sheet *s, const struct block *b)
{
    const struct table *t = b->table;
    int head = table_head_rows(t), first = b->goes_on ? head : 0, page = b->region->region.page;
    size_t next = 0;
    while (next < t->n_cells && t->cells[next].row < first)
        next++;
    for (int row = first; row < t->rows; row++) {
        if (next < t->n_cells && t->cells[next].row == row && t->cells[next].page > 0)
            page = t->cells[next].page;
        if (row < head)
            put_source_head(s, row);
        else
            put_source(s, page, b->number);
        put_row(s, t, row, &next);
    }
}

static void put_fields(const struct sheet *s, const struct region_result *r)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        put_source(s, r->region.page, 0);
        put_cell(s, r->fields[i].name);
        separate_cells(s);
        put_cell(s, r->fields[i].value);
        end_row(s);
    }
}

static enum err put_text(const struct sheet *s, const struct region_result *r, struct error *e)
{
    char *copy = strdup(format_plain_text(r)), *rest = copy;
    if (copy == NULL)
        return error_no_memory(e);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '\0')
            continue;
        put_source(s, r->region.page, 0);
        put_cell(s, line);
        end_row(s);
    }
    free(copy);
    return ERR_OK;
}

static enum err put_block(const struct sheet *s, const struct blocks *b, size_t i, struct error *e)
{
    const struct block *at = &b->items[i];
    if (at->kind == BLOCK_TEXT)
        return put_text(s, at->region, e);
    if (at->kind == BLOCK_FORM)
        put_fields(s, at->region);
    else
        for (put_table(s, at); at->next > 0; put_table(s, at))
            at = &b->items[at->next];
    return ERR_OK;
}

static void put_mark(const struct sheet *s)
{
    if (s->o->sheets.bom)
        buffer_puts(s->out, BYTE_ORDER_MARK);
}

enum err sheet_write_block(const struct blocks *b, size_t i, const struct format_options *o,
                           const struct sheet_kind *kind, struct buffer *out, struct error *e)
{
    const struct sheet s = {out, kind, o};
    put_mark(&s);
    return put_block(&s, b, i, e);
}

static enum err write_in_one(const struct blocks *b, const struct sheet *s, struct error *e)
{
    enum err err = ERR_OK;
    put_mark(s);
    for (size_t i = 0; err == ERR_OK && i < b->n; i++) {
        if (b->items[i].goes_on)
            continue;
        if (i > 0)
            end_row(s);
        err = put_block(s, b, i, e);
    }
    return err;
}

enum err sheet_write(const struct extraction *x, const struct format_options *o,
                     const struct sheet_kind *kind, struct buffer *out, struct error *e)
{
    struct blocks b;
    enum err err = blocks_list(x, &o->sheets, &b, e);
    if (err == ERR_OK && o->sheets.tables == TABLES_ZIP)
        err = sheet_zip_write(&b, o, kind, out, e);
    else if (err == ERR_OK)
        err = write_in_one(&b, &(struct sheet){out, kind, o}, e);
    blocks_free(&b);
    return err;
}
