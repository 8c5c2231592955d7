#include "ports/extraction.h"

#include <stdlib.h>
#include <string.h>

const char *const region_type_names[REGION__MAX + 1] = {[REGION_AUTO] = "auto",
                                                        [REGION_TABLE] = "table",
                                                        [REGION_FORM] = "form",
                                                        [REGION_TEXT] = "text"};

const char *const tables_choice_names[TABLES__MAX + 1] = {
    [TABLES_ALL] = "all", [TABLES_MERGED] = "merged", [TABLES_ZIP] = "zip"};

void extraction_request_free(struct extraction_request *r)
{
    free(r->callback_url);
    free(r->regions);
    free(r->pages);
    explicit_bzero(r, sizeof *r);
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i].text);
    free(t->cells);
    memset(t, 0, sizeof *t);
}

enum err table_copy(const struct table *t, struct table *out, struct error *e)
{
    *out = *t;
    out->n_cells = 0;
    out->cells = malloc((t->n_cells + 1) * sizeof *out->cells);
    for (size_t i = 0; out->cells != NULL && i < t->n_cells; i++) {
        struct cell *c = &out->cells[i];
        *c = t->cells[i];
        if ((c->text = strdup(t->cells[i].text)) == NULL)
            break;
        out->n_cells++;
    }
    if (out->cells != NULL && out->n_cells == t->n_cells)
        return ERR_OK;
    table_free(out);
    return error_no_memory(e);
}

void form_field_free(struct form_field *f)
{
    free(f->name);
    free(f->value);
    memset(f, 0, sizeof *f);
}

enum err form_field_copy(const struct form_field *f, struct form_field *out, struct error *e)
{
    *out = *f;
    out->name = strdup(f->name != NULL ? f->name : "");
    out->value = strdup(f->value != NULL ? f->value : "");
    if (out->name != NULL && out->value != NULL)
        return ERR_OK;
    form_field_free(out);
    return error_no_memory(e);
}

void region_result_free(struct region_result *r)
{
    free(r->text);
    word_list_free(&r->words);
    for (size_t i = 0; i < r->n_tables; i++)
        table_free(&r->tables[i]);
    free(r->tables);
    for (size_t i = 0; i < r->n_fields; i++)
        form_field_free(&r->fields[i]);
    free(r->fields);
    free(r->warning);
    memset(r, 0, sizeof *r);
}

enum err extraction_add_problem(struct extraction *x, int page, const char *detail, struct error *e)
{
    struct page_problem *grown = realloc(x->problems, (x->n_problems + 1) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(e);
    x->problems = grown;
    struct page_problem *p = &x->problems[x->n_problems];
    p->page = page;
    if ((p->detail = strdup(detail)) == NULL)
        return error_no_memory(e);
    x->n_problems++;
    return ERR_OK;
}

void extraction_free(struct extraction *x)
{
    for (size_t i = 0; i < x->n_problems; i++)
        free(x->problems[i].detail);
    free(x->problems);
    for (size_t i = 0; i < x->n_results; i++)
        if (!x->results[i].repeated)
            region_result_free(&x->results[i]);
    free(x->results);
    free(x->debug_graph_json);
    free(x->document);
    memset(x, 0, sizeof *x);
}
