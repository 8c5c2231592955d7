#include "formats/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "formats/format.h"

const char *const block_names[BLOCK__MAX] = {
    [BLOCK_TABLE] = "table", [BLOCK_FORM] = "form", [BLOCK_TEXT] = "text"};

static size_t count_most(const struct extraction *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n_results; i++)
        n += x->results[i].n_tables + 2;
    return n;
}

static void add(struct blocks *b, int *numbers, enum block_kind kind, const struct region_result *r,
                const struct table *t)
{
    b->items[b->n++] =
        (struct block){.kind = kind, .number = ++numbers[kind], .region = r, .table = t};
}

static void add_region(struct blocks *b, int *numbers, const struct region_result *r)
{
    for (size_t i = 0; i < r->n_tables; i++)
        add(b, numbers, BLOCK_TABLE, r, &r->tables[i]);
    if (r->n_fields > 0)
        add(b, numbers, BLOCK_FORM, r, NULL);
    if (format_plain_text(r)[0] != '\0')
        add(b, numbers, BLOCK_TEXT, r, NULL);
}

static enum err keep_one(struct blocks *b, int number, int tables, struct error *e)
{
    for (size_t i = 0; i < b->n; i++) {
        if (b->items[i].kind != BLOCK_TABLE || b->items[i].number != number)
            continue;
        b->items[0] = b->items[i];
        b->n = 1;
        return ERR_OK;
    }
    return error_set(e, ERR_UNPROCESSABLE, "table: there is no table %d; %d %s found.", number,
                     tables, tables == 1 ? "was" : "were");
}

int table_head_rows(const struct table *t)
{
    int rows = 0;
    for (size_t i = 0; i < t->n_cells && t->cells[i].header; i++)
        rows = t->cells[i].row + 1;
    /* A row with a cell that is not of the head is none of its rows. */
    for (size_t i = 0; i < t->n_cells; i++)
        if (!t->cells[i].header)
            return t->cells[i].row < rows ? t->cells[i].row : rows;
    return rows;
}

static bool same_columns(const struct table *a, const struct table *b)
{
    int rows = table_head_rows(a);
    if (a->cols != b->cols || rows != table_head_rows(b))
        return false;
    for (size_t i = 0; i < a->n_cells && a->cells[i].row < rows; i++) {
        const struct cell *c = &a->cells[i];
        const struct cell *d = i < b->n_cells ? &b->cells[i] : NULL;
        if (d == NULL || d->row != c->row || d->col != c->col || d->col_span != c->col_span ||
            strcmp(d->text, c->text) != 0)
            return false;
    }
    return true;
}

/* Chains each table to the first one before it that has its columns. */
static enum err merge(struct blocks *b, struct error *e)
{
    size_t *last = calloc(b->n + 1, sizeof *last); /* of the chain that a block begins */
    if (last == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < b->n; i++) {
        last[i] = i;
        for (size_t k = 0; b->items[i].kind == BLOCK_TABLE && k < i; k++) {
            if (b->items[k].kind != BLOCK_TABLE || b->items[k].goes_on ||
                !same_columns(b->items[k].table, b->items[i].table))
                continue;
            b->items[last[k]].next = i;
            last[k] = i;
            b->items[i].goes_on = true;
            break;
        }
    }
    free(last);
    return ERR_OK;
}

enum err blocks_list(const struct extraction *x, const struct sheet_choices *c, struct blocks *out,
                     struct error *e)
{
    int numbers[BLOCK__MAX] = {0};
    *out = (struct blocks){.items = calloc(count_most(x) + 1, sizeof *out->items)};
    if (out->items == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < x->n_results; i++)
        add_region(out, numbers, &x->results[i]);
    if (c->table > 0)
        return keep_one(out, c->table, numbers[BLOCK_TABLE], e);
    return c->tables == TABLES_MERGED ? merge(out, e) : ERR_OK;
}

void blocks_free(struct blocks *b)
{
    free(b->items);
    *b = (struct blocks){0};
}
