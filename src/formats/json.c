/* JSON: all that is known, with the place, confidence and engine of every cell and word.
 *
 * regions[] with region_index, region_id, page, bbox, region_type, text, confidence, engine,
 * structured_data {tables[][][], form_fields[]}, tables[] with who found their structure, cells[]
 * and words[]; page_problems[]; summary. docs/openapi.json has the schema. */
#include "base/json_writer.h"
#include "formats/table.h"

#define BOX_DECIMALS 5

static void put_provenance(struct json_writer *w, struct box b, float confidence,
                           enum engine engine)
{
    box_write(w, b, BOX_DECIMALS);
    json_put_real(w, "confidence", confidence, 3);
    json_put_string(w, "engine", engine_names[engine]);
}

/* The rows of plain strings that the existing client reads. */
static void put_rows(struct json_writer *w, const struct table *t)
{
    size_t next = 0;
    json_begin_array(w, NULL);
    for (int row = 0; row < t->rows; row++) {
        json_begin_array(w, NULL);
        for (int col = 0; col < t->cols; col++) {
            bool here = next < t->n_cells && t->cells[next].row == row && t->cells[next].col == col;
            json_put_string(w, NULL, here ? t->cells[next++].text : "");
        }
        json_end_array(w);
    }
    json_end_array(w);
}

static void put_fields(struct json_writer *w, const struct region_result *r)
{
    json_begin_array(w, "form_fields");
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct form_field *f = &r->fields[i];
        json_begin_object(w, NULL);
        json_put_string(w, "name", f->name);
        json_put_string(w, "value", f->value);
        if (f->edited)
            json_put_bool(w, "edited", true);
        put_provenance(w, f->value_box, f->confidence, f->engine);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_tables(struct json_writer *w, const struct region_result *r)
{
    json_begin_array(w, "tables");
    for (size_t i = 0; i < r->n_tables; i++) {
        const struct table *t = &r->tables[i];
        json_begin_object(w, NULL);
        json_put_string(w, "structure", structure_names[t->structure]);
        json_put_int(w, "rows", t->rows);
        json_put_int(w, "cols", t->cols);
        box_write(w, t->box, BOX_DECIMALS);
        json_put_real(w, "confidence", t->confidence, 3);
        json_end_object(w);
    }
    json_end_array(w);
}

/* Nothing is said of cells that nobody proposed: what is in them was read. */
static const char *verified(const struct table *t, const struct cell *c)
{
    if (!structure_is_proposed(t->structure))
        return "null";
    return c->rejected ? "false" : "true";
}

static void put_cells(struct json_writer *w, const struct region_result *r, size_t table_index)
{
    const struct table *t = &r->tables[table_index];
    for (size_t i = 0; i < t->n_cells; i++) {
        const struct cell *c = &t->cells[i];
        json_begin_object(w, NULL);
        json_put_int(w, "table", (int64_t)table_index);
        json_put_int(w, "page", c->page > 0 ? c->page : r->region.page);
        json_put_int(w, "row", c->row);
        json_put_int(w, "col", c->col);
        json_put_int(w, "row_span", c->row_span);
        json_put_int(w, "col_span", c->col_span);
        json_put_bool(w, "header", c->header);
        json_put_json(w, "verified", verified(t, c));
        if (c->edited)
            json_put_bool(w, "edited", true);
        json_put_string(w, "text", c->text);
        put_provenance(w, c->box, c->confidence, c->engine);
        json_end_object(w);
    }
}

static void put_words(struct json_writer *w, const struct word_list *words)
{
    json_begin_array(w, "words");
    for (size_t i = 0; i < words->n; i++) {
        const struct word *word = &words->items[i];
        json_begin_object(w, NULL);
        json_put_string(w, "text", word->text);
        put_provenance(w, word->box, word->confidence, word->engine);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_region(struct json_writer *w, const struct region_result *r, size_t index)
{
    json_begin_object(w, NULL);
    json_put_int(w, "region_index", (int64_t)index);
    json_put_string(w, "region_id", r->region.id);
    json_put_int(w, "page", r->region.page);
    json_put_string(w, "region_type", region_type_names[r->region.type]);
    put_provenance(w, r->region.box, r->confidence, r->engine);
    json_put_string(w, "text", r->text != NULL ? r->text : "");
    json_put_string(w, "warning", r->warning);
    if (r->joined_to > 0)
        json_put_int(w, "joined_to", (int64_t)r->joined_to - 1);
    json_begin_object(w, "structured_data");
    json_begin_array(w, "tables");
    for (size_t i = 0; i < r->n_tables; i++)
        put_rows(w, &r->tables[i]);
    json_end_array(w);
    put_fields(w, r);
    json_end_object(w);
    put_tables(w, r);
    json_begin_array(w, "cells");
    for (size_t i = 0; i < r->n_tables; i++)
        put_cells(w, r, i);
    json_end_array(w);
    put_words(w, &r->words);
    json_end_object(w);
}

static void put_problems(struct json_writer *w, const struct extraction *x)
{
    json_begin_array(w, "page_problems");
    for (size_t i = 0; i < x->n_problems; i++) {
        json_begin_object(w, NULL);
        json_put_int(w, "page", x->problems[i].page);
        json_put_string(w, "detail", x->problems[i].detail);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_summary(struct json_writer *w, const struct extraction *x)
{
    size_t tables = 0, fields = 0, words = 0;
    for (size_t i = 0; i < x->n_results; i++) {
        tables += x->results[i].n_tables;
        fields += x->results[i].n_fields;
        words += x->results[i].words.n;
    }
    json_begin_object(w, "summary");
    json_put_string(w, "outcome",
                    x->outcome != OUTCOME_NONE ? job_outcome_names[x->outcome] : "none");
    json_put_int(w, "regions", (int64_t)x->n_results);
    json_put_int(w, "tables", (int64_t)tables);
    json_put_int(w, "form_fields", (int64_t)fields);
    json_put_int(w, "words", (int64_t)words);
    json_put_int(w, "pages_total", x->pages_total);
    json_put_int(w, "pages_read", x->pages_read);
    json_end_object(w);
}

enum err format_write_json(const struct extraction *x, const struct format_options *o,
                           struct buffer *out, struct error *e)
{
    struct json_writer w = {.out = out};
    (void)o;
    (void)e;
    json_begin_object(&w, NULL);
    json_begin_array(&w, "regions");
    for (size_t i = 0; i < x->n_results; i++) {
        json_new_line(&w);
        put_region(&w, &x->results[i], i);
    }
    json_end_array(&w);
    json_new_line(&w);
    put_problems(&w, x);
    json_new_line(&w);
    put_summary(&w, x);
    json_end_object(&w);
    buffer_puts(out, "\n");
    return ERR_OK;
}
