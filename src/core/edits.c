#include "core/edits.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 1000000 /* of a table: as many as an extraction gives one */
#define TEXT_MAX   65536   /* bytes of a cell */
#define COVERED    UINT32_MAX

/* --- a cell --- */

static const struct cell *cell_at(const struct table *t, int row, int col)
{
    size_t from = 0, to = t->n_cells;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const struct cell *c = &t->cells[middle];
        if (c->row == row && c->col == col)
            return c;
        if (c->row < row || (c->row == row && c->col < col))
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

static enum err read_origin(const struct json_at *was, const struct table *t,
                            const struct cell **out, struct error *e)
{
    int64_t row = 0, col = 0;
    size_t n = 0;
    if (json_missing(was))
        return ERR_OK;
    enum err err = json_read_array(was, 2, &n, e);
    const struct json_at first = json_item(was, 0), second = json_item(was, 1);
    if (err == ERR_OK)
        err = json_read_integer(&first, 0, INT32_MAX, &row, e);
    if (err == ERR_OK)
        err = json_read_integer(&second, 0, INT32_MAX, &col, e);
    if (err == ERR_OK && (*out = cell_at(t, (int)row, (int)col)) == NULL)
        err = json_refuse(was, e, "the table has no cell there");
    return err;
}

static enum err read_number(const struct json_at *cell, const char *name, int64_t least,
                            int64_t most, int *out, struct error *e)
{
    const struct json_at at = json_member(cell, name);
    int64_t value = least;
    enum err err =
        least == 1 && json_missing(&at) ? ERR_OK : json_read_integer(&at, least, most, &value, e);
    *out = (int)value;
    return err;
}

static enum err read_cell(const struct json_at *at, const struct table *was,
                          const struct table *now, struct cell *out, struct error *e)
{
    static const char *const members[] = {"row",    "col",  "row_span", "col_span",
                                          "header", "text", "was",      NULL};
    const struct json_at header = json_member(at, "header"), text = json_member(at, "text"),
                         origin = json_member(at, "was");
    const struct cell *from = NULL;
    const char *words = "";
    *out = (struct cell){.confidence = 1, .box = now->box};
    enum err err = json_read_object(at, e);
    if (err == ERR_OK)
        err = json_only(at, members, e);
    if (err == ERR_OK)
        err = read_origin(&origin, was, &from, e);
    if (from != NULL)
        *out = *from;
    out->text = NULL;
    out->header = false;
    if (err == ERR_OK)
        err = read_number(at, "row", 0, now->rows - 1, &out->row, e);
    if (err == ERR_OK)
        err = read_number(at, "col", 0, now->cols - 1, &out->col, e);
    if (err == ERR_OK)
        err = read_number(at, "row_span", 1, now->rows - out->row, &out->row_span, e);
    if (err == ERR_OK)
        err = read_number(at, "col_span", 1, now->cols - out->col, &out->col_span, e);
    if (err == ERR_OK && !json_missing(&header))
        err = json_read_bool(&header, &out->header, e);
    if (err == ERR_OK && !json_missing(&text))
        err = json_read_string(&text, 0, TEXT_MAX, &words, e);
    if (err != ERR_OK)
        return err;
    if (from == NULL || strcmp(from->text, words) != 0) {
        out->edited = true;
        out->rejected = false;
        out->confidence = 1;
    }
    out->text = strdup(words);
    return out->text != NULL ? ERR_OK : error_no_memory(e);
}

/* --- a table --- */

/* Marks the places of cell i; false where another has one of them. */
static bool cover(uint32_t *places, int cols, const struct cell *c, size_t i)
{
    for (int row = c->row; row < c->row + c->row_span; row++)
        for (int col = c->col; col < c->col + c->col_span; col++) {
            uint32_t *place = &places[(size_t)row * (size_t)cols + (size_t)col];
            if (*place != 0)
                return false;
            *place = row == c->row && col == c->col ? (uint32_t)i + 1 : COVERED;
        }
    return true;
}

/* Puts the cells in the order of their places. ERR_UNPROCESSABLE: a place has none. */
static enum err put_in_order(const struct json_at *cells, const uint32_t *places, struct table *t,
                             struct error *e)
{
    size_t n = 0, all = (size_t)t->rows * (size_t)t->cols;
    struct cell *sorted = calloc(t->n_cells + 1, sizeof *sorted);
    if (sorted == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < all; i++) {
        if (places[i] == 0) {
            free(sorted);
            return json_refuse(cells, e, "no cell has row %zu, column %zu", i / (size_t)t->cols,
                               i % (size_t)t->cols);
        }
        if (places[i] != COVERED)
            sorted[n++] = t->cells[places[i] - 1];
    }
    free(t->cells);
    t->cells = sorted;
    return ERR_OK;
}

static enum err read_cells(const struct json_at *cells, const struct table *was, struct table *t,
                           struct error *e)
{
    size_t n = 0;
    enum err err = json_read_array(cells, PLACES_MAX, &n, e);
    if (err != ERR_OK)
        return err;
    uint32_t *places = calloc((size_t)t->rows * (size_t)t->cols, sizeof *places);
    t->cells = calloc(n + 1, sizeof *t->cells);
    if (places == NULL || t->cells == NULL)
        err = error_no_memory(e);
    while (err == ERR_OK && t->n_cells < n) {
        const struct json_at at = json_item(cells, t->n_cells);
        err = read_cell(&at, was, t, &t->cells[t->n_cells], e);
        if (err == ERR_OK && !cover(places, t->cols, &t->cells[t->n_cells], t->n_cells))
            err = json_refuse(&at, e, "lies over another cell");
        t->n_cells += t->cells[t->n_cells].text != NULL;
    }
    if (err == ERR_OK)
        err = put_in_order(cells, places, t, e);
    free(places);
    return err;
}

static enum err find_region(const struct json_at *edit, const struct extraction *x,
                            struct region_result **out, struct error *e)
{
    const struct json_at region = json_member(edit, "region_index");
    int64_t r = 0;
    enum err err = json_read_integer(&region, 0, INT32_MAX, &r, e);
    if (err == ERR_OK && (size_t)r >= x->n_results)
        err = json_refuse(&region, e, "there is no such region; there are %zu", x->n_results);
    if (err == ERR_OK)
        *out = &x->results[r];
    return err;
}

static enum err find_table(const struct json_at *edit, const struct extraction *x,
                           struct table **out, struct error *e)
{
    const struct json_at table = json_member(edit, "table");
    struct region_result *r = NULL;
    int64_t t = 0;
    enum err err = find_region(edit, x, &r, e);
    if (err == ERR_OK)
        err = json_read_integer(&table, 0, INT32_MAX, &t, e);
    if (err == ERR_OK && (size_t)t >= r->n_tables)
        err = json_refuse(&table, e, "the region has no such table; it has %zu", r->n_tables);
    if (err == ERR_OK)
        *out = &r->tables[t];
    return err;
}

static enum err apply_edit(const struct json_at *edit, struct extraction *x, struct error *e)
{
    static const char *const members[] = {"region_index", "table", "rows", "cols", "cells", NULL};
    const struct json_at rows = json_member(edit, "rows"), cols = json_member(edit, "cols"),
                         cells = json_member(edit, "cells");
    struct table *was = NULL, now;
    int64_t n_rows = 0, n_cols = 0;
    enum err err = json_read_object(edit, e);
    if (err == ERR_OK)
        err = json_only(edit, members, e);
    if (err == ERR_OK)
        err = find_table(edit, x, &was, e);
    if (err == ERR_OK)
        err = json_read_integer(&rows, 1, PLACES_MAX, &n_rows, e);
    if (err == ERR_OK)
        err = json_read_integer(&cols, 1, PLACES_MAX / n_rows, &n_cols, e);
    if (err != ERR_OK)
        return err;
    now = *was;
    now.cells = NULL;
    now.n_cells = 0;
    now.rows = (int)n_rows;
    now.cols = (int)n_cols;
    err = read_cells(&cells, was, &now, e);
    table_free(err == ERR_OK ? was : &now);
    if (err == ERR_OK)
        *was = now;
    return err;
}

/* --- a form --- */

static enum err find_field(const struct json_at *was, const struct region_result *r,
                           const struct form_field **out, struct error *e)
{
    int64_t i = 0;
    if (json_missing(was))
        return ERR_OK;
    enum err err = json_read_integer(was, 0, INT32_MAX, &i, e);
    if (err == ERR_OK && (size_t)i >= r->n_fields)
        err = json_refuse(was, e, "the region has no such field; it has %zu", r->n_fields);
    if (err == ERR_OK)
        *out = &r->fields[i];
    return err;
}

static enum err read_field(const struct json_at *at, const struct region_result *r,
                           struct form_field *out, struct error *e)
{
    static const char *const members[] = {"name", "value", "was", NULL};
    const struct json_at name = json_member(at, "name"), value = json_member(at, "value"),
                         origin = json_member(at, "was");
    const struct form_field *from = NULL;
    const char *named = "", *words = "";
    enum err err = json_read_object(at, e);
    if (err == ERR_OK)
        err = json_only(at, members, e);
    if (err == ERR_OK)
        err = find_field(&origin, r, &from, e);
    if (err == ERR_OK)
        err = json_read_string(&name, 0, TEXT_MAX, &named, e);
    if (err == ERR_OK)
        err = json_read_string(&value, 0, TEXT_MAX, &words, e);
    if (err != ERR_OK)
        return err;
    struct form_field f = {.confidence = 1, .value_box = r->region.box, .edited = true};
    if (from != NULL && strcmp(from->name, named) == 0 && strcmp(from->value, words) == 0)
        return form_field_copy(from, out, e);
    if (from != NULL) {
        f.name_box = from->name_box;
        f.value_box = from->value_box;
        f.engine = from->engine;
    }
    f.name = (char *)named; /* borrowed until it is copied */
    f.value = (char *)words;
    return form_field_copy(&f, out, e);
}

static void free_fields(struct form_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        form_field_free(&fields[i]);
    free(fields);
}

static enum err apply_form(const struct json_at *form, struct extraction *x, struct error *e)
{
    static const char *const members[] = {"region_index", "fields", NULL};
    const struct json_at list = json_member(form, "fields");
    struct region_result *r = NULL;
    size_t n = 0, done = 0;
    enum err err = json_read_object(form, e);
    if (err == ERR_OK)
        err = json_only(form, members, e);
    if (err == ERR_OK)
        err = find_region(form, x, &r, e);
    if (err == ERR_OK)
        err = json_read_array(&list, PLACES_MAX, &n, e);
    if (err == ERR_OK && n == 0)
        err = json_refuse(&list, e, "must hold at least one field; removed leaves a region out");
    if (err != ERR_OK)
        return err;
    struct form_field *now = calloc(n, sizeof *now);
    if (now == NULL)
        return error_no_memory(e);
    for (; err == ERR_OK && done < n; done += err == ERR_OK) {
        const struct json_at at = json_item(&list, done);
        err = read_field(&at, r, &now[done], e);
    }
    if (err != ERR_OK) {
        free_fields(now, done);
        return err;
    }
    free_fields(r->fields, r->n_fields);
    r->fields = now;
    r->n_fields = n;
    return ERR_OK;
}

/* --- regions --- */

static enum err read_removed(const struct json_at *list, size_t n_regions, bool *gone,
                             struct error *e)
{
    size_t n = 0;
    if (json_missing(list))
        return ERR_OK;
    enum err err = json_read_array(list, n_regions, &n, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        const struct json_at at = json_item(list, i);
        int64_t region = 0;
        err = json_read_integer(&at, 0, INT32_MAX, &region, e);
        if (err == ERR_OK && (size_t)region >= n_regions)
            err = json_refuse(&at, e, "there is no such region; there are %zu", n_regions);
        else if (err == ERR_OK)
            gone[region] = true;
    }
    return err;
}

/* A region's rows may be in the table of an earlier one: where that goes, it goes. */
static enum err remove_regions(struct extraction *x, bool *gone, struct error *e)
{
    size_t kept = 0;
    size_t *places = calloc(x->n_results + 1, sizeof *places);
    if (places == NULL)
        return error_no_memory(e);
    for (size_t i = 0; i < x->n_results; i++) {
        struct region_result *r = &x->results[i];
        if (gone[i] || (r->joined_to > 0 && gone[r->joined_to - 1])) {
            gone[i] = true;
            region_result_free(r);
            continue;
        }
        if (r->joined_to > 0)
            r->joined_to = places[r->joined_to - 1] + 1;
        places[i] = kept;
        x->results[kept++] = *r;
    }
    x->n_results = kept;
    free(places);
    return ERR_OK;
}

typedef enum err apply_fn(const struct json_at *, struct extraction *, struct error *);

static enum err apply_all(const struct json_at *list, apply_fn *apply, struct extraction *x,
                          struct error *e)
{
    size_t n = 0;
    enum err err = json_missing(list) ? ERR_OK : json_read_array(list, SIZE_MAX, &n, e);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        const struct json_at item = json_item(list, i);
        err = apply(&item, x, e);
    }
    return err;
}

enum err edits_apply(const struct json_at *root, struct extraction *x, struct error *e)
{
    const struct json_at edits = json_member(root, "edits"), forms = json_member(root, "forms"),
                         removed = json_member(root, "removed");
    bool *gone = calloc(x->n_results + 1, sizeof *gone);
    enum err err = gone != NULL ? ERR_OK : error_no_memory(e);
    if (err == ERR_OK)
        err = apply_all(&edits, apply_edit, x, e);
    if (err == ERR_OK)
        err = apply_all(&forms, apply_form, x, e);
    if (err == ERR_OK)
        err = read_removed(&removed, x->n_results, gone, e);
    if (err == ERR_OK)
        err = remove_regions(x, gone, e);
    free(gone);
    return err;
}
