#include "ports/extraction.h"

#include <stdlib.h>
#include <string.h>

const char *const region_type_names[REGION__MAX + 1] = {[REGION_AUTO] = "auto",
                                                        [REGION_TABLE] = "table",
                                                        [REGION_FORM] = "form",
                                                        [REGION_TEXT] = "text"};

const char *const engine_choice_names[CHOICE__MAX + 1] = {
    [CHOICE_AUTO] = "auto",           [CHOICE_TEXT] = "text",
    [CHOICE_TESSERACT] = "tesseract", [CHOICE_DOCUMENTAI] = "documentai",
    [CHOICE_GEMINI] = "gemini",
};

const char *const structure_names[STRUCTURE__MAX + 1] = {[STRUCTURE_GEOMETRY] = "geometry",
                                                         [STRUCTURE_DOCUMENTAI] = "documentai",
                                                         [STRUCTURE_GEMINI] = "gemini"};

void extraction_request_free(struct extraction_request *r)
{
    free(r->regions);
    free(r->pages);
    memset(r, 0, sizeof *r);
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i].text);
    free(t->cells);
    memset(t, 0, sizeof *t);
}

void form_field_free(struct form_field *f)
{
    free(f->name);
    free(f->value);
    memset(f, 0, sizeof *f);
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

void extraction_free(struct extraction *x)
{
    for (size_t i = 0; i < x->n_results; i++)
        region_result_free(&x->results[i]);
    free(x->results);
    free(x->debug_graph_json);
    memset(x, 0, sizeof *x);
}
