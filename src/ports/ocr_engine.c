#include "ports/ocr_engine.h"

#include <stdlib.h>
#include <string.h>

void ocr_result_free(struct ocr_result *r)
{
    word_list_free(&r->words);
    free(r->rules);
    for (size_t i = 0; i < r->n_tables; i++)
        table_free(&r->tables[i]);
    free(r->tables);
    for (size_t i = 0; i < r->n_fields; i++)
        form_field_free(&r->fields[i]);
    free(r->fields);
    memset(r, 0, sizeof *r);
}
