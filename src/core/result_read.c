#include "core/result_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err damaged(struct error *e)
{
    return error_set(e, ERR_GONE,
                     "The result is not as this version of the service writes it; extract again.");
}

static json_t *array_of(const json_t *object, const char *name)
{
    json_t *list = json_object_get(object, name);
    return json_is_array(list) ? list : NULL;
}

static int int_of(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value >= 0 && value <= INT32_MAX ? (int)value : 0;
}

static float real_of(const json_t *object, const char *name)
{
    return (float)json_number_value(json_object_get(object, name));
}

static char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return strdup(text != NULL ? text : "");
}

/* The index of the member among names (ended by NULL); the first where it is none of them. */
static int choice_of(const json_t *object, const char *name, const char *const *names)
{
    const char *text = json_string_value(json_object_get(object, name));
    for (int i = 0; text != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return 0;
}

static enum engine engine_of(const json_t *object)
{
    return (enum engine)choice_of(object, "engine", engine_names);
}

static struct box box_of(const json_t *object)
{
    const json_t *b = json_object_get(object, "bbox");
    return (struct box){
        json_number_value(json_object_get(b, "x")), json_number_value(json_object_get(b, "y")),
        json_number_value(json_object_get(b, "w")), json_number_value(json_object_get(b, "h"))};
}

static enum err read_words(const json_t *region, struct word_list *out, struct error *e)
{
    size_t i;
    json_t *word;
    enum err err = ERR_OK;
    json_array_foreach(array_of(region, "words"), i, word)
    {
        const char *text = json_string_value(json_object_get(word, "text"));
        if (text == NULL)
            return damaged(e);
        err = word_list_add(out, box_of(word), text, strlen(text), real_of(word, "confidence"),
                            engine_of(word));
        if (err != ERR_OK)
            return error_no_memory(e);
    }
    return err;
}

static enum err read_fields(const json_t *region, struct region_result *out, struct error *e)
{
    const json_t *list = array_of(json_object_get(region, "structured_data"), "form_fields");
    size_t n = json_array_size(list);
    out->fields = calloc(n + 1, sizeof *out->fields);
    if (out->fields == NULL)
        return error_no_memory(e);
    for (; out->n_fields < n; out->n_fields++) {
        const json_t *field = json_array_get(list, out->n_fields);
        struct form_field *f = &out->fields[out->n_fields];
        *f = (struct form_field){.name = text_of(field, "name"),
                                 .value = text_of(field, "value"),
                                 .value_box = box_of(field),
                                 .confidence = real_of(field, "confidence"),
                                 .engine = engine_of(field),
                                 .edited = json_is_true(json_object_get(field, "edited"))};
        if (f->name == NULL || f->value == NULL) {
            form_field_free(f);
            return error_no_memory(e);
        }
    }
    return ERR_OK;
}

static enum err read_cell(const json_t *cell, struct table *t, struct error *e)
{
    struct cell c = {.row = int_of(cell, "row"),
                     .col = int_of(cell, "col"),
                     .row_span = int_of(cell, "row_span"),
                     .col_span = int_of(cell, "col_span"),
                     .page = int_of(cell, "page"),
                     .box = box_of(cell),
                     .confidence = real_of(cell, "confidence"),
                     .engine = engine_of(cell),
                     .header = json_is_true(json_object_get(cell, "header")),
                     .edited = json_is_true(json_object_get(cell, "edited")),
                     .rejected = json_is_false(json_object_get(cell, "verified"))};
    if (c.row_span < 1 || c.col_span < 1 || c.row > t->rows - c.row_span ||
        c.col > t->cols - c.col_span)
        return damaged(e);
    if ((c.text = text_of(cell, "text")) == NULL)
        return error_no_memory(e);
    t->cells[t->n_cells++] = c;
    return ERR_OK;
}

/* How many cells of each table there are, before they are read. */
static enum err make_room(const json_t *cells, struct region_result *r, struct error *e)
{
    size_t i;
    json_t *cell;
    enum err err = ERR_OK;
    size_t *counts = calloc(r->n_tables + 1, sizeof *counts);
    if (counts == NULL)
        return error_no_memory(e);
    json_array_foreach(cells, i, cell)
    {
        size_t table = (size_t)int_of(cell, "table");
        if (table >= r->n_tables)
            err = damaged(e);
        else
            counts[table]++;
    }
    for (i = 0; err == ERR_OK && i < r->n_tables; i++)
        if ((r->tables[i].cells = calloc(counts[i] + 1, sizeof *r->tables[i].cells)) == NULL)
            err = error_no_memory(e);
    free(counts);
    return err;
}

static enum err read_tables(const json_t *region, struct region_result *out, struct error *e)
{
    const json_t *list = array_of(region, "tables"), *cells = array_of(region, "cells");
    size_t i;
    json_t *item;
    out->tables = calloc(json_array_size(list) + 1, sizeof *out->tables);
    if (out->tables == NULL)
        return error_no_memory(e);
    json_array_foreach(list, i, item)
    {
        out->tables[out->n_tables++] = (struct table){
            .structure = (enum structure)choice_of(item, "structure", structure_names),
            .rows = int_of(item, "rows"),
            .cols = int_of(item, "cols"),
            .box = box_of(item),
            .confidence = real_of(item, "confidence")};
    }
    enum err err = make_room(cells, out, e);
    for (i = 0; err == ERR_OK && i < json_array_size(cells); i++) {
        item = json_array_get(cells, i);
        err = read_cell(item, &out->tables[int_of(item, "table")], e);
    }
    return err;
}

static enum err read_region(const json_t *region, struct region_result *out, struct error *e)
{
    const char *id = json_string_value(json_object_get(region, "region_id"));
    const char *warning = json_string_value(json_object_get(region, "warning"));
    const json_t *joined = json_object_get(region, "joined_to");
    if (id == NULL)
        return damaged(e);
    (void)snprintf(out->region.id, sizeof out->region.id, "%s", id);
    out->region.page = int_of(region, "page");
    out->region.box = box_of(region);
    out->region.type = (enum region_type)choice_of(region, "region_type", region_type_names);
    out->confidence = real_of(region, "confidence");
    out->engine = engine_of(region);
    out->joined_to = joined != NULL ? (size_t)int_of(region, "joined_to") + 1 : 0;
    out->text = text_of(region, "text");
    out->warning = warning != NULL ? strdup(warning) : NULL;
    if (out->text == NULL || (warning != NULL && out->warning == NULL))
        return error_no_memory(e);
    enum err err = read_words(region, &out->words, e);
    if (err == ERR_OK)
        err = read_fields(region, out, e);
    return err == ERR_OK ? read_tables(region, out, e) : err;
}

static enum err read_regions(const json_t *list, struct extraction *out, struct error *e)
{
    enum err err = ERR_OK;
    size_t n = json_array_size(list);
    out->results = calloc(n + 1, sizeof *out->results);
    if (out->results == NULL)
        return error_no_memory(e);
    while (err == ERR_OK && out->n_results < n) {
        struct region_result *r = &out->results[out->n_results++];
        err = read_region(json_array_get(list, out->n_results - 1), r, e);
        if (err == ERR_OK && r->joined_to > n)
            err = damaged(e);
    }
    return err;
}

enum err result_read(json_t *tree, struct extraction *out, struct error *e)
{
    const json_t *summary = json_object_get(tree, "summary");
    size_t i;
    json_t *problem;
    memset(out, 0, sizeof *out);
    if (array_of(tree, "regions") == NULL || !json_is_object(summary))
        return damaged(e);
    out->pages_total = int_of(summary, "pages_total");
    out->pages_read = int_of(summary, "pages_read");
    out->outcome = (enum job_outcome)(
        OUTCOME_SUCCESS + choice_of(summary, "outcome", job_outcome_names + OUTCOME_SUCCESS));
    enum err err = read_regions(array_of(tree, "regions"), out, e);
    json_array_foreach(array_of(tree, "page_problems"), i, problem)
    {
        const char *detail = json_string_value(json_object_get(problem, "detail"));
        if (err == ERR_OK)
            err = extraction_add_problem(out, int_of(problem, "page"), detail != NULL ? detail : "",
                                         e);
    }
    if (err != ERR_OK)
        extraction_free(out);
    return err;
}
